"""The retention's SQL: one bounded transaction at a time on the readings file, and what the ledger calls stored."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from cloud_gateway.database import BUSY_TIMEOUT_MS
from cloud_gateway.readings.sqlite_tables import transaction
from cloud_gateway.retention.rules import fold_numbers
from edge_agent.wire.ranges import Ranges
from edge_agent.wire.topics import Lane

#: Rows of one transaction: some tens of ms, for which ingest waits at the most.
STEP_ROWS = 5000

Ledger = Mapping[tuple[str, str], Ranges]

PAGE = """SELECT time_ns, value, epoch, seq FROM reading JOIN source ON source.id = reading.source
    WHERE series = ? AND time_ns > ? AND time_ns < ? ORDER BY time_ns LIMIT ?"""
FOLD = """INSERT INTO bucket (series, start_ns, width_ns, low, high, total, count) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (series, start_ns, width_ns) DO UPDATE SET low = min(low, excluded.low),
    high = max(high, excluded.high), total = total + excluded.total, count = count + excluded.count"""
DELETE = "DELETE FROM reading WHERE series = ? AND time_ns = ?"


class SeriesKey(NamedTuple):
    """One series of the readings file."""

    id: int
    device: str
    stream: str


class Step(NamedTuple):
    """What one transaction did, and where the next goes on; None: there is nothing more."""

    rows: int
    buckets: int
    after: int | None


def read_ledger(database: Path) -> dict[tuple[str, str], Ranges]:
    """What the gateway calls stored of the lane `reading`, by device and epoch. Raises sqlite3.Error."""
    query = "SELECT device, epoch, upto, ranges FROM ledger WHERE lane = ?"
    with closing(sqlite3.connect(database, timeout=BUSY_TIMEOUT_MS / 1000)) as connection:
        rows = connection.execute(query, (Lane.READING.value,)).fetchall()
    return {(device, epoch): Ranges(upto, json.loads(ranges)) for device, epoch, upto, ranges in rows}


def holds_readings(file: Path) -> bool:
    """Whether ingest has made its tables; a file that is not there is not made. Raises sqlite3.Error."""
    if not file.exists():
        return False
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("PRAGMA user_version").fetchone()[0])


class ReadingsFile:
    """A connection beside ingest's own. Methods raise sqlite3.Error."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA synchronous=FULL")

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def series(self) -> list[SeriesKey]:
        """Every series."""
        return [SeriesKey(*row) for row in self._db.execute("SELECT id, device, stream FROM series ORDER BY id")]

    def down_sample(self, key: SeriesKey, after: int, cut: int, width: int, ledger: Ledger) -> Step:
        """Fold the next numbers before `cut` into buckets of `width` and delete them, in one transaction.

        A number whose record is not in the ledger yet stays: its device may send it again, and then it must be found.
        """
        with transaction(self._db):
            page = self._db.execute(PAGE, (key.id, after, cut, STEP_ROWS)).fetchall()
            taken = [(t, v) for t, v, epoch, seq in page if isinstance(v, float) and _known(ledger, key, epoch, seq)]
            folds = fold_numbers(taken, width)
            self._db.executemany(
                FOLD, [(key.id, start, width, f.low, f.high, f.total, f.count) for start, f in folds.items()]
            )
            self._db.executemany(DELETE, [(key.id, time_ns) for time_ns, _ in taken])
        return Step(len(taken), len(folds), page[-1][0] if len(page) == STEP_ROWS else None)

    def let_go(self, key: SeriesKey, after: int, cut: int, ledger: Ledger) -> Step:
        """Delete the next readings before `cut`, and with the first of them the buckets before it."""
        with transaction(self._db):
            page = self._db.execute(PAGE, (key.id, after, cut, STEP_ROWS)).fetchall()
            taken = [time_ns for time_ns, _, epoch, seq in page if _known(ledger, key, epoch, seq)]
            self._db.executemany(DELETE, [(key.id, time_ns) for time_ns in taken])
            gone = self._db.execute("DELETE FROM bucket WHERE series = ? AND start_ns < ?", (key.id, cut)).rowcount
        return Step(len(taken), gone, page[-1][0] if len(page) == STEP_ROWS else None)

    def count_numbers(self, key: SeriesKey, cut: int) -> int:
        """Numbers before `cut` that are not down-sampled yet."""
        query = "SELECT count(*) FROM reading WHERE series = ? AND time_ns < ? AND typeof(value) = 'real'"
        return int(self._db.execute(query, (key.id, cut)).fetchone()[0])

    def count_old(self, key: SeriesKey, cut: int) -> int:
        """Buckets, texts and switches before `cut`."""
        query = """SELECT (SELECT count(*) FROM bucket WHERE series = ?1 AND start_ns < ?2)
            + (SELECT count(*) FROM reading WHERE series = ?1 AND time_ns < ?2 AND typeof(value) <> 'real')"""
        return int(self._db.execute(query, (key.id, cut)).fetchone()[0])


def _known(ledger: Ledger, key: SeriesKey, epoch: str, seq: int) -> bool:
    stored = ledger.get((key.device, epoch))
    return stored is not None and seq in stored
