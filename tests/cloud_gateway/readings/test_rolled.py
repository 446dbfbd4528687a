"""Roll-ups say what the values say: whenever they are made, whatever comes late, twice or is let go."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.rolled import RolledStore
from cloud_gateway.readings.rolling import roll_all
from cloud_gateway.readings.rollups import BLOCK_MS, DAY_MS, find_rest, is_rolled, join, whole_days
from cloud_gateway.readings.series import Bucket, Point, SeriesHome
from cloud_gateway.readings.sqlite import SqliteStore
from cloud_gateway.readings.sqlite_rollups import ROLLUPS_FILE, RollupFile
from cloud_gateway.settings import Series
from deploy.servers import Server
from tests.cloud_gateway.backup.ground import execute
from tests.cloud_gateway.readings.points import AT, make_point

DAY = AT // DAY_MS
FIRST = DAY * DAY_MS
NOW = FIRST + 10 * DAY_MS
HOUR = 3_600_000


@pytest.fixture(params=["sqlite", "influx1"])
async def rolled(
    request: pytest.FixtureRequest, tmp_path: Path, influx: Server, database: str
) -> AsyncIterator[RolledStore]:
    """An open, empty store of each kind."""
    store = open_series(Series(store=request.param, url=influx.url, database=database), tmp_path)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[tuple[RolledStore, SqliteStore]]:
    """A store, and the same values without roll-ups."""
    values = SqliteStore(tmp_path / "readings.db")
    store = RolledStore(values, tmp_path / ROLLUPS_FILE)
    await store.open()
    yield store, values
    await store.close()


def days_of(folder: Path, home: str, device: str = "gauge-01") -> set[int]:
    """The days that are rolled up, counted from the first."""
    file = RollupFile(folder / ROLLUPS_FILE)
    found = file.made(home, device, "level", DAY - 100, DAY + 100)
    file.close()
    return {day - DAY for day in found}


def at(day: int, hour: float = 0.0) -> int:
    return FIRST + day * DAY_MS + int(hour * HOUR)


def week(device: str = "gauge-01") -> list[Point]:
    """A value each half hour for seven days."""
    return [make_point(n, float(n % 17), at=at(0, n / 2), device=device) for n in range(7 * 48)]


async def all_days(store: SeriesHome, width: int = 6 * HOUR) -> list[Bucket]:
    return await store.buckets("gauge-01", "level", at(-1), at(8), width)


async def test_closed_days_between_the_first_and_the_newest_are_rolled_up_and_read_the_same(
    rolled: RolledStore, tmp_path: Path
) -> None:
    assert await rolled.write(week()) == []
    before = await all_days(rolled)
    assert await rolled.roll("gauge-01", "level", at(5, 1)) == 4
    assert days_of(tmp_path, await rolled._values.identity()) == {1, 2, 3, 4}
    assert await all_days(rolled) == before
    assert await rolled.roll("gauge-01", "level", at(5, 1)) == 0


async def test_late_value_counts_at_once_and_its_day_is_rolled_up_again(rolled: RolledStore, tmp_path: Path) -> None:
    await rolled.write(week())
    await rolled.roll("gauge-01", "level", NOW)
    assert await rolled.write([make_point(9000, 99.0, at=at(3, 7))]) == []
    home = await rolled._values.identity()
    assert days_of(tmp_path, home) == {1, 2, 4, 5, 6}
    (found,) = await rolled.buckets("gauge-01", "level", at(3), at(4), DAY_MS)
    assert (found.high, found.count) == (99.0, 49)
    assert await rolled.roll("gauge-01", "level", NOW) == 1
    assert await rolled.buckets("gauge-01", "level", at(3), at(4), DAY_MS) == [found]


async def test_value_that_lands_while_its_day_is_read_is_not_lost(tmp_path: Path) -> None:
    """The roll-up has read the day, then the value is stored, then the roll-up would be kept."""
    values = Slow(tmp_path / "readings.db")
    store = RolledStore(values, tmp_path / ROLLUPS_FILE)
    await store.open()
    await store.write(week())
    values.hold.clear()
    rolling = asyncio.create_task(store.roll("gauge-01", "level", at(2, 1)))
    await values.has_read.wait()
    await store.write([make_point(9000, 99.0, at=at(1, 7))])
    values.hold.set()
    assert await rolling == 0
    (found,) = await store.buckets("gauge-01", "level", at(1), at(2), DAY_MS)
    assert (found.high, found.count) == (99.0, 49)
    await store.close()


class Slow(SqliteStore):
    """Gives back what it has read only when it may."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.hold, self.has_read = asyncio.Event(), asyncio.Event()
        self.hold.set()

    async def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        found = await super().buckets(device, stream, start, end, width)
        self.has_read.set()
        await self.hold.wait()
        return found


async def test_write_by_another_process_takes_the_roll_up_away(tmp_path: Path) -> None:
    web, ingest = open_series(Series(), tmp_path), open_series(Series(), tmp_path)
    await web.open()
    await ingest.open()
    await ingest.write(week())
    await web.roll("gauge-01", "level", NOW)
    await ingest.write([make_point(9000, 99.0, at=at(3, 7))])
    assert max(b.high for b in await all_days(web)) == 99.0
    await web.close()
    await ingest.close()


