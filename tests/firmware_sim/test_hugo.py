"""The figures of hugo-1989 are NOAA's, unchanged."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from firmware_sim.folder import BUILT_IN
from firmware_sim.forms import Column, SystemFault
from firmware_sim.nature import Nature
from firmware_sim.outline import read_box
from firmware_sim.scenario import Scenario, load_scenario
from firmware_sim.series import parse_time

STATIONS = [("charleston", "8665530"), ("wilmington", "8658120"), ("beaufort", "8656483")]
#: Height, m, and hour of the storm's peak at each gauge.
PEAKS = [("charleston", 4.331, 4), ("wilmington", 2.667, 8), ("beaufort", 1.792, 6)]
DAY_OF_LANDFALL = parse_time("1989-09-22T00:00:00Z")
HOUR = 3_600_000
SHARED = Path(__file__).parents[3] / "shared" / "data" / "sensors"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("hugo-1989")


@pytest.fixture(scope="module")
def nature(scenario: Scenario) -> Nature:
    return Nature(scenario, scenario.folders)


@pytest.mark.parametrize(("place", "peak_m", "hour"), PEAKS)
def test_each_gauge_has_73_hours_and_its_peak(
    scenario: Scenario, nature: Nature, place: str, peak_m: float, hour: int
) -> None:
    series = nature.series(Column(file=f"tide-{place}.csv", column="verified"))
    assert series.at_ms == tuple(range(scenario.start_ms, scenario.end_ms + 1, HOUR))
    assert len(series.at_ms) == 73
    peak_at = DAY_OF_LANDFALL + hour * HOUR
    assert series.value_at(peak_at) == peak_m
    assert max(series.value_at(at) for at in range(peak_at - 12 * HOUR, peak_at + 6 * HOUR, HOUR)) == peak_m


@pytest.mark.parametrize(("place", "station"), STATIONS)
def test_each_tide_table_is_the_predicted_column(nature: Nature, place: str, station: str) -> None:
    predicted = nature.series(Column(file=f"tide-{place}.csv", column="predicted"))
    assert nature.series(Column(file=f"table-{place}.csv")) == predicted
    assert station in (BUILT_IN / "hugo-1989" / f"table-{place}.csv").read_text(encoding="utf-8")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the source files are not on this machine")
@pytest.mark.parametrize(("place", "station"), STATIONS)
def test_each_figure_is_that_of_the_source(nature: Nature, place: str, station: str) -> None:
    with (SHARED / f"noaa_tide_{station}_hugo_1989.csv").open(encoding="utf-8") as lines:
        source = [(float(row[3]), float(row[2])) for row in list(csv.reader(lines))[1:]]
    verified = nature.series(Column(file=f"tide-{place}.csv", column="verified")).values
    predicted = nature.series(Column(file=f"tide-{place}.csv", column="predicted")).values
    assert list(zip(verified, predicted, strict=True)) == source


def test_the_coast_is_a_map_of_some_hundred_points(scenario: Scenario) -> None:
    box = read_box(scenario.file("coast.geojson"))
    assert (box.west, box.north) == (-81.6, 35.7)
    text = scenario.file("coast.geojson").read_text(encoding="utf-8")
    assert 200 < text.count("],[") < 600
    assert "Natural Earth" in text


def test_the_rough_faults_are_of_every_kind_and_some_fall_on_the_rising_flank(scenario: Scenario) -> None:
    faults = [f for f in scenario.faults["rough"] if isinstance(f, SystemFault)]
    assert {f.kind for f in faults} == {"broker-kill", "gateway-kill", "link-cut", "agent-kill"}
    assert sum(DAY_OF_LANDFALL - 3 * HOUR < f.at_ms < DAY_OF_LANDFALL + 8 * HOUR for f in faults) >= 3
    assert [f.for_s for f in faults if f.kind == "link-cut"] == [600]


def test_the_scenario_says_what_is_simulated_in_both_languages(scenario: Scenario) -> None:
    assert scenario.simulated.startswith("SIMULATED")
    assert scenario.simulated_zh.startswith("模拟")
    assert "public domain" in " ".join(scenario.sources)
