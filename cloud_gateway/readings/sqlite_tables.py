"""The readings file: its tables, and the blocking writer and reader that the SQLite series store works with."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path

from cloud_gateway.readings.checks import EARLIEST_NS, LATEST_NS, check_point
from cloud_gateway.readings.series import (
    NS_PER_MS,
    Bucket,
    Point,
    Refusal,
    Sample,
    StepRefusal,
    StoreUnavailable,
    WarningStep,
)
from cloud_gateway.readings.sqlite_steps import TABLES as STEP_TABLES
from cloud_gateway.readings.sqlite_steps import find_steps, put_steps
from cloud_gateway.readings.steps import sort_out
from edge_agent.wire.senml import Value

BUSY_TIMEOUT_S = 10.0
BUSY_PAUSE_S = 0.01
VERSION = 3
#: Kept ids; a gateway with more streams than this looks some of them up again.
MAX_KEPT = 200_000
PRAGMAS = (
    "page_size=8192",
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-24576",  # 24 MiB, so that the page which each of 3,000 streams is filling stays in memory
    "wal_autocheckpoint=4096",  # pages, 32 MiB, so that few batches wait for a checkpoint
)

#: What each version added; a file is brought up from its own to the newest.
SCHEMA = (
    (
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
    ),
    (
        # what stands in the place of numbers that were down-sampled; a number is in here or in `reading`, never in both
        """CREATE TABLE bucket (
            series INTEGER NOT NULL REFERENCES series, start_ns INTEGER NOT NULL, width_ns INTEGER NOT NULL,
            low REAL NOT NULL, high REAL NOT NULL, total REAL NOT NULL, count INTEGER NOT NULL,
            PRIMARY KEY (series, start_ns, width_ns)
        ) WITHOUT ROWID""",
        # tells a file and its copies from every other
        "CREATE TABLE identity (id TEXT NOT NULL)",
        "INSERT INTO identity (id) VALUES (lower(hex(randomblob(16))))",
    ),
    STEP_TABLES,
)

#: Rows of one INSERT: 50 at once take three quarters of the time of 50 statements.
GROUP = 50
INSERT = """INSERT INTO reading (series, time_ns, value, source, seq) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (series, time_ns) DO NOTHING"""
INSERT_GROUP = INSERT.replace("(?, ?, ?, ?, ?)", ", ".join(["(?, ?, ?, ?, ?)"] * GROUP))
SAME = """SELECT 1 FROM reading
    WHERE series = ? AND time_ns = ? AND value IS ? AND source = ? AND seq = ?"""
SAMPLES = """SELECT time_ns, value FROM reading WHERE series IN (SELECT id FROM series WHERE device = ? AND stream = ?)
    AND time_ns >= ? AND time_ns < ? ORDER BY time_ns, series LIMIT ?"""
#: Numbers as they came, and buckets where these were down-sampled; a bucket counts whole, at its beginning.
BUCKETS = """WITH mine AS (SELECT id FROM series WHERE device = :device AND stream = :stream),
    part AS (
        SELECT time_ns, value AS low, value AS high, value AS total, 1 AS number FROM reading
        WHERE series IN mine AND time_ns >= :first AND time_ns < :last AND typeof(value) = 'real'
        UNION ALL SELECT start_ns, low, high, total, count FROM bucket
        WHERE series IN mine AND start_ns >= :first AND start_ns < :last
    )
    SELECT time_ns - ((time_ns % :width) + :width) % :width AS start, min(low), sum(total) / sum(number), max(high),
    sum(number) FROM part GROUP BY start ORDER BY start"""
FIRST = """SELECT min(
        (SELECT time_ns FROM reading WHERE series = mine.id AND time_ns >= :start ORDER BY time_ns LIMIT 1)
    ) FROM series AS mine WHERE device = :device AND stream = :stream"""
PAGE = """SELECT device, stream, unit, time_ns, value, epoch, seq, clock FROM reading
    JOIN series ON series.id = reading.series JOIN source ON source.id = reading.source
    WHERE reading.series = ? AND time_ns > ? ORDER BY time_ns LIMIT ?"""

Row = tuple[int, int, Value, int, int]
_key = itemgetter(0, 1)


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


def set_pragma(db: sqlite3.Connection, pragma: str) -> None:
    """Set a pragma. While another process makes the same new file, SQLite fails the change to WAL without waiting."""
    limit = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            db.execute(f"PRAGMA {pragma}")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > limit:
                raise
            time.sleep(BUSY_PAUSE_S)
        else:
            return


class Writer:
    """The file's writing connection; used by one thread only. Methods raise sqlite3.DatabaseError."""

    def __init__(self, file: Path) -> None:
        """Open or make the file. Raises StoreUnavailable when a newer release made it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        for pragma in PRAGMAS:
            set_pragma(self._db, pragma)
        self._ids: dict[tuple[str, str, str, str, str], tuple[int, int]] = {}
        self._make_tables()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _make_tables(self) -> None:
        with transaction(self._db):
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise StoreUnavailable(f"the readings file is of version {version}; this release knows {VERSION}")
            for statements in SCHEMA[version:]:
                for statement in statements:
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def write(self, points: Sequence[Point]) -> list[Refusal]:
        """Commit the points; those of the same key and another origin or value are refused (point_conflict)."""
        try:
            with transaction(self._db):
                rows, refusals = self._rows(points)
                if self._insert(rows) < len(rows):
                    refusals += self._conflicts(points, refusals)
        except BaseException:
            self._ids.clear()  # the rolled back transaction may have made some of them
            raise
        return refusals

    def write_steps(self, steps: Sequence[WarningStep]) -> list[StepRefusal]:
        """Commit the steps of official warnings; one written again overwrites itself."""
        good, refusals = sort_out(steps)
        with transaction(self._db):
            put_steps(self._db, good)
        return refusals

    def _rows(self, points: Sequence[Point]) -> tuple[list[Row], list[Refusal]]:
        """Rows in the order of the key, which halves the cost of inserting them, and the refused points."""
        rows: list[Row] = []
        refusals: list[Refusal] = []
        add, find = rows.append, self._ids.get
        for point in points:
            device, stream, unit, time_ns, value, epoch, seq, clock = point
            ids = find((device, stream, unit, epoch, clock))
            if (
                ids is not None
                and value.__class__ is float
                and value - value == 0.0  # finite
                and EARLIEST_NS <= time_ns <= LATEST_NS
            ):
                add((ids[0], time_ns, value, ids[1], seq))
            elif (refusal := check_point(point)) is not None:
                refusals.append(refusal)
            else:
                add(self._row(point))
        rows.sort(key=_key)
        return rows, refusals

    def _insert(self, rows: list[Row]) -> int:
        """Put in the rows whose places are free; how many that were."""
        before = self._db.total_changes
        whole = len(rows) - len(rows) % GROUP
        for first in range(0, whole, GROUP):
            self._db.execute(INSERT_GROUP, list(chain.from_iterable(rows[first : first + GROUP])))
        self._db.executemany(INSERT, rows[whole:])
        return self._db.total_changes - before

    def _row(self, point: Point) -> Row:
        device, stream, unit, time_ns, value, epoch, seq, clock = point
        key = (device, stream, unit, epoch, clock)
        if key not in self._ids:
            if len(self._ids) >= MAX_KEPT:
                self._ids.clear()
            series = self._id("series", ("device", "stream", "unit"), key[:3])
            self._ids[key] = (series, self._id("source", ("epoch", "clock"), key[3:]))
        series, source = self._ids[key]
        return series, time_ns, _stored(value), source, seq

    def _id(self, table: str, columns: tuple[str, ...], names: tuple[str, ...]) -> int:
        """The id of a row of `series` or `source`, made when it is new."""
        listed, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self._db.execute(f"INSERT OR IGNORE INTO {table} ({listed}) VALUES ({marks})", names)  # noqa: S608
        found = self._db.execute(f"SELECT id FROM {table} WHERE ({listed}) = ({marks})", names)  # noqa: S608
        return int(found.fetchone()[0])

    def _conflicts(self, points: Sequence[Point], refusals: Sequence[Refusal]) -> list[Refusal]:
        """The points that are not in the table as they are: another one stands in their place."""
        refused = {id(refusal.point) for refusal in refusals}
        detail = "another point of this stream and time is stored"
        return [
            Refusal(point, "point_conflict", detail)
            for point in points
            if id(point) not in refused and self._db.execute(SAME, self._row(point)).fetchone() is None
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
        rows = self._db.execute(SAMPLES, (device, stream, _storable(start), _storable(end), limit))
        return [Sample(time_ns, _value(cell)) for time_ns, cell in rows]

    def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        """See `SeriesStore.buckets`."""
        names = {"device": device, "stream": stream}
        numbers = {
            "first": _storable(start * NS_PER_MS),
            "last": _storable(end * NS_PER_MS),
            "width": width * NS_PER_MS,
        }
        rows = self._db.execute(BUCKETS, names | numbers)
        return [Bucket(at // NS_PER_MS, low, mean, high, count) for at, low, mean, high, count in rows]

    def first_time(self, device: str, stream: str, start_ns: int) -> int | None:
        """See `Values.first_time`."""
        asked = {"device": device, "stream": stream, "start": _storable(start_ns)}
        found: int | None = self._db.execute(FIRST, asked).fetchone()[0]
        return found

    def identity(self) -> str:
        """See `Values.identity`."""
        return str(self._db.execute("SELECT id FROM identity").fetchone()[0])

    def warning_steps(self, site: str, start: int, end: int) -> list[WarningStep]:
        """See `StepStore.warning_steps`."""
        return find_steps(self._db, site, _storable(start * NS_PER_MS), _storable(end * NS_PER_MS))

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


def _storable(time_ns: int) -> int:
    return min(max(time_ns, EARLIEST_NS), LATEST_NS)
