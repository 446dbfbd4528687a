"""Sees before a start whether the database file can be used: that it is one, and that its tables are this release's."""

from __future__ import annotations

from pathlib import Path

from cloud_gateway.database import NoDatabase, read_revision
from cloud_gateway.revisions import known_revisions

SQLITE_HEAD = b"SQLite format 3\0"


class DatabaseNotReady(Exception):
    """The database has no tables yet, or those of an older release; `weiran gateway migrate` makes them."""


class DatabaseTooNew(Exception):
    """A newer release has migrated the database; this one must leave it alone."""


def check_database(file: Path) -> None:
    """See that the database has the tables of this release.

    Raises DatabaseNotReady, DatabaseTooNew, NoDatabase, and OSError when the file cannot be read or stays locked.
    """
    found, newest = check_not_newer(file), known_revisions()[0]
    if found is None:
        raise DatabaseNotReady(f"{file} has no tables yet; run: weiran gateway migrate")
    if found != newest:
        what = f"{file} is at revision {found} and this release needs {newest}"
        raise DatabaseNotReady(f"{what}; run: weiran gateway migrate")


def check_not_newer(file: Path) -> str | None:
    """The revision of the database, which this release knows; None without tables.

    Raises DatabaseTooNew, NoDatabase, and OSError when the file cannot be read or stays locked.
    """
    check_file(file)
    found, known = read_revision(file), known_revisions()
    if found is not None and found not in known:
        raise DatabaseTooNew(f"{file} is at revision {found} of a newer release; this one knows up to {known[0]}")
    return found


def check_file(file: Path) -> None:
    """Raise NoDatabase unless the file is an SQLite database, empty or not there; OSError when it is unreadable."""
    if not file.exists():
        return
    with file.open("rb") as opened:
        head = opened.read(len(SQLITE_HEAD))
    if head not in (b"", SQLITE_HEAD):
        raise NoDatabase(f"{file} is no SQLite database")
