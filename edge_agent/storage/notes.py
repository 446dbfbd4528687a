"""What a device remembers beside its facts, each text in a transaction of its own."""

from __future__ import annotations

import sqlite3

from edge_agent.storage.sqlite import transaction

_WRITE = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value=excluded.value"


def write(connection: sqlite3.Connection, key: str, text: str) -> None:
    """Remember `text` under `key` in place of what was there; in the file's thread."""
    with transaction(connection) as c:
        c.execute(_WRITE, (key, text))
