"""Old readings become buckets: each number counts once, wherever the work is cut short and whatever comes late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from cloud_gateway.readings.opening import SQLITE_FILE, open_series
from cloud_gateway.readings.series import Bucket, SeriesStore
from cloud_gateway.readings.sqlite_rollups import ROLLUPS_FILE, RollupFile
from cloud_gateway.retention.late import CountedOnce
from cloud_gateway.retention.rules import NS_PER_S, find_rule, raw_cut
from cloud_gateway.retention.store import ReadingsFile, read_ledger
from cloud_gateway.retention.sweep import Swept, sweep
from cloud_gateway.settings import GatewaySettings, Retention
from edge_agent.wire.ranges import Ranges
from tests.cloud_gateway.backup.ground import execute, open_gateway, rows
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, EPOCH, deliver, frame, pack, record
from tests.cloud_gateway.readings.points import make_point

HOUR, DAY = 3_600_000, 86_400_000
NOW = AT + 30 * DAY  # AT is a midnight
RULES = [{"stream": "level", "raw_days": 30, "bucket_s": 3600, "bucket_days": 60}]


@pytest.fixture
def settings(tmp_path: Path) -> GatewaySettings:
    return GatewaySettings.model_validate({"data_dir": tmp_path / "data", "retention": RULES})


@pytest.fixture
async def ground(settings: GatewaySettings) -> AsyncIterator[Ground]:
    async with open_gateway(settings) as opened:
        yield opened


async def take(ground: Ground, *readings: tuple[int, float], stream: str = "level") -> None:
    """Store (number, value): number n is at AT + (n - 100) minutes."""
    records = [record(n, pack(v, stream=stream), at=AT + (n - 100) * 60_000) for n, v in readings]
    await ground.take(deliver(frame(*records)))


def raw(settings: GatewaySettings) -> list[object]:
    """The numbers of the readings that are there as they came."""
    return [n for (n,) in rows(settings.data_dir / SQLITE_FILE, "SELECT seq FROM reading ORDER BY time_ns")]


async def by_day(series: SeriesStore) -> list[Bucket]:
    return await series.buckets(DEVICE, "level", AT - DAY, AT + DAY, DAY)


async def test_what_is_older_than_raw_days_to_the_ms_becomes_a_bucket(
    ground: Ground, settings: GatewaySettings
) -> None:
    await take(ground, (98, 1.0), (99, 5.0), (100, 9.0), (101, 3.0))
    before = await by_day(ground.series)
    assert await sweep(settings, NOW) == [Swept(DEVICE, "level", 2)]
    assert raw(settings) == [100, 101]
    assert await by_day(ground.series) == before == [Bucket(AT - DAY, 1.0, 3.0, 5.0, 2), Bucket(AT, 3.0, 6.0, 9.0, 2)]


async def test_range_over_both_kinds_reads_as_before(ground: Ground, settings: GatewaySettings) -> None:
    await take(ground, *((n, float(n)) for n in range(1, 200)))
    wide = await ground.series.buckets(DEVICE, "level", AT - 2 * HOUR, AT + 2 * HOUR, HOUR)
    await sweep(settings, NOW)
    assert await ground.series.buckets(DEVICE, "level", AT - 2 * HOUR, AT + 2 * HOUR, HOUR) == wide
    assert len(raw(settings)) == 100


async def test_running_again_changes_nothing(ground: Ground, settings: GatewaySettings) -> None:
    await take(ground, (98, 1.0), (99, 5.0))
    await sweep(settings, NOW)
    first = await by_day(ground.series)
    assert await sweep(settings, NOW) == []
    assert await by_day(ground.series) == first


async def test_work_that_is_cut_short_goes_on_where_it_was(ground: Ground, settings: GatewaySettings) -> None:
    await take(ground, *((n, 1.0) for n in range(1, 100)))
    before = await by_day(ground.series)
    file = ReadingsFile(settings.data_dir / SQLITE_FILE)
    (key,) = file.series()
    middle = (AT - 50 * 60_000) * 1_000_000
    file.down_sample(key, -1, middle, 3600 * NS_PER_S, read_ledger(settings.database))  # and then it was killed
    file.close()
    assert await by_day(ground.series) == before
    await sweep(settings, NOW)
    assert await by_day(ground.series) == before
    assert raw(settings) == []


async def test_late_reading_is_stored_and_counted_by_the_next_sweep(ground: Ground, settings: GatewaySettings) -> None:
    await take(ground, (97, 1.0), (99, 5.0))
    await sweep(settings, NOW)
    await take(ground, (98, 9.0))
    assert raw(settings) == [98]
    assert await by_day(ground.series) == [Bucket(AT - DAY, 1.0, 5.0, 9.0, 3)]
    await sweep(settings, NOW)
    assert raw(settings) == []
    assert await by_day(ground.series) == [Bucket(AT - DAY, 1.0, 5.0, 9.0, 3)]


async def test_reading_that_is_not_in_the_ledger_yet_stays_as_it_came(
    ground: Ground, settings: GatewaySettings
) -> None:
    await take(ground, (98, 1.0))
    await ground.series.write(
        [make_point(99, 5.0, device=DEVICE, epoch=EPOCH, at=AT - 60_000)]
    )  # killed before its ledger
    await sweep(settings, NOW)
    assert raw(settings) == [99]
    await take(ground, (99, 5.0))
    await sweep(settings, NOW)
    assert raw(settings) == []
    assert await by_day(ground.series) == [Bucket(AT - DAY, 1.0, 3.0, 5.0, 2)]


async def test_old_reading_that_comes_again_does_not_count_twice(ground: Ground, settings: GatewaySettings) -> None:
    await take(ground, (98, 1.0), (99, 5.0))
    await sweep(settings, NOW)
    once = CountedOnce(ground.series, 30, ground.store.stored_readings, lambda: NOW)
    again = [make_point(n, v, device=DEVICE, at=AT + (n - 100) * 60_000) for n, v in ((98, 1.0), (99, 5.0), (97, 3.0))]
    assert await once.write(again) == []
    assert raw(settings) == [97]  # this one is late, the others are known
    assert await by_day(ground.series) == [Bucket(AT - DAY, 1.0, 3.0, 5.0, 3)]


async def test_new_reading_is_written_without_asking_the_ledger(ground: Ground, settings: GatewaySettings) -> None:
    async def refuse(_pairs: set[tuple[str, str]]) -> dict[tuple[str, str], Ranges]:
        raise AssertionError("asked")

    once = CountedOnce(ground.series, 30, refuse, lambda: NOW)
    assert await once.write([make_point(100, 1.0, device=DEVICE, at=AT)]) == []
    assert raw(settings) == [100]


async def test_buckets_texts_and_switches_are_let_go_after_bucket_days(
    ground: Ground, settings: GatewaySettings
) -> None:
    await take(ground, (98, 1.0), (99, 2.0))
    switch = record(97, '[{"n":"level","u":"m","vb":true}]', at=AT - 180_000)
    await ground.take(deliver(frame(switch)))
    await sweep(settings, NOW)
    assert raw(settings) == [97]
    assert await sweep(settings, NOW + 30 * DAY) == [Swept(DEVICE, "level", 0, 2)]
    assert raw(settings) == []
    assert await by_day(ground.series) == []


async def test_roll_ups_do_not_outlast_their_values(ground: Ground, settings: GatewaySettings) -> None:
    points = [make_point(n, float(n), device=DEVICE, at=AT - 4 * DAY + n * HOUR) for n in range(1, 96)]
    await ground.series.write(points)
    await take(ground, (100, 1.0))
    execute(settings.database, "UPDATE ledger SET upto = 100, ranges = '[]'")
    rolled = open_series(settings.series, settings.data_dir)
    await rolled.open()
    assert await rolled.roll(DEVICE, "level", NOW) == 4
    await sweep(settings, NOW)
    with closing(RollupFile(settings.data_dir / ROLLUPS_FILE)) as file:
        assert file.made(await rolled._values.identity(), DEVICE, "level", -10, 30_000) == set()
    whole = await rolled.buckets(DEVICE, "level", AT - 5 * DAY, AT + DAY, DAY)
    assert [b.count for b in whole] == [23, 24, 24, 24, 1]
    await sweep(settings, NOW + 40 * DAY)
    assert await rolled.buckets(DEVICE, "level", AT - 5 * DAY, AT + DAY, DAY) == []
    await rolled.close()


async def test_stream_without_an_entry_is_kept(ground: Ground, settings: GatewaySettings) -> None:
    await take(ground, (1, 1.0), stream="rain")
    assert await sweep(settings, NOW + 10_000 * DAY) == []
    assert raw(settings) == [1]


async def test_dry_run_counts_and_changes_nothing(ground: Ground, settings: GatewaySettings) -> None:
    await take(ground, (98, 1.0), (99, 5.0), (100, 9.0))
    assert await sweep(settings, NOW, dry_run=True) == [Swept(DEVICE, "level", 2)]
    assert raw(settings) == [98, 99, 100]


@pytest.mark.parametrize("files", [pytest.param([], id="no file"), pytest.param([SQLITE_FILE], id="an empty file")])
async def test_gateway_that_never_took_a_reading_has_nothing_old(settings: GatewaySettings, files: list[str]) -> None:
    settings.data_dir.mkdir()
    for name in files:
        (settings.data_dir / name).touch()
    assert await sweep(settings, NOW) == []
    assert sorted(path.name for path in settings.data_dir.glob("readings*")) == files


async def test_ingest_goes_on_while_a_large_file_is_swept(ground: Ground, settings: GatewaySettings) -> None:
    points = [make_point(n, 1.0, device=DEVICE, at=AT - DAY + n) for n in range(1, 20_001)]
    await ground.series.write(points)
    await take(ground, (20_001, 1.0))
    execute(settings.database, "UPDATE ledger SET upto = 20001, ranges = '[]'")
    sweeping = asyncio.create_task(sweep(settings, NOW + DAY))
    taken = 20_001
    while not sweeping.done():
        taken += 1
        await take(ground, (taken, 1.0))
    assert taken > 20_002
    assert await sweeping == [Swept(DEVICE, "level", 20_000)]
    assert sum(b.count for b in await ground.series.buckets(DEVICE, "level", 0, 2 * AT, 366 * DAY)) == taken


def test_first_entry_that_fits_holds() -> None:
    rules = [Retention(stream="level_*", raw_days=7), Retention(stream="*", raw_days=90)]
    assert find_rule("level_high", rules) == rules[0]
    assert find_rule("rain", rules) == rules[1]
    assert find_rule("rain", rules[:1]) is None


def test_cut_is_at_a_whole_bucket_so_that_none_is_half_filled() -> None:
    rule = Retention(stream="*", raw_days=1, bucket_s=3600)
    assert raw_cut(rule, AT + DAY + HOUR - 1) == AT * 1_000_000
    assert raw_cut(rule, AT + DAY + HOUR) == (AT + HOUR) * 1_000_000
