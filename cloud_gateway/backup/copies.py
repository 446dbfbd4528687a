"""Copies SQLite files: of a database at work, one state of it whole; and of a file, with its digest, to the disk."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from cloud_gateway.backup.manifest import Copy
from cloud_gateway.database import BUSY_TIMEOUT_MS, find_damage

CHUNK = 1024 * 1024


def copy_database(source: Path, target: Path) -> Copy:
    """Copy the state that `source` has now while others write to it; synced, checked, without a WAL beside it.

    One step of SQLite's backup API, that is one reading transaction: in WAL mode it holds up no writer, and no
    writer makes it begin again. Raises sqlite3.Error, also when the copy is not sound.
    """
    uri = f"{source.absolute().as_uri()}?mode=ro"
    timeout = BUSY_TIMEOUT_MS / 1000
    with closing(sqlite3.connect(uri, uri=True, timeout=timeout)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there, pages=-1)
        there.execute("PRAGMA journal_mode=DELETE")
        if (found := find_damage(there)) is not None:
            raise sqlite3.DatabaseError(f"the copy of {source} is damaged: {found}")
    sync(target)
    return Copy(target.name, target.stat().st_size, digest_file(target))


def copy_file(source: Path, target: Path) -> None:
    """Copy a file that nobody writes to, to the disk."""
    with source.open("rb") as here, target.open("wb") as there:
        while chunk := here.read(CHUNK):
            there.write(chunk)
        there.flush()
        os.fsync(there.fileno())


def copy_secret(source: Path, target: Path) -> None:
    """Copy a key to the disk, for its owner's eyes only; never over another. Raises OSError."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as there:
        there.write(source.read_bytes())
        there.flush()
        os.fsync(handle)


def digest_file(file: Path) -> str:
    """SHA-256 of a file, hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def sync(path: Path) -> None:
    """See that a file, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
