"""Puts a gateway back to a backup: checks it whole before anything is touched, and sets the old files aside by name.

Readings are kept where their file is sound and is the one that was backed up: storing one again changes nothing, so a
readings file newer than its ledger is right, and devices no longer have what it holds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cloud_gateway.backup import store
from cloud_gateway.backup.copies import copy_file, copy_secret, digest_file, sync
from cloud_gateway.backup.manifest import EVIDENCE_KEY, BadBackup, Copy, Manifest, read_manifest
from cloud_gateway.backup.pictures import bring_photos, check_photos
from cloud_gateway.migrations import migrate
from cloud_gateway.occupancy import occupied_alone
from cloud_gateway.outreach.tokens import KEY_FILE
from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.readings.sqlite_identity import read_identity
from cloud_gateway.readings.sqlite_rollups import ROLLUPS_FILE
from cloud_gateway.revisions import known_revisions
from cloud_gateway.settings import GatewaySettings

#: What SQLite puts beside a database; left behind, it would be read as part of the one that takes its place.
BESIDE = ("", "-wal", "-shm", "-journal")


class TargetTaken(Exception):
    """There is a database already; the text says what would be lost sight of."""


@dataclass(frozen=True)
class Restored:
    """What a restore did. `readings`: which file of readings is in place; `aside`: where the old files are now.

    `revocations`: devices that were revoked after the backup and stay so; None when the old database could not tell.
    """

    manifest: Manifest
    readings: Literal["kept", "from backup", "elsewhere"]
    aside: list[Path]
    revocations: int | None


def restore_backup(settings: GatewaySettings, folder: Path, now: Callable[[], int], *, force: bool = False) -> Restored:
    """Put the backup in `folder` in the place of the gateway's databases; `force` over one that is there.

    A restore that is cut short leaves the old files or the new ones, each whole, and can be run again.
    Raises BadBackup, TargetTaken, FolderBusy, sqlite3.Error and OSError.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with occupied_alone(settings.data_dir):
        manifest = _check(folder)
        if settings.database.exists() and not force:
            raise TargetTaken(_describe_target(settings.database, manifest))
        return _replace(settings, folder, manifest, now())


def _check(folder: Path) -> Manifest:
    """See that the backup is what was made, and of a release that this one knows. Raises BadBackup."""
    manifest = read_manifest(folder)
    if manifest.revision not in known_revisions():
        raise BadBackup(f"{folder} is at revision {manifest.revision} of a newer release")
    for copy in (manifest.relational, manifest.readings, manifest.answer_key):
        if copy is not None:
            _check_copy(folder, copy.file, copy.sha256)
    if manifest.evidence_key is not None:
        _check_copy(folder, EVIDENCE_KEY, manifest.evidence_key)
    check_photos(folder, manifest.photos)
    return manifest


def _check_copy(folder: Path, name: str, sha256: str) -> None:
    file = folder / name
    try:
        found = digest_file(file)
    except OSError as exc:
        raise BadBackup(f"{file} cannot be read: {exc.strerror}") from exc
    if found != sha256:
        raise BadBackup(f"{file} is not the file that was backed up: its SHA-256 is another")


def _describe_target(database: Path, manifest: Manifest) -> str:
    """Why not without force; names later backups, because devices let go of what those hold."""
    try:
        later = store.read_later_backups(database, manifest.begun_at)
    except sqlite3.Error:
        later = []
    if not later:
        return f"{database} is there"
    held = "devices have let go of alarms and records that only they hold"
    return f"{database} is there and tells of later backups ({', '.join(later)}): {held}"


def _replace(settings: GatewaySettings, folder: Path, manifest: Manifest, now: int) -> Restored:
    revocations = _read_revocations(settings.database)
    fresh = [_bring(folder, manifest.relational, settings.data_dir)]
    migrate(fresh[0])
    store.write_restored(fresh[0], manifest, now, revocations or ())
    bring_photos(folder, manifest.photos, settings.data_dir)
    goals = [settings.database]
    readings = _choose_readings(settings, folder, manifest)
    if readings == "from backup" and manifest.readings is not None:
        fresh.append(_bring(folder, manifest.readings, settings.data_dir))
        goals.append(settings.data_dir / SQLITE_FILE)
    if manifest.answer_key is not None and _is_other_key(settings.data_dir / KEY_FILE, manifest.answer_key):
        fresh.append(_bring_key(folder, manifest.answer_key, settings.data_dir))
        goals.append(settings.data_dir / KEY_FILE)
    _drop_rollups(settings.data_dir)
    aside = []
    for file, goal in zip(fresh, goals, strict=True):
        aside += _set_aside(goal, now)
        file.rename(goal)
    sync(settings.data_dir)
    _bring_evidence_key(settings, folder, manifest)
    return Restored(manifest, readings, aside, None if revocations is None else len(revocations))


def _read_revocations(database: Path) -> list[store.Revocation] | None:
    if not database.exists():
        return None
    try:
        return store.read_revocations(database)
    except sqlite3.Error:
        return None


def _bring(folder: Path, copy: Copy, data_dir: Path) -> Path:
    """The copy under a passing name in the data folder; what an earlier try left there is written over."""
    goal = data_dir / f"{copy.file}.restoring"
    for beside in BESIDE:
        Path(f"{goal}{beside}").unlink(missing_ok=True)
    copy_file(folder / copy.file, goal)
    return goal


def _is_other_key(present: Path, wanted: Copy) -> bool:
    """Whether the links of messages in the restored database could not be answered with the key that is there."""
    return not present.exists() or digest_file(present) != wanted.sha256


def _bring_key(folder: Path, copy: Copy, data_dir: Path) -> Path:
    goal = data_dir / f"{copy.file}.restoring"
    copy_secret(folder / copy.file, goal)
    return goal


def _bring_evidence_key(settings: GatewaySettings, folder: Path, manifest: Manifest) -> None:
    """A key that is there stays: it may be newer than the backup's."""
    goal = settings.evidence.key_file
    if goal is None or manifest.evidence_key is None or goal.exists():
        return
    goal.parent.mkdir(parents=True, exist_ok=True)
    copy_secret(folder / EVIDENCE_KEY, goal)


def _drop_rollups(data_dir: Path) -> None:
    """Roll-ups may be of values that the restored readings do not have; ingest makes them again."""
    for beside in BESIDE:
        Path(f"{data_dir / ROLLUPS_FILE}{beside}").unlink(missing_ok=True)


def _choose_readings(
    settings: GatewaySettings, folder: Path, manifest: Manifest
) -> Literal["kept", "from backup", "elsewhere"]:
    if settings.series.store != "sqlite":
        return "elsewhere"
    if manifest.readings is None:
        return "kept"
    present, wanted = read_identity(settings.data_dir / SQLITE_FILE), read_identity(folder / manifest.readings.file)
    return "kept" if present is not None and present == wanted else "from backup"


def _set_aside(file: Path, now: int) -> list[Path]:
    """Rename a database and what is beside it, so that it can still be opened; the new names."""
    stamp = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    goal = _free_name(file.with_name(f"{file.stem}.aside-{stamp}{file.suffix}"))
    moved = []
    for beside in BESIDE:
        if (old := Path(f"{file}{beside}")).exists():
            moved.append(old.rename(f"{goal}{beside}"))
    return moved


def _free_name(wanted: Path) -> Path:
    """`wanted`, or with a number when something has that name."""
    return next(name for name in _names(wanted) if not any(Path(f"{name}{beside}").exists() for beside in BESIDE))


def _names(wanted: Path) -> Iterator[Path]:
    yield wanted
    number = 1
    while True:
        number += 1
        yield wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
