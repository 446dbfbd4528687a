"""What only the SQLite store does: refusing to overwrite, and standing on its file."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloud_gateway.readings.opening import SQLITE_FILE, open_series
from cloud_gateway.readings.series import Point, SeriesStore, StoreUnavailable
from cloud_gateway.readings.sqlite_tables import Writer
from cloud_gateway.settings import Series
from tests.cloud_gateway.readings.points import AT, EPOCH, collect, make_point


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(make_point(1_000_001), id="other seq"),
        pytest.param(make_point(1, epoch="f" * 16), id="other epoch"),
        pytest.param(make_point(1, 9.5), id="other value"),
        pytest.param(make_point(1, True), id="other type"),
    ],
)
async def test_point_is_never_overwritten_by_another(sqlite_store: SeriesStore, other: Point) -> None:
    assert await sqlite_store.write([make_point(1)]) == []
    refusals = await sqlite_store.write([make_point(2), other, make_point(1)])
    assert [(refusal.point, refusal.code) for refusal in refusals] == [(other, "point_conflict")]
    assert await collect(sqlite_store.scan("gauge-01")) == [make_point(1), make_point(2)]


async def test_conflict_within_one_batch_keeps_the_first(sqlite_store: SeriesStore) -> None:
    first, second = make_point(1, 1.0), make_point(1_000_001, 2.0)
    refusals = await sqlite_store.write([first, make_point(2, "\ud800"), second])
    assert sorted(refusal.code for refusal in refusals) == ["bad_text", "point_conflict"]
    assert await collect(sqlite_store.scan("gauge-01")) == [first]


async def test_batch_that_fails_leaves_nothing_behind(sqlite_store: SeriesStore) -> None:
    beyond = make_point(2**63, device="gauge-02")  # the wire lets no such number through
    with pytest.raises(OverflowError):
        await sqlite_store.write([make_point(1), beyond])
    assert await collect(sqlite_store.scan("gauge-01")) == []
    assert await sqlite_store.write([make_point(1), make_point(1, device="gauge-02")]) == []
    assert await collect(sqlite_store.scan("gauge-02")) == [make_point(1, device="gauge-02")]


async def test_second_process_reads_what_the_first_writes(sqlite_store: SeriesStore, tmp_path: Path) -> None:
    web = open_series(Series(), tmp_path)
    await web.open()
    assert await sqlite_store.write([make_point(1)]) == []
    assert await collect(web.scan("gauge-01")) == [make_point(1)]
    assert await web.write([make_point(2)]) == []
    assert await collect(sqlite_store.scan("gauge-01")) == [make_point(1), make_point(2)]
    await web.close()


async def test_points_are_there_after_reopening(tmp_path: Path) -> None:
    first = open_series(Series(), tmp_path)
    await first.open()
    assert await first.write([make_point(1)]) == []
    await first.close()
    second = open_series(Series(), tmp_path)
    await second.open()
    assert await second.write([make_point(1), make_point(2)]) == []
    assert await collect(second.scan("gauge-01")) == [make_point(1), make_point(2)]
    await second.close()


async def test_file_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / SQLITE_FILE) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    store = open_series(Series(), tmp_path)
    with pytest.raises(StoreUnavailable, match="version 99"):
        await store.open()
    await store.close()


async def test_damaged_file_is_unavailable_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / SQLITE_FILE).write_bytes(b"this is no database" * 1000)
    store = open_series(Series(), tmp_path)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await store.open()
    await store.close()


CHILD = f"""
import asyncio, pathlib, sys
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import Point
from cloud_gateway.readings.sqlite_tables import Writer
from cloud_gateway.settings import Series

async def main():
    store = open_series(Series(), pathlib.Path(sys.argv[1]))
    await store.open()
    for n in range(1, 1_000_000):
        point = Point("gauge-01", "level", "m", {AT}000000 + n, n / 3, "{EPOCH}", n, "ntp")
        await store.write([point])
        print(n, flush=True)

asyncio.run(main())
"""


async def test_writer_killed_after_an_acknowledged_write_loses_nothing(tmp_path: Path) -> None:
    acknowledged = write_until_killed(tmp_path)
    store = open_series(Series(), tmp_path)
    await store.open()
    found = {point.seq async for point in store.scan("gauge-01")}
    await store.close()
    assert len(acknowledged) >= 200
    assert set(acknowledged) <= found


def write_until_killed(folder: Path) -> list[int]:
    """The numbers of the points whose write had returned in a process that was then killed."""
    with subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(200)]
        child.send_signal(signal.SIGKILL)
        return acknowledged + [int(word) for word in child.stdout.read().split()]


def test_many_may_make_the_same_new_file_at_once(tmp_path: Path) -> None:
    def make(number: int) -> None:
        Writer(tmp_path / f"{number // 8}.db").close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make, range(400)))
    assert len(list(tmp_path.glob("*.db"))) == 50
