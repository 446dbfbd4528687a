"""Steps of official warnings in the series stores: the same contract for each."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from cloud_gateway.readings.opening import SQLITE_FILE, open_series
from cloud_gateway.readings.series import SeriesHome, WarningStep, point_time
from cloud_gateway.settings import Series
from deploy.servers import Server
from tests.cloud_gateway.readings.points import AT, collect, make_point

HOUR = 3_600_000


def step(
    number: int,
    hours: float,
    level: int = 2,
    *,
    coming: int = 0,
    site: str = "pudong",
    hazard: str = "rainstorm",
    simulated: bool = False,
) -> WarningStep:
    """A step so many hours after AT."""
    time_ns = point_time(AT + round(hours * HOUR), number)
    return WarningStep(site, hazard, time_ns, level, coming, "yellow", "0199-aa", simulated)


async def test_steps_come_back_in_order_of_time_exactly_as_written(store: SeriesHome) -> None:
    steps = [step(1, 0, 1), step(2, 1, 3, coming=4), step(3, 2, 0), step(4, 2.5, hazard="gale")]
    assert await store.write_steps([steps[2], steps[0], steps[3], steps[1]]) == []
    assert await store.warning_steps("pudong", AT, AT + 3 * HOUR) == steps


async def test_a_step_written_again_overwrites_itself(store: SeriesHome) -> None:
    steps = [step(7, 0), step(8, 0, 3)]
    assert await store.write_steps(steps) == []
    assert await store.write_steps(steps) == []
    assert await store.warning_steps("pudong", AT, AT + 1) == steps


async def test_what_held_at_the_start_comes_first_one_of_each_hazard(store: SeriesHome) -> None:
    held = [step(2, -700, hazard="drought"), step(4, -2, 3), step(5, -1, 4, simulated=True)]
    inside = [step(6, 0, 0), step(7, 1, 1)]
    assert await store.write_steps([step(1, -3), *held, step(3, -900, hazard="drought"), *inside]) == []
    assert await store.warning_steps("pudong", AT, AT + HOUR) == [*held, inside[0]]


async def test_sites_do_not_mix_and_readings_are_no_warnings(store: SeriesHome) -> None:
    assert await store.write([make_point(1)]) == []
    assert await store.write_steps([step(1, 0), step(2, 0, 4, site="hongkou")]) == []
    assert await store.warning_steps("pudong", AT, AT + 1) == [step(1, 0)]
    assert await store.warning_steps("gauge-01", AT, AT + 1) == []
    assert await collect(store.scan("gauge-01")) == [make_point(1)]


REFUSED = [
    pytest.param(step(1, 0, site="pu dong"), "bad_tag", id="space in the site"),
    pytest.param(step(1, 0, site="pudong\\"), "bad_tag", id="backslash"),
    pytest.param(step(1, 0, hazard="rain,level=9"), "bad_tag", id="comma in the hazard"),
    pytest.param(step(1, 0, hazard="暴雨"), "bad_tag", id="not ascii"),
    pytest.param(step(1, 3e9), "bad_time", id="too late"),
    pytest.param(step(1, 0, 5), "bad_level", id="no such level"),
    pytest.param(step(1, 0)._replace(color='"'), "bad_text", id="quote in the colour"),
    pytest.param(step(1, 0)._replace(warning="x\n"), "bad_text", id="newline in the id"),
]


@pytest.mark.parametrize(("bad", "code"), REFUSED)
async def test_a_bad_step_is_refused_by_name_and_the_others_are_stored(
    store: SeriesHome, bad: WarningStep, code: str
) -> None:
    refusals = await store.write_steps([step(2, 0), bad])
    assert [(refusal.step, refusal.code) for refusal in refusals] == [(bad, code)]
    assert await store.warning_steps("pudong", AT, AT + 1) == [step(2, 0)]


async def test_a_hostile_site_in_a_query_finds_nothing(store: SeriesHome) -> None:
    assert await store.write_steps([step(1, 0)]) == []
    assert await store.warning_steps("x' OR site =~ /.*/ --", AT, AT + HOUR) == []
    assert await store.warning_steps("pudong", -(2**80), 2**80) == [step(1, 0)]


async def test_in_influxdb_site_and_hazard_are_the_only_tags(
    influx_store: SeriesHome, influx: Server, database: str
) -> None:
    assert await influx_store.write_steps([step(1, 0)]) == []
    async with httpx.AsyncClient(base_url=influx.url) as client:
        answer = await client.get("/query", params={"db": database, "q": "SHOW TAG KEYS FROM warning"})
    (series,) = answer.json()["results"][0]["series"]
    assert series["values"] == [["hazard"], ["site"]]


async def test_a_file_of_the_release_before_gets_the_table_and_keeps_its_readings(tmp_path: Path) -> None:
    first = open_series(Series(), tmp_path)
    await first.open()
    assert await first.write([make_point(1)]) == []
    await first.close()
    with closing(sqlite3.connect(tmp_path / SQLITE_FILE)) as file:
        file.executescript("DROP TABLE warning_step; PRAGMA user_version = 2")
    second = open_series(Series(), tmp_path)
    await second.open()
    assert await second.write_steps([step(1, 0)]) == []
    assert await second.warning_steps("pudong", AT, AT + 1) == [step(1, 0)]
    assert await collect(second.scan("gauge-01")) == [make_point(1)]
    await second.close()