async def test_roll_ups_of_another_home_are_not_read(tmp_path: Path) -> None:
    first = RolledStore(SqliteStore(tmp_path / "one.db"), tmp_path / ROLLUPS_FILE)
    other = RolledStore(SqliteStore(tmp_path / "other.db"), tmp_path / ROLLUPS_FILE)
    await first.open()
    await other.open()
    await first.write(week())
    await first.roll("gauge-01", "level", NOW)
    assert await all_days(other) == []
    await first.close()
    await other.close()


async def test_days_up_to_the_oldest_value_are_forgotten(
    small: tuple[RolledStore, SqliteStore], tmp_path: Path
) -> None:
    store, values = small
    await store.write(week())
    await store.roll("gauge-01", "level", NOW)
    home = await values.identity()
    execute(tmp_path / "readings.db", f"DELETE FROM reading WHERE time_ns < {at(3, 12) * 1_000_000}")
    await store.roll("gauge-01", "level", NOW)
    assert days_of(tmp_path, home) == {4, 5, 6}
    assert await all_days(store) == await all_days(values)


async def test_no_roll_up_is_made_without_room(small: tuple[RolledStore, SqliteStore]) -> None:
    store, _ = small
    await store.write(week())
    assert await roll_all(store, [("gauge-01", "level")], lambda: NOW, lambda: False) == 0
    assert await roll_all(store, [("gauge-01", "level")], lambda: NOW, lambda: True) == 6


async def test_point_that_no_store_takes_is_refused_also_beside_roll_ups(
    small: tuple[RolledStore, SqliteStore],
) -> None:
    store, _ = small
    await store.write(week())
    await store.roll("gauge-01", "level", NOW)
    bad = make_point(1, device="\ud800", at=at(1))
    assert [r.code for r in await store.write([bad, make_point(9000, at=at(1, 0.3))])] == ["bad_tag"]


DEVICES = itertools.count(1)
#: Also the first and the last ms of a block, an hour and a day.
moments = st.builds(
    lambda day, block, ms: day * DAY_MS + block * BLOCK_MS + ms,
    st.integers(-1, 5),
    st.one_of(st.sampled_from([0, 11, 12, 287]), st.integers(0, 287)),
    st.sampled_from([0, 1, BLOCK_MS - 1]),
)
values_ = st.floats(-1e6, 1e6)
writes = st.lists(st.tuples(moments, values_), max_size=12)
steps = st.lists(st.one_of(writes, st.integers(0, 8)), min_size=1, max_size=6)
bounds = st.integers(at(-2), at(7))
widths = st.sampled_from([1, 3, 12, 36, 84, 288, 300]).map(lambda n: n * BLOCK_MS)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, start=bounds, end=bounds, width=widths)
async def test_buckets_from_roll_ups_equal_those_from_the_values(
    small: tuple[RolledStore, SqliteStore], steps: list[list[tuple[int, float]] | int], start: int, end: int, width: int
) -> None:
    """`steps` are batches of values, some of them again, and passes at so many days after the first."""
    store, values = small
    device = f"gauge-{next(DEVICES):05}"
    for step in steps:
        if isinstance(step, int):
            await store.roll(device, "level", at(step))
        else:
            await store.write([make_point(1, v, at=FIRST + when, device=device) for when, v in step])
    found = await store.buckets(device, "level", start, end, width)
    wanted = await values.buckets(device, "level", start, end, width)
    assert [(b.at, b.low, b.high, b.count) for b in found] == [(b.at, b.low, b.high, b.count) for b in wanted]
    assert [b.mean for b in found] == pytest.approx([b.mean for b in wanted], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        pytest.param(0, DAY_MS, (0, 1), id="one day"),
        pytest.param(1, DAY_MS, (1, 1), id="its first ms is missing"),
        pytest.param(0, 2 * DAY_MS - 1, (0, 1), id="the last ms is missing"),
        pytest.param(-DAY_MS, 0, (-1, 0), id="before 1970"),
        pytest.param(-(2**90), 2**90, (-106_752, 106_752), id="far away"),
    ],
)
def test_whole_days(start: int, end: int, days: tuple[int, int]) -> None:
    assert whole_days(start, end) == days


def test_only_multiples_of_a_block_over_a_whole_day_are_rolled() -> None:
    assert is_rolled(0, DAY_MS, 2 * BLOCK_MS)
    assert not is_rolled(0, DAY_MS, BLOCK_MS + 1000)
    assert not is_rolled(1, DAY_MS, BLOCK_MS)


@pytest.mark.parametrize(
    ("days", "rest"),
    [
        pytest.param([], [(5, 3 * DAY_MS + 7)], id="none is rolled"),
        pytest.param([1, 2], [(5, DAY_MS), (3 * DAY_MS, 3 * DAY_MS + 7)], id="both ends"),
        pytest.param([2], [(5, 2 * DAY_MS), (3 * DAY_MS, 3 * DAY_MS + 7)], id="one is missing"),
    ],
)
def test_rest_is_what_no_rolled_day_covers(days: list[int], rest: list[tuple[int, int]]) -> None:
    assert find_rest(5, 3 * DAY_MS + 7, days) == rest


def test_parts_of_one_bucket_are_weighed_by_their_counts() -> None:
    parts = [Bucket(9, 1.0, 1.0, 1.0, 1), Bucket(0, 1.0, 2.0, 3.0, 3), Bucket(0, 0.0, 6.0, 9.0, 1)]
    assert join(parts) == [Bucket(0, 0.0, 3.0, 9.0, 4), Bucket(9, 1.0, 1.0, 1.0, 1)]
