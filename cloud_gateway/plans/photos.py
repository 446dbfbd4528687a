"""Keeps the photos that prove tasks: files named by their SHA-256, so that the same picture is kept once."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

#: How many bytes a photo, with its form around it, may have: a telephone's pictures are below it.
MOST_BYTES = 16 * 1024 * 1024
FOLDER = "photos"
_NAME = re.compile(r"[0-9a-f]{64}")


class NoPhoto(ValueError):
    """The bytes are no picture of a kind that is taken."""


def photo_type(content: bytes) -> str | None:
    """The media type of a picture by its first bytes: JPEG, PNG or WebP; None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def keep_photo(data_dir: Path, content: bytes) -> str:
    """Keep a picture and give its SHA-256, hex; once it returns the picture is on the disk.

    Raises NoPhoto for anything else than a picture, OSError when it cannot be written.
    """
    if photo_type(content) is None:
        raise NoPhoto("neither JPEG nor PNG nor WebP")
    name = hashlib.sha256(content).hexdigest()
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / name).exists():
        _write(folder, name, content)
    return name


def find_photo(data_dir: Path, name: str) -> Path | None:
    """The file of the picture of that SHA-256, hex; None where it is not kept here."""
    file = data_dir / FOLDER / name
    return file if _NAME.fullmatch(name) and file.exists() else None


def list_photos(data_dir: Path) -> list[str]:
    """The names of all pictures that are kept."""
    folder = data_dir / FOLDER
    return sorted(file.name for file in folder.iterdir() if _NAME.fullmatch(file.name)) if folder.exists() else []


def _write(folder: Path, name: str, content: bytes) -> None:
    """Whole under its name, or not at all."""
    handle, partial = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).rename(folder / name)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
