"""Puts a generated year into a store in bulk, past the gateway; a kept folder is filled once and then only continued.

The roll-ups of the dense stream are made by the gateway's own code; those of the others are put in like their values.
InfluxDB gets the values alone, without the fields that say who made them: those are columns that no chart reads.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec

from cloud_gateway.readings.lines import MEASUREMENT
from cloud_gateway.readings.opening import SQLITE_FILE, open_series
from cloud_gateway.readings.series import Point
from cloud_gateway.readings.sqlite_rollups import ROLLUPS_FILE, TABLES
from cloud_gateway.settings import Series
from deploy.bench.year import DAY_S, Name, Year, key_of, make_shape, sparse_times, split

#: In the kept folder: what is in it.
FILLED = "filled.json"
EPOCH = "0" * 16
#: Lines of one request, requests that may be under way.
LINES, WRITERS = 20_000, 2
TIMEOUT_S = 120.0
SHAPE = "CREATE TEMP TABLE shape (k INTEGER PRIMARY KEY, value REAL NOT NULL)"
DENSE = """INSERT OR IGNORE INTO reading (series, time_ns, value, source, seq)
    SELECT :series, (k + :more) * 1000000000 + (k + :more) % 1000000, value, :source, k + :more FROM shape
    WHERE k >= :first AND k < :last"""
SPARSE = "INSERT OR IGNORE INTO reading (series, time_ns, value, source, seq) VALUES (?, ?, ?, ?, ?)"
PUT_DAY = "INSERT OR IGNORE INTO day (home, device, stream, day, made) VALUES (?, ?, ?, ?, 1)"
PUT_BLOCK = """INSERT OR IGNORE INTO block (day, at, low, mean, high, count)
    SELECT id, ?, ?, ?, ?, 1 FROM day WHERE device = ? AND stream = ? AND day = ?"""


class Filled(msgspec.Struct, frozen=True):
    """What a kept folder holds: a value of `dense` for each second start <= s < end, at an InfluxDB of this port."""

    dense: str
    others: int
    start: int
    end: int
    port: int = 0


class Effort(NamedTuple):
    """Seconds that the filling took, and that the roll-ups of the dense stream took; how many days that were."""

    fill_s: float
    roll_s: float
    days: int


def read_filled(folder: Path) -> Filled | None:
    """What the kept folder holds, None when it was never filled whole."""
    file = folder / FILLED
    return msgspec.json.decode(file.read_bytes(), type=Filled) if file.exists() else None


async def keep_year(series: Series, folder: Path, year: Year, port: int = 0) -> Effort:
    """Put into `folder`, or InfluxDB, what the year has and it has not yet. Says on stderr what it does."""
    held = read_filled(folder)
    if held is not None and not _goes_on(held, year):
        held = None
    begin = year.start_s if held is None else held.end
    store = open_series(series, folder)
    await store.open()
    try:
        begun = time.perf_counter()
        say(f"{series.store}: generating readings of {(year.now_s - begin) / DAY_S:.1f} days")
        if series.store == "sqlite":
            value = make_shape()[next(split(year.start_s, year.now_s)).first]
            await store.write([Point(*year.dense, key_of(year.start_s), value, EPOCH, year.start_s, "ntp")])
            fill_sqlite(folder / SQLITE_FILE, year, begin)
        else:
            fill_influx(series, year, begin)
        _forget_days(folder / ROLLUPS_FILE, begin // DAY_S)
        filled = time.perf_counter()
        say(f"{series.store}: {filled - begun:.0f} s; rolling the days up")
        days = await store.roll(year.dense.device, year.dense.stream, year.now_s * 1000, rest=0.0)
        rolled = time.perf_counter()
        fill_rollups(folder / ROLLUPS_FILE, store.home, year, begin)
    finally:
        await store.close()
    start = begin if held is None else held.start
    kept = Filled(str(year.dense), len(year.others), start, year.now_s, port)
    (folder / FILLED).write_bytes(msgspec.json.encode(kept))
    say(f"{series.store}: {days} days rolled up in {rolled - filled:.0f} s")
    return Effort(filled - begun, rolled - filled, days)


def _goes_on(held: Filled, year: Year) -> bool:
    """Whether what is held is the beginning of this year."""
    return held.dense == str(year.dense) and held.others == len(year.others) and held.start <= year.start_s <= held.end


def _forget_days(file: Path, first: int) -> None:
    """Take away the roll-ups from this day on: a gateway may have made them before these values were there."""
    if file.exists():
        db = sqlite3.connect(file)
        db.execute("PRAGMA foreign_keys=ON")
        with db:
            db.execute("DELETE FROM day WHERE day >= ?", (first,))
        db.close()


def fill_sqlite(file: Path, year: Year, begin: int) -> None:
    """Series after series in order of time, which only ever appends; each in transactions of a day or a year."""
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute(SHAPE)
    db.executemany("INSERT INTO shape (k, value) VALUES (?, ?)", enumerate(make_shape()))
    source = db.execute("SELECT id FROM source WHERE epoch = ?", (EPOCH,)).fetchone()[0]
    dense = _series(db, year.dense)
    for start, end, first in split(begin, year.now_s):
        place = {"more": start - first, "first": first, "last": first + end - start}
        db.execute(DENSE, place | {"series": dense, "source": source})
    db.execute("BEGIN")
    for number, other in enumerate(year.others):
        series, value = _series(db, other), _sparse_value(number)
        times = sparse_times(begin, year.now_s)
        db.executemany(SPARSE, ((series, key_of(at), value + at % 7, source, at) for at in times))
    db.execute("COMMIT")
    db.close()


def _series(db: sqlite3.Connection, name: Name) -> int:
    db.execute("INSERT OR IGNORE INTO series (device, stream, unit) VALUES (?, ?, ?)", name)
    found = db.execute("SELECT id FROM series WHERE device = ? AND stream = ? AND unit = ?", name)
    return int(found.fetchone()[0])


def _sparse_value(number: int) -> float:
    return 10.0 + number % 20


def fill_influx(series: Series, year: Year, begin: int) -> None:
    """Day after day, so that each shard is opened once; a few requests are under way while the next is made."""
    lines = lines_of(year, begin)
    with (
        httpx.Client(base_url=series.url, timeout=TIMEOUT_S, trust_env=False) as client,
        ThreadPoolExecutor(WRITERS) as writers,
    ):
        while chunks := [chunk for _ in range(WRITERS) if (chunk := list(islice(lines, LINES)))]:
            list(writers.map(lambda chunk: _post(client, series, chunk), chunks))


def _post(client: httpx.Client, series: Series, lines: list[str]) -> None:
    place = {"db": series.database, "rp": series.retention_policy, "precision": "ns"}
    client.post("/write", params=place, content="\n".join(lines).encode()).raise_for_status()


def lines_of(year: Year, begin: int) -> Iterator[str]:
    """What InfluxDB is sent, day by day."""
    texts = [repr(value) for value in make_shape()]
    heads = [f"{MEASUREMENT},device={device},stream={stream} v=" for device, stream, _ in (year.dense, *year.others)]
    for start, end, first in split(begin, year.now_s):
        seconds = range(start, end)
        for second, text in zip(seconds, islice(texts, first, None), strict=False):
            yield f"{heads[0]}{text} {second * 1_000_000_000 + second % 1_000_000}"
        for at in sparse_times(start, end):
            yield from (f"{head}{_sparse_value(n) + at % 7!r} {key_of(at)}" for n, head in enumerate(heads[1:]))


def fill_rollups(file: Path, home: str, year: Year, begin: int) -> None:
    """The roll-ups of the sparse streams: of all whole days but the first of the year."""
    first, last = max(begin // DAY_S, year.start_s // DAY_S + 1), year.now_s // DAY_S
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("BEGIN")
    for statement in TABLES:
        db.execute(statement)
    for number, (device, stream, _) in enumerate(year.others):
        db.executemany(PUT_DAY, ((home, device, stream, day) for day in range(first, last)))
        value, times = _sparse_value(number), sparse_times(first * DAY_S, last * DAY_S)
        blocks = ((at, value + at % 7) for at in times)
        db.executemany(PUT_BLOCK, ((at * 1000, v, v, v, device, stream, at // DAY_S) for at, v in blocks))
    db.execute("COMMIT")
    db.close()


def say(text: str) -> None:
    """Tell on stderr what takes long."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
