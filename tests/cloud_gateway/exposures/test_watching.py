"""From readings in the series store to alarms raised here, and to events that they open, confirm and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from cloud_gateway import tables as t
from cloud_gateway.database import transaction
from cloud_gateway.exposures.duty import run_gauges
from cloud_gateway.exposures.settings import Gauges, Stage
from cloud_gateway.exposures.tables import gateway_alarm, hazard_event
from cloud_gateway.exposures.watching import Watching
from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.readings.series import Point, point_time
from cloud_gateway.readings.sqlite import SqliteStore
from tests.cloud_gateway.conftest import make_settings
from tests.cloud_gateway.exposures.ground import EPOCH, Ground, coded
from tests.cloud_gateway.warnings.messages import alert, at, info
from tests.waiting import until

DANGER = Stage(device="yard-*", stream="stage", hazard="flood", name="danger", level=4, above=3.0, clear=2.5)
GAUGES = Gauges(stages=(DANGER,))


@pytest_asyncio.fixture
async def series(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store of readings of one test alone."""
    store = SqliteStore(tmp_path / "readings.db")
    await store.open()
    yield store
    await store.close()


@pytest_asyncio.fixture
async def yard(ground: Ground) -> Ground:
    """A site with a rain gauge and a river gauge."""
    await ground.add_site("pudong", coded("310115"))
    await ground.place("yard-1", "pudong")
    streams = (
        {"name": "rain", "unit": "mm", "interval_s": 3600.0},
        {"name": "stage", "unit": "m", "interval_s": 600.0},
    )
    await ground.add(t.stream, *({"device": "yard-1", **stream} for stream in streams))
    return ground


async def read(ground: Ground, series: SqliteStore, stream: str, values: dict[float, float]) -> None:
    """Readings come in, by hour, as ingest leaves them."""
    points = [
        Point("yard-1", stream, "mm", point_time(at(hour), seq), value, EPOCH, seq, "ntp")
        for seq, (hour, value) in enumerate(values.items(), round(min(values) * 100) + 10_000)
    ]
    assert await series.write(points) == []
    newest = at(max(values))
    async with transaction(ground.engine) as connection:
        here = (t.stream.c.device == "yard-1") & (t.stream.c.name == stream)
        await connection.execute(update(t.stream).where(here).values(at=newest, received_at=newest))


async def open_rules(ground: Ground) -> list[object]:
    """The alarms raised here that are open."""
    query = select(gateway_alarm.c.rule).where(gateway_alarm.c.cleared_at.is_(None)).order_by(gateway_alarm.c.rule)
    return [row["rule"] for row in await ground.rows(query)]


async def test_rain_before_during_and_after_the_warning(yard: Ground, series: SqliteStore) -> None:
    watching = Watching(Gauges())
    await read(yard, series, "rain", {0: 0, 1: 0, 2: 20, 3: 40})
    assert await watching.watch(yard.engine, series, at(3)) == 3
    await yard.look(at(3))
    await yard.take(at(3.5), alert("A", 3.5, info("orange", places="310115", ends=9)))
    await read(yard, series, "rain", {4: 45})
    assert await watching.watch(yard.engine, series, at(4)) == 1
    await yard.look(at(4))
    await read(yard, series, "rain", {5: 0})
    assert await watching.watch(yard.engine, series, at(5)) == 4
    await yard.look(at(5))
    await yard.look(at(9))
    assert [line.removeprefix("pudong rainstorm ") for line in await yard.told()] == [
        "raised 3",
        "confirmed 3",
        "upgraded 4",
        "downgraded 3",
        "cleared 0",
    ]
    (event,) = await yard.rows(select(hazard_event))
    assert (event["gauge_at"], event["warned_at"], event["peak"]) == (at(3), at(3.5), 4)


async def test_a_stage_raises_and_clears(yard: Ground, series: SqliteStore) -> None:
    watching = Watching(GAUGES)
    await read(yard, series, "stage", {1: 1.0, 2: 3.1, 3: 2.8})
    await watching.watch(yard.engine, series, at(3))
    assert await open_rules(yard) == ["stage-danger"]
    await yard.look(at(3))
    await read(yard, series, "stage", {4: 2.4})
    await watching.watch(yard.engine, series, at(4))
    await yard.look(at(4))
    assert await yard.told() == ["pudong flood raised 4", "pudong flood cleared 0"]


async def test_a_restart_looks_at_nothing_twice(yard: Ground, series: SqliteStore) -> None:
    await read(yard, series, "stage", {1: 1.0, 2: 3.1})
    assert await Watching(GAUGES).watch(yard.engine, series, at(2)) == 1
    assert await Watching(GAUGES).watch(yard.engine, series, at(2)) == 0
    await read(yard, series, "stage", {3: 3.2})
    assert await Watching(GAUGES).watch(yard.engine, series, at(3)) == 0
    assert await open_rules(yard) == ["stage-danger"]


async def test_what_was_measured_while_nobody_watched_is_seen_afterwards(yard: Ground, series: SqliteStore) -> None:
    await read(yard, series, "stage", {1: 1.0})
    await Watching(GAUGES).watch(yard.engine, series, at(1))
    await read(yard, series, "stage", {2: 3.1, 3: 2.0, 4: 3.3})
    assert await Watching(GAUGES).watch(yard.engine, series, at(4)) == 3
    rows = await yard.rows(select(gateway_alarm.c.raised_at, gateway_alarm.c.cleared_at).order_by("raised_at"))
    assert [(row["raised_at"], row["cleared_at"]) for row in rows] == [(at(2), at(3)), (at(4), None)]


async def test_a_stage_that_is_no_longer_set_is_cleared(yard: Ground, series: SqliteStore) -> None:
    await read(yard, series, "stage", {1: 1.0, 2: 3.1})
    await Watching(GAUGES).watch(yard.engine, series, at(2))
    other = DANGER.model_copy(update={"name": "record", "above": 5.0})
    await read(yard, series, "stage", {3: 3.2})
    await Watching(Gauges(stages=(other,))).watch(yard.engine, series, at(3))
    assert await open_rules(yard) == []


async def test_streams_that_say_nothing_of_rain_or_stages_are_left_alone(yard: Ground, series: SqliteStore) -> None:
    await read(yard, series, "stage", {1: 9.0})
    assert await Watching(Gauges()).watch(yard.engine, series, at(1)) == 0
    assert await open_rules(yard) == []


async def test_the_duty_goes_on_when_the_store_of_readings_comes_late(
    yard: Ground, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = make_settings(tmp_path)
    (tmp_path / SQLITE_FILE).mkdir()  # no file can be opened there
    duty = asyncio.create_task(run_gauges(yard.engine, settings, lambda: at(9), round_s=0.05))
    await until(lambda: "a duty cannot go on" in caplog.text)
    (tmp_path / SQLITE_FILE).rmdir()
    store = SqliteStore(tmp_path / SQLITE_FILE)
    await store.open()
    await read(yard, store, "rain", {1: 0, 2: 60})
    async with asyncio.timeout(60):
        while not await open_rules(yard):  # noqa: ASYNC110 - another task's rows have no event
            await asyncio.sleep(0.05)
    duty.cancel()
    await asyncio.wait([duty])
    await store.close()
    assert await open_rules(yard) == ["rain-50-in-12h", "rain-50-in-3h", "rain-50-in-6h"]
