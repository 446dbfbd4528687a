"""What official warnings said of sites goes to the series store: every change once, whatever is killed or away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import select

from cloud_gateway import tables as t
from cloud_gateway.exposures.duty import run_series_feed
from cloud_gateway.exposures.series_feed import feed_series
from cloud_gateway.exposures.tables import warning_step
from cloud_gateway.readings.opening import SQLITE_FILE, open_series
from cloud_gateway.readings.series import SeriesHome, StepRefusal, StepStore, StoreUnavailable, WarningStep
from cloud_gateway.settings import Series
from cloud_gateway.warnings.model import MsgType, Severity
from cloud_gateway.warnings.settings import Source
from tests.cloud_gateway.conftest import make_settings
from tests.cloud_gateway.exposures.ground import Ground, alarm, coded
from tests.cloud_gateway.warnings.messages import alert, at, cancel, info, key
from tests.waiting import until

DRILL = Source(name="drill", kind="cap", url="https://alerts.example.org/cap", simulated=True)
Said = list[tuple[int, str, int, int, str, bool]]


@pytest_asyncio.fixture
async def series(tmp_path: Path) -> AsyncIterator[SeriesHome]:
    """An open, empty series store in a file."""
    opened = open_series(Series(), tmp_path / "series")
    await opened.open()
    yield opened
    await opened.close()


@dataclass
class Falling:
    """A store that is away at the first writing: before it has written, or, with `written`, just after."""

    inner: StepStore
    written: bool
    fallen: bool = False

    async def write_steps(self, steps: Sequence[WarningStep]) -> list[StepRefusal]:
        refusals = await self.inner.write_steps(steps) if self.written or self.fallen else []
        if not self.fallen:
            self.fallen = True
            raise StoreUnavailable("out for lunch")
        return refusals

    async def warning_steps(self, site: str, start: int, end: int) -> list[WarningStep]:
        return await self.inner.warning_steps(site, start, end)


async def said(series: StepStore, site: str = "pudong") -> Said:
    """All steps of a site: time, hazard, level, what is to come, colour, simulated."""
    steps = await series.warning_steps(site, 0, at(1000))
    return [(one.at, one.hazard, one.level, one.coming, one.color, one.simulated) for one in steps]


async def warn(ground: Ground) -> None:
    """Yellow, red, lifted."""
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("yellow", places="310000", ends=20)))
    up = alert("B", 2, info("red", places="310000", ends=20), refs=(key("A", 1),), kind="Update")
    await ground.take(at(2), up)
    await ground.take(at(4), cancel("C", 4, key("B", 2)))


WARNED = [
    (at(1), "rainstorm", 2, 0, "yellow", False),
    (at(2), "rainstorm", 4, 0, "red", False),
    (at(4), "rainstorm", 0, 0, "", False),
]


async def test_each_change_of_the_official_level_is_one_step(ground: Ground, series: SeriesHome) -> None:
    await warn(ground)
    assert await feed_series(ground.engine, series, at(5), most=2) == 3
    assert await said(series) == WARNED
    assert await feed_series(ground.engine, series, at(6)) == 0


async def test_what_is_to_come_is_told_apart_from_what_is_in_force(ground: Ground, series: SeriesHome) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("orange", onset=5, ends=9, places="310115")))
    await ground.look(at(5))
    await ground.look(at(9))
    await feed_series(ground.engine, series, at(10))
    assert await said(series) == [
        (at(1), "rainstorm", 0, 3, "orange", False),
        (at(5), "rainstorm", 3, 0, "orange", False),
        (at(9), "rainstorm", 0, 0, "", False),
    ]


async def test_an_alarm_of_our_own_is_no_warning_and_hides_none(ground: Ground, series: SeriesHome) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.place("yard-1", "pudong")
    await ground.add(t.alarm, alarm("yard-1", "drain_high", "drain_level", at(1)))
    await ground.look(at(1))
    await ground.take(at(2), alert("A", 2, info("blue", places="310115", ends=20, hazard="waterlogging")))
    up = alert("B", 3, info("yellow", places="310115", ends=20, hazard="waterlogging"), refs=(key("A", 2),))
    await ground.take(at(3), msgspec.structs.replace(up, msg_type=MsgType.UPDATE))
    await feed_series(ground.engine, series, at(4))
    assert await ground.told() == ["pudong waterlogging raised 3", "pudong waterlogging confirmed 3"]
    assert await said(series) == [
        (at(2), "waterlogging", 1, 0, "blue", False),
        (at(3), "waterlogging", 2, 0, "yellow", False),
    ]


async def test_an_exercise_stands_beside_the_real_warning(ground: Ground, series: SeriesHome) -> None:
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("yellow", places="310115", ends=20)))
    await ground.take(at(2), alert("D", 2, info("red", places="310115", ends=20)), source=DRILL)
    await feed_series(ground.engine, series, at(3))
    assert await said(series) == [(at(1), "rainstorm", 2, 0, "yellow", False), (at(2), "rainstorm", 4, 0, "red", True)]


async def test_an_issuer_without_colours_is_given_none(ground: Ground, series: SeriesHome) -> None:
    await ground.add_site("pudong", coded("310115"))
    grave = msgspec.structs.replace(info(places="310115", ends=20), color=None, severity=Severity.SEVERE)
    await ground.take(at(1), alert("A", 1, grave))
    await feed_series(ground.engine, series, at(2))
    assert await said(series) == [(at(1), "rainstorm", 3, 0, "", False)]


@pytest.mark.parametrize("written", [False, True], ids=["before it wrote", "after it wrote"])
async def test_a_store_that_goes_away_is_given_all_again_and_keeps_each_once(
    ground: Ground, series: SeriesHome, written: bool
) -> None:
    await warn(ground)
    falling = Falling(series, written=written)
    with pytest.raises(StoreUnavailable):
        await feed_series(ground.engine, falling, at(5))
    assert len(await said(series)) == (3 if written else 0)
    assert await feed_series(ground.engine, falling, at(6)) == 3
    assert await said(series) == WARNED


async def test_a_step_that_is_refused_for_good_is_kept_with_the_reason(
    ground: Ground, series: SeriesHome, caplog: pytest.LogCaptureFixture
) -> None:
    await ground.add_site("Not_A_Code", coded("310115"))
    await ground.add_site("pudong", coded("310115"))
    await ground.take(at(1), alert("A", 1, info("yellow", places="310000", ends=20)))
    assert await feed_series(ground.engine, series, at(2)) == 2
    assert await said(series) == WARNED[:1]
    refused = [row["refused"] for row in await ground.rows(select(warning_step).where(warning_step.c.refused != ""))]
    assert [str(why).split(":")[0] for why in refused] == ["bad_tag"]
    assert "refused a warning" in caplog.text


async def test_the_duty_writes_as_soon_as_the_store_can_be_opened(
    ground: Ground, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cloud_gateway.exposures.duty")
    await warn(ground)
    (tmp_path / SQLITE_FILE).mkdir()  # no file can be opened there
    duty = asyncio.create_task(run_series_feed(ground.engine, make_settings(tmp_path), lambda: at(5), round_s=0.05))
    await until(lambda: "a duty cannot go on" in caplog.text)
    (tmp_path / SQLITE_FILE).rmdir()
    await until(lambda: "a duty goes on" in caplog.text)
    duty.cancel()
    await asyncio.wait([duty])
    series = open_series(Series(), tmp_path)
    await series.open()
    assert await said(series) == WARNED
    await series.close()
