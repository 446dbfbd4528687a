"""Tells which readings file a file is: the same one as another, or a copy of it at another time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from cloud_gateway.database import find_damage
from cloud_gateway.readings.sqlite_tables import VERSION


def read_identity(file: Path) -> str | None:
    """The identity of a readings file; None when it is not there, has none, or is of no use to this release."""
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(file)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION or find_damage(connection) is not None:
                return None
            return str(connection.execute("SELECT id FROM identity").fetchone()[0])
    except sqlite3.Error:
        return None
