"""Opens a device's SQLite file so that what is committed survives a power cut, and migrates it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path

PAGE_BYTES = 4096


#: A schema number above this was never written by a release: the header is damaged.
HIGHEST_SCHEMA = 200


class StorageError(Exception):
    """The file cannot be used; the text says why and what to do."""


class DamagedError(StorageError):
    """The file is no whole SQLite file; the text says what is wrong with it."""


def open_file(path: Path, *, max_mb: int) -> sqlite3.Connection:
    """Open or make the file: WAL, synchronous=FULL (edge.md section 2, faults.md F10), bounded in pages.

    The connection may be used from any one thread at a time. Raises StorageError, and DamagedError before anything of
    the file is changed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            check_file(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.text_factory = decode_text
        for pragma in (
            f"page_size={PAGE_BYTES}",
            "auto_vacuum=INCREMENTAL",  # before WAL, or it has no effect
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=5000",
            "wal_autocheckpoint=256",
            "journal_size_limit=1048576",
            f"max_page_count={max_mb * 1024 * 1024 // PAGE_BYTES}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        migrate(connection)
        _sync_folder(path.parent)
    except (OSError, sqlite3.Error) as exc:
        if is_damage(exc):
            raise DamagedError(str(exc)) from exc
        raise StorageError(f"{path}: {exc}; check that the folder is writable and the file is an outbox") from exc
    return connection


def check_file(path: Path) -> None:
    """Raise DamagedError when SQLite's quick check finds the file broken. Reads only, its write-ahead log included."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        return  # it cannot be read now; opening it will say why
    except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:
        raise DamagedError(str(exc)) from exc
    if verdict != "ok" or not 0 <= version <= HIGHEST_SCHEMA:
        raise DamagedError(str(verdict) if verdict != "ok" else f"it says schema {version}")


def decode_text(raw: bytes) -> str:
    """A text as it stands in a file, even where a card has altered it: a checksum tells, and nothing is held up."""
    return raw.decode(errors="replace")


def is_damage(exc: BaseException) -> bool:
    """Whether SQLite says that the file itself is broken: SQLITE_CORRUPT, SQLITE_NOTADB."""
    return isinstance(exc, sqlite3.DatabaseError) and getattr(exc, "sqlite_errorcode", 0) & 0xFF in (11, 26)


def _sync_folder(folder: Path) -> None:
    """A new file's name is on disk once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """BEGIN IMMEDIATE ... COMMIT, or ROLLBACK when anything is raised."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def migrate(connection: sqlite3.Connection) -> None:
    """Run the numbered scripts above `user_version`, each with its number in one transaction."""
    scripts = sorted(
        (s for s in files("edge_agent.storage").joinpath("migrations").iterdir() if s.name.endswith(".sql")),
        key=lambda s: s.name,
    )
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(scripts):
        raise StorageError(f"the file is of a newer release (schema {version}); install that release")
    for number, script in enumerate(scripts[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script.read_text()}; PRAGMA user_version={number}; COMMIT;")


def used_pages(connection: sqlite3.Connection) -> tuple[int, int]:
    """Pages in use and pages allowed."""
    (count,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (limit,) = connection.execute("PRAGMA max_page_count").fetchone()
    return count - free, limit
