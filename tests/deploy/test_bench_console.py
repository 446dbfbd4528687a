"""The bench of the console: what it generates is the same for both stores, and its bare queries read what is drawn."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from cloud_gateway.charts.widths import choose_width
from cloud_gateway.readings.opening import SQLITE_FILE, open_series
from cloud_gateway.readings.rollups import BLOCK_MS, DAY_MS
from cloud_gateway.readings.series import Bucket
from cloud_gateway.readings.sqlite import SqliteStore
from cloud_gateway.settings import Series
from deploy.bench.asks import POINTS, chart_asks
from deploy.bench.console_round import Times
from deploy.bench.year import DAY_S, Name, Part, Year, split
from deploy.bench.year_fill import fill_sqlite, keep_year, lines_of
from deploy.servers import Server

DENSE, OTHER = Name("fleet-tide-0002", "sea_level", "m"), Name("fleet-drain-0001", "rain", "mm")
MIDNIGHT = 19_700 * DAY_S
HOURS = 7 * 3600


def year_of(days: int, seconds: int) -> Year:
    """So many days before a midnight, and so many seconds after it."""
    return Year(DENSE, [OTHER], days, MIDNIGHT + seconds)


def test_ratio_is_that_of_the_medians_of_one_round() -> None:
    times = Times(ours=[[10.0, 30.0, 20.0], [8.0, 8.0]], bare=[[5.0], [1.0, 2.0, 3.0]])
    assert times.ratios == [4.0, 4.0]
    assert times.slow == [30.0, 8.0]


@pytest.mark.parametrize(
    ("start", "end", "parts"),
    [
        pytest.param(0, 10, [Part(0, 10, 0)], id="within the shape"),
        pytest.param(
            DAY_S - 5, DAY_S + 5, [Part(DAY_S - 5, DAY_S, DAY_S - 5), Part(DAY_S, DAY_S + 5, 3000)], id="two days"
        ),
        pytest.param(
            2 * DAY_S - 3005, 2 * DAY_S - 2995,
            [Part(2 * DAY_S - 3005, 2 * DAY_S - 3000, DAY_S - 5), Part(2 * DAY_S - 3000, 2 * DAY_S - 2995, 0)],
            id="the shape turns",
        ),
    ],
)  # fmt: skip
def test_parts_follow_days_and_the_shape(start: int, end: int, parts: list[Part]) -> None:
    assert list(split(start, end)) == parts


async def test_both_stores_are_given_the_same_values(tmp_path: Path) -> None:
    begin, year = MIDNIGHT - 3 * 3600, year_of(1, HOURS)
    await keep_year(Series(), tmp_path, Year(DENSE, [OTHER], 0, MIDNIGHT + 1))
    fill_sqlite(tmp_path / SQLITE_FILE, year, begin)
    with closing(sqlite3.connect(tmp_path / SQLITE_FILE)) as db:
        rows = db.execute(
            "SELECT device, stream, value, time_ns FROM reading JOIN series ON series.id = series"
        ).fetchall()
    assert len(rows) == 3 * 3600 + HOURS + 2
    assert sorted(lines_of(year, begin)) == sorted(f"reading,device={d},stream={s} v={v!r} {t}" for d, s, v, t in rows)


async def test_kept_year_goes_on_where_it_ended_and_its_roll_ups_say_what_the_values_say(tmp_path: Path) -> None:
    first = await keep_year(Series(), tmp_path, year_of(2, 4000))
    more = await keep_year(Series(), tmp_path, year_of(2, 5000))
    assert (first.days, more.days) == (1, 0)
    store, values = open_series(Series(), tmp_path), SqliteStore(tmp_path / SQLITE_FILE)
    await store.open()
    await values.open()
    span = ((MIDNIGHT - 2 * DAY_S) * 1000, (MIDNIGHT + 5000) * 1000, BLOCK_MS)
    whole = await store.buckets(*DENSE[:2], *span)
    assert sum(bucket.count for bucket in whole) == 2 * DAY_S + 5000
    assert whole == await values.buckets(*DENSE[:2], *span)
    sparse = await store.buckets(*OTHER[:2], *span)
    assert [bucket.count for bucket in sparse] == [1] * 9
    assert sparse == await values.buckets(*OTHER[:2], *span)
    await store.close()
    await values.close()


@pytest.mark.parametrize("kind", ["sqlite", "influx1"])
async def test_bare_query_reads_what_the_chart_shows(kind: str, influx: Server, database: str, tmp_path: Path) -> None:
    series, year = Series(store=kind, url=influx.url, database=database), year_of(0, HOURS)
    await keep_year(series, tmp_path, year)
    (ask,) = chart_asks(year, year.now_s, influx=kind == "influx1")
    store = open_series(series, tmp_path)
    await store.open()
    end = year.now_s * 1000
    drawn = await store.buckets(*DENSE[:2], end - DAY_MS, end, choose_width(DAY_MS, POINTS))
    await store.close()
    bare = READERS[kind](ask.readings, tmp_path, series)
    assert [(b.at, b.low, b.high, b.count) for b in bare] == [(b.at, b.low, b.high, b.count) for b in drawn]
    assert [b.mean for b in bare] == pytest.approx([b.mean for b in drawn])
    assert len(drawn) == HOURS // 60


def read_sqlite(text: str, folder: Path, _: Series) -> list[Bucket]:
    """The rows of a bare SQL query."""
    with closing(sqlite3.connect(folder / SQLITE_FILE)) as db:
        return [Bucket(at // 1_000_000, *rest) for at, *rest in db.execute(text)]


def read_influx(text: str, _: Path, series: Series) -> list[Bucket]:
    """The rows of a bare InfluxQL query."""
    place = {"db": series.database, "epoch": "ms", "q": text}
    answer = httpx.get(f"{series.url}/query", params=place, trust_env=False).json()
    return [Bucket(*row) for row in answer["results"][0]["series"][0]["values"]]


READERS = {"sqlite": read_sqlite, "influx1": read_influx}
