"""Takes the photos that prove tasks into a backup and back: each is named by what it shows, so none is ever altered."""

from __future__ import annotations

from pathlib import Path

from cloud_gateway.backup.copies import copy_secret, digest_file, sync
from cloud_gateway.backup.manifest import BadBackup
from cloud_gateway.plans.photos import FOLDER, list_photos


def copy_photos(data_dir: Path, partial: Path) -> tuple[list[str], list[str]]:
    """Copy all photos into the unfinished folder of a backup; the names of those, and of such as are damaged."""
    names = list_photos(data_dir)
    if names:
        (partial / FOLDER).mkdir(mode=0o700)
    copied = {name: copy_secret(data_dir / FOLDER / name, partial / FOLDER / name).sha256 for name in names}
    damaged = [name for name, digest in copied.items() if name != digest]
    for name in damaged:
        (partial / FOLDER / name).unlink()
    return [name for name in names if name not in damaged], damaged


def check_photos(folder: Path, names: list[str]) -> None:
    """See that a backup holds these photos as they were. Raises BadBackup."""
    for name in names:
        file = folder / FOLDER / name
        try:
            found = digest_file(file)
        except OSError as exc:
            raise BadBackup(f"{file} cannot be read: {exc.strerror}") from exc
        if found != name:
            raise BadBackup(f"{file} is not the photo that was backed up: its SHA-256 is another")


def bring_photos(folder: Path, names: list[str], data_dir: Path) -> None:
    """Put the photos of a backup beside those that are there; a damaged one is written anew."""
    goal = data_dir / FOLDER
    if names:
        goal.mkdir(mode=0o700, exist_ok=True)
    for name in names:
        if not (goal / name).exists() or digest_file(goal / name) != name:
            partial = goal / f"{name}.restoring"
            copy_secret(folder / FOLDER / name, partial)
            partial.rename(goal / name)
    if names:
        sync(goal)
