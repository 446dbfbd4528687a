"""Looks at an outbox file from outside, reading only: a running agent is not disturbed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from edge_agent.storage.quotas import Quotas
from edge_agent.storage.sqlite import PAGE_BYTES, StorageError
from edge_agent.wire.topics import Lane

BUSY_S = 2.0
_LANES = (
    "SELECT name, next, rows, bytes, kept, unsafe, (SELECT at FROM pending WHERE lane=name ORDER BY seq LIMIT 1), "
    "(SELECT count(*) FROM dead WHERE lane=name), (SELECT count(*) FROM salvaged WHERE lane=name AND acked=0) FROM lane"
)


class LaneSight(NamedTuple):
    """One lane: facts that wait and the oldest `at` (ms UTC), bytes used of its quota (None: not known), bytes kept.

    `unsafe`: acknowledged facts that had to go before a backup of the gateway had them.
    """

    lane: Lane
    waiting: int
    oldest_at: int | None
    used_bytes: int
    kept_bytes: int
    unsafe: int
    quota_bytes: int | None
    next_seq: int
    dead: int
    salvaged: int


class Sight(NamedTuple):
    """An outbox file as it is now."""

    epoch: str
    file_bytes: int
    lanes: tuple[LaneSight, ...]


def look(path: Path, quotas: Quotas | None = None, max_mb: int = 0) -> Sight:
    """Read one file's state in one short transaction. Raises StorageError."""
    if not path.is_file():
        raise StorageError(f"{path}: there is no such file")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as c:
            c.execute("BEGIN")
            (epoch,) = c.execute("SELECT value FROM meta WHERE key='epoch'").fetchone() or ("",)
            (pages,) = c.execute("PRAGMA page_count").fetchone()
            rows = c.execute(_LANES).fetchall()
    except sqlite3.Error as exc:
        raise StorageError(f"{path}: {exc}; is it an outbox of this release?") from exc
    sights = []
    for name, following, waiting, used, kept, unsafe, oldest, dead, salvaged in rows:
        lane = Lane(name)
        quota = None if quotas is None else quotas.bytes_of(lane, max_mb * 1024 * 1024)
        sights.append(LaneSight(lane, waiting, oldest, used, kept, unsafe, quota, following, dead, salvaged))
    return Sight(epoch, pages * PAGE_BYTES, tuple(sights))
