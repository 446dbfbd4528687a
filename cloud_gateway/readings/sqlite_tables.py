"""The readings file: its tables, and the blocking writer and reader that the SQLite series store works with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cloud_gateway.readings.checks import EARLIEST_NS, LATEST_NS, check_point
from cloud_gateway.readings.series import Bucket, Point, Refusal, Sample, StoreUnavailable
from edge_agent.wire.senml import Value

NS_PER_MS = 1_000_000
BUSY_TIMEOUT_S = 10.0
VERSION = 1
#: Pages of the write-ahead log after which it is folded into the file: 32 MiB, so that few batches wait for it.
CHECKPOINT_PAGES = 8192

SCHEMA = (
    """CREATE TABLE series (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, stream TEXT NOT NULL, unit TEXT NOT NULL,
        UNIQUE (device, stream, unit)
    )""",
    """CREATE TABLE source (
        id INTEGER PRIMARY KEY, epoch TEXT NOT NULL, clock TEXT NOT NULL, UNIQUE (epoch, clock)
    )""",
    # `value` has no type: REAL is a number, INTEGER 0 or 1 a boolean, TEXT a text
    """CREATE TABLE reading (
        series INTEGER NOT NULL REFERENCES series, time_ns INTEGER NOT NULL, value NOT NULL,
        source INTEGER NOT NULL REFERENCES source, seq INTEGER NOT NULL, PRIMARY KEY (series, time_ns)
    ) WITHOUT ROWID""",
    f"PRAGMA user_version = {VERSION}",
)

INSERT = """INSERT INTO reading (series, time_ns, value, source, seq) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (series, time_ns) DO NOTHING"""
SAME = """SELECT 1 FROM reading
    WHERE series = ? AND time_ns = ? AND value IS ? AND source = ? AND seq = ?"""
SAMPLES = """SELECT time_ns, value FROM reading WHERE series IN (SELECT id FROM series WHERE device = ? AND stream = ?)
    AND time_ns >= ? AND time_ns < ? ORDER BY time_ns LIMIT ?"""
BUCKETS = """SELECT time_ns - ((time_ns % :width) + :width) % :width AS start, min(value), avg(value), max(value),
    count(*) FROM reading WHERE series IN (SELECT id FROM series WHERE device = :device AND stream = :stream)
    AND time_ns >= :first AND time_ns < :last AND typeof(value) = 'real' GROUP BY start ORDER BY start"""
PAGE = """SELECT device, stream, unit, time_ns, value, epoch, seq, clock FROM reading
    JOIN series ON series.id = reading.series JOIN source ON source.id = reading.source
    WHERE reading.series = ? AND time_ns > ? ORDER BY time_ns LIMIT ?"""

Row = tuple[int, int, Value, int, int]


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A writing transaction, opened with BEGIN IMMEDIATE; rolled back when anything is raised in it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back on a full disk
            connection.execute("ROLLBACK")
        raise


class Writer:
    """The file's writing connection; used by one thread only. Methods raise sqlite3.DatabaseError."""

    def __init__(self, file: Path) -> None:
        """Open or make the file. Raises StoreUnavailable when a newer release made it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"wal_autocheckpoint={CHECKPOINT_PAGES}"):
            self._db.execute(f"PRAGMA {pragma}")
        self._series: dict[tuple[str, str, str], int] = {}
        self._sources: dict[tuple[str, str], int] = {}
        self._make_tables()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _make_tables(self) -> None:
        with transaction(self._db):
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise StoreUnavailable(f"the readings file is of version {version}; this release knows {VERSION}")
            for statement in SCHEMA if version == 0 else ():
                self._db.execute(statement)

    def write(self, points: Sequence[Point]) -> list[Refusal]:
        """Commit the points; those of the same key and another origin or value are refused (point_conflict)."""
        try:
            with transaction(self._db):
                kept, rows, refusals = self._rows(points)
                before = self._db.total_changes
                self._db.executemany(INSERT, rows)
                if self._db.total_changes - before < len(rows):
                    refusals += self._conflicts(kept, rows)
        except BaseException:
            self._series.clear()  # the rolled back transaction may have made some of these ids
            self._sources.clear()
            raise
        return refusals

    def _rows(self, points: Sequence[Point]) -> tuple[list[Point], list[Row], list[Refusal]]:
        kept: list[Point] = []
        rows: list[Row] = []
        refusals: list[Refusal] = []
        series, sources = self._series, self._sources
        for point in points:
            device, stream, unit, time_ns, value, epoch, seq, clock = point
            place, source = series.get((device, stream, unit)), sources.get((epoch, clock))
            if (
                place is None
                or source is None
                or value.__class__ is not float
                or value - value != 0.0  # not finite
                or not EARLIEST_NS <= time_ns <= LATEST_NS
            ):
                refusal = check_point(point)
                if refusal is not None:
                    refusals.append(refusal)
                    continue
                place, source = self._series_id(device, stream, unit), self._source_id(epoch, clock)
                value = _stored(value)
            kept.append(point)
            rows.append((place, time_ns, value, source, seq))
        return kept, rows, refusals

    def _series_id(self, device: str, stream: str, unit: str) -> int:
        key = (device, stream, unit)
        if key not in self._series:
            self._db.execute("INSERT OR IGNORE INTO series (device, stream, unit) VALUES (?, ?, ?)", key)
            found = self._db.execute("SELECT id FROM series WHERE (device, stream, unit) = (?, ?, ?)", key)
            self._series[key] = found.fetchone()[0]
        return self._series[key]

    def _source_id(self, epoch: str, clock: str) -> int:
        key = (epoch, clock)
        if key not in self._sources:
            self._db.execute("INSERT OR IGNORE INTO source (epoch, clock) VALUES (?, ?)", key)
            found = self._db.execute("SELECT id FROM source WHERE (epoch, clock) = (?, ?)", key)
            self._sources[key] = found.fetchone()[0]
        return self._sources[key]

    def _conflicts(self, points: Sequence[Point], rows: Sequence[Row]) -> list[Refusal]:
        """The points that are not in the table as they are: another one stands in their place."""
        detail = "another point of this stream and time is stored"
        return [
            Refusal(point, "point_conflict", detail)
            for point, row in zip(points, rows, strict=True)
            if self._db.execute(SAME, row).fetchone() is None
        ]


class Reader:
    """A read-only connection; used by one thread only. Methods raise sqlite3.DatabaseError."""

    def __init__(self, file: Path) -> None:
        uri = f"{file.absolute().as_uri()}?mode=ro"
        self._db = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def samples(self, device: str, stream: str, start: int, end: int, limit: int) -> list[Sample]:
        """See `SeriesStore.samples`."""
        rows = self._db.execute(SAMPLES, (device, stream, _ns(start), _ns(end), limit))
        return [Sample(time_ns // NS_PER_MS, _value(cell)) for time_ns, cell in rows]

    def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        """See `SeriesStore.buckets`."""
        names = {"device": device, "stream": stream}
        numbers = {"first": _ns(start), "last": _ns(end), "width": width * NS_PER_MS}
        rows = self._db.execute(BUCKETS, names | numbers)
        return [Bucket(at // NS_PER_MS, low, mean, high, count) for at, low, mean, high, count in rows]

    def series(self, device: str) -> list[int]:
        """The ids of a device's series."""
        return [row[0] for row in self._db.execute("SELECT id FROM series WHERE device = ?", (device,))]

    def page(self, series: int, after_ns: int, limit: int) -> list[Point]:
        """Points of one series later than `after_ns` in time order, at most `limit`."""
        rows = self._db.execute(PAGE, (series, after_ns, limit))
        return [point._replace(value=_value(point.value)) for point in map(Point._make, rows)]


def _stored(value: Value) -> Value:
    return value if isinstance(value, bool | str) else float(value)


def _value(cell: Value) -> Value:
    return bool(cell) if isinstance(cell, int) else cell


def _ns(at: int) -> int:
    return min(max(at * NS_PER_MS, EARLIEST_NS), LATEST_NS)
