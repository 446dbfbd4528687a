"""Rain windows and water stages on readings: what raises an alarm, what clears it, and what gaps mean."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cloud_gateway.exposures.gauges import HOUR_MS, watch_rain
from cloud_gateway.exposures.settings import Stage
from cloud_gateway.exposures.stages import Crossing, Measured, watch_stage
from edge_agent.web.times import parse_time, rfc3339

LONGEST_MS = 90 * 60_000
TIDE = Path(__file__).parents[3] / "firmware_sim" / "scenarios" / "hugo-1989" / "tide-charleston.csv"


def hourly(*mm: float | None, start: int = -13) -> list[Measured]:
    """Readings of each hour after 13 dry ones; None: the gauge was silent."""
    dry = [0.0] * -start
    values = [*dry, *mm]
    return [Measured((start + place) * HOUR_MS, mm) for place, mm in enumerate(values) if mm is not None]


def said(crossings: list[Crossing]) -> str:
    """Rule, hour, raised or cleared, and what was measured."""
    return ", ".join(
        f"{c.rule[5:]} {c.at // HOUR_MS}h {'up' if c.is_raised else 'down'} {c.value:g}" for c in crossings
    )


CASES = [
    ("a dry day", hourly(0, 0, 0), ""),
    ("just short", hourly(49.9, 0), ""),
    ("50 mm at once, then dry", hourly(50, 0, 0, 0),
     "50-in-12h 0h up 50, 50-in-6h 0h up 50, 50-in-3h 0h up 50, 50-in-12h 1h down 50, 50-in-6h 1h down 50, "
     "50-in-3h 1h down 50"),
    ("slow rain", hourly(*[5.0] * 11), "50-in-12h 9h up 50"),
    ("12 hours and no more", hourly(45, *[0.4] * 11, 5.1), ""),
    ("6 hours", hourly(*[10.0] * 5), "50-in-12h 4h up 50, 50-in-6h 4h up 50"),
    ("100 mm in 3 hours", hourly(40, 40, 40),
     "50-in-12h 1h up 80, 50-in-6h 1h up 80, 50-in-3h 1h up 80, 100-in-3h 2h up 120"),
    ("it eases", hourly(0, 25, 25, 1, 1, 1, 1, 1, 1),
     "50-in-12h 2h up 50, 50-in-6h 2h up 50, 50-in-3h 2h up 50, 50-in-3h 4h down 27, 50-in-6h 7h down 30"),
    ("reached while none falls", hourly(48, 0), ""),
]  # fmt: skip


@pytest.mark.parametrize(("readings", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_rain_windows(readings: list[Measured], expected: str) -> None:
    assert said(watch_rain(readings, LONGEST_MS, (), -1)) == expected


def test_a_gap_is_named_and_what_fell_before_it_still_counts() -> None:
    (first, *_) = watch_rain(hourly(45, None, None, 6), LONGEST_MS, (), -1)
    assert (first.rule, first.value, first.missing_s) == ("rain-50-in-12h", 51, 90 * 60)


def test_silence_clears_nothing() -> None:
    crossings = watch_rain(hourly(50, None, None, None, None, 0), LONGEST_MS, (), -1)
    assert not any(crossing.at == 5 * HOUR_MS for crossing in crossings)
    later = watch_rain(hourly(50, None, None, None, None, 0, 0), LONGEST_MS, (), -1)
    assert [crossing.at // HOUR_MS for crossing in later if not crossing.is_raised] == [6, 6, 6]


def test_a_new_gauge_says_that_it_knows_no_more() -> None:
    (first, *_) = watch_rain([Measured(0, 60)], LONGEST_MS, (), -1)
    assert (first.missing_s, first.value) == (12 * 3600, 60)


def test_readings_in_parts_say_what_they_say_at_once() -> None:
    readings = hourly(0, 25, 25, 30, 30, 0, 0, 60, 1, 1, 1, 0, 0)
    whole = watch_rain(readings, LONGEST_MS, (), -1)
    first = watch_rain(readings[:16], LONGEST_MS, (), -1)
    still = {c.rule for c in first if c.is_raised} - {c.rule for c in first if not c.is_raised}
    assert still
    assert first + watch_rain(readings, LONGEST_MS, still, readings[15].at) == whole


def stage(name: str, above: float, clear: float) -> Stage:
    """A stage of the harbour's tide."""
    return Stage(device="tide-*", stream="tide", hazard="storm-surge", name=name, level=3, above=above, clear=clear)


def test_a_stage_clears_below_its_own_mark_only() -> None:
    readings = [Measured(at, value) for at, value in enumerate((1.0, 2.0, 1.9, 2.0, 1.7, 2.1))]
    crossings = list(watch_stage(readings, stage("danger", 2.0, 1.8), False, -1))
    assert [(c.at, c.is_raised) for c in crossings] == [(1, True), (4, False), (5, True)]
    assert list(watch_stage(readings, stage("danger", 2.0, 1.8), True, 3)) == crossings[1:]


def measured_tide() -> list[Measured]:
    """The measured tide of the storm, hourly."""
    with TIDE.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return [Measured(parse_time(row["at"]), float(row["verified"])) for row in rows]


@pytest.mark.parametrize(
    ("above", "clear", "expected"),
    [
        (2.7, 2.4, ["21T17 up", "21T21 down", "22T03 up", "22T09 down"]),
        (3.0, 2.8, ["22T04 up", "22T08 down"]),
        (4.0, 3.5, ["22T04 up", "22T06 down"]),
        (4.5, 4.0, []),
    ],
    ids=["minor", "major", "record", "never reached"],
)
def test_the_storm_crosses_each_stage_at_its_hour(above: float, clear: float, expected: list[str]) -> None:
    tide = measured_tide()
    crossings = watch_stage(tide, stage("danger", above, clear), False, tide[0].at - 1)
    assert [f"{rfc3339(c.at)[8:13]} {'up' if c.is_raised else 'down'}" for c in crossings] == expected
