"""Scenario files: every mistake named with file, field and remedy; the built-in ones without any."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from edge_agent.settings import TableSensor
from firmware_sim.scenario import (
    ScenarioError,
    agent_settings,
    built_in_scenarios,
    check_scenario,
    load_scenario,
)
from tests.firmware_sim.stories import LEVELS, RAIN, STORY, TABLE, write_story

BUILT_IN = ["cedar-rapids-2024", "counter-day", "hugo-1989", "hugo-1989-predicted", "quick", "shanghai-typhoon"]


def _told(file: Path) -> list[str]:
    return [str(problem) for problem in check_scenario(file)]


def test_a_right_scenario_has_no_problems(tmp_path: Path) -> None:
    assert _told(write_story(tmp_path)) == []


def test_a_folder_a_file_and_a_built_in_name_can_be_loaded(tmp_path: Path) -> None:
    file = write_story(tmp_path)
    assert load_scenario(file) == load_scenario(tmp_path)
    assert load_scenario("quick").name == "quick"


def test_every_story_with_warnings_has_a_map_and_says_whose_it_is() -> None:
    stories = [scenario for scenario in built_in_scenarios() if scenario.warning]
    outlines = [json.loads(story.file(str(story.outline)).read_text())["source"] for story in stories]
    assert [story.name for story in stories] == ["cedar-rapids-2024", "hugo-1989", "shanghai-typhoon"]
    assert [("public domain" in source) for source in outlines] == [True, True, True]


def test_the_built_in_scenarios_have_no_problems() -> None:
    assert [s.name for s in built_in_scenarios()] == BUILT_IN


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param('name = "small"\n', "", "scenario.toml: name: is missing. Add it.", id="missing key"),
        pytest.param(
            "per_pulse",
            "per_puls",
            "device[gauge-1].sensor[rain].per_puls: is not a known key. Did you mean 'per_pulse'?",
            id="misspelt key",
        ),
        pytest.param('kind = "analog"', 'kind = "analogue"', "sensor[level].kind: 'analogue' is not", id="kind"),
        pytest.param('kind = "analog"\n', "", "device[gauge-1].sensor[level].kind: is missing", id="no kind"),
        pytest.param("channel = 0", "channel = 9", "device[gauge-1].sensor[level].channel: input", id="channel"),
        pytest.param("low = 0", "low = nan", "device[gauge-1].sensor[level].low: input should be a fin", id="NaN"),
        pytest.param("high = 4", "high = 0", "sensor[level]: `low` and `high` are the same", id="no range"),
        pytest.param("high = 4", "high = 1.5", "1 values lie outside 0 to 1.5, the first is 2", id="out of range"),
        pytest.param("clear = 1.0", "clear = 1.5", "`clear` must be less than `above`", id="no hysteresis"),
        pytest.param(
            'stream = "level"\nabove', 'stream = "depth"\nabove', "watches 'depth', which no", id="rule on nothing"
        ),
        pytest.param("siren_pin = 22", "siren_pin = 18", "pin '18' is used twice", id="pin twice"),
        pytest.param("pin = 17", "pin = 9", "pin 9 belongs to the converter", id="pin of the converter"),
        pytest.param("end = 2026-01-01T01", "end = 2025-01-01T01", "scenario.toml: end: is not after", id="end"),
        pytest.param("end = 2026-01-01T01", "end = 2036-01-01T01", "end: .* more than 400 days", id="too long"),
        pytest.param("end = 2026-01-01T01", "end = 2026-01-01T02", "does not reach from `start` to", id="short data"),
        pytest.param("T00:00:00Z\nend", "T00:00:00\nend", "start: is not a time with a zone", id="no zone"),
        pytest.param("Asia/Shanghai", "Asia/Pudong", "site[quay].zone: 'Asia/Pudong' is not", id="zone"),
        pytest.param("latitude = 30.0", "latitude = 121.0", "site[quay].latitude: input", id="latitude"),
        pytest.param('site = "quay"', 'site = "pier"', "device[gauge-1].site: there is no site", id="site"),
        pytest.param('id = "gauge-1"', 'id = "Gauge 1"', "device[Gauge 1].id: 'Gauge 1' is not", id="device id"),
        pytest.param('"levels.csv"', '"level.csv"', "level.csv: .*is not in the scenario's folder", id="no file"),
        pytest.param('"levels.csv"', '"../levels.csv"', "is not in the scenario's folder", id="outside"),
        pytest.param('"levels.csv"', '"/etc/passwd"', "is not in the scenario's folder", id="absolute"),
        pytest.param('"table.csv"', '"../table.csv"', "is not in the scenario's folder", id="table outside"),
        pytest.param('column = "level"', 'column = "stage"', "levels.csv: .*line 1: .*'stage'; the he", id="column"),
        pytest.param('catchment = "yard"', 'catchment = "roof"', "there is no catchment 'roof'", id="catchment"),
        pytest.param(
            'source = "rain", catchment',
            'source = "level", catchment',
            "sensor[rain]: its kind pulse cannot sense 'level'",
            id="source that does not fit",
        ),
        pytest.param("\ndoor = {", "\ngate = {", "sensor[door]: is wired to nothing", id="not wired"),
        pytest.param("\ndoor = {", "\ngate = {", "wiring.gate: there is no such sensor", id="wired to nothing"),
        pytest.param('00:40:00Z }]', '00:10:00Z }]', "wiring.door: each span must end after it begins", id="span"),
        pytest.param('"gauge-1/door"', '"gauge-1/level"', "'gauge-1/level' is not the device/stream", id="target"),
        pytest.param("for_s = 60", "for_s = 6000", "faults.sensors[stuck]: is not within the story", id="fault time"),
        pytest.param("closed = true", "shut = true", "faults.sensors[stuck].closed: is missing", id="fault key"),
        pytest.param('kind = "stuck"', 'kind = "ghost"', "faults.sensors[stuck].kind: 'ghost' is not", id="fault kind"),
        pytest.param("[[site]]", 'outline = "coast.geojson"\n[[site]]', "outline: 'coast.geojson' is", id="outline"),
        pytest.param("[[site]]", "[[site", "scenario.toml: is not TOML: .*line 9", id="broken TOML"),
        pytest.param('name = "small"', 'name = "small"\nextends = "none"', "extends: there is no other", id="parent"),
        pytest.param('name = "small"', 'name = "small"\nextends = "../../etc"', "extends: there is", id="far parent"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    problems = "\n".join(_told(write_story(tmp_path, STORY.replace(old, new))))
    assert re.search(told.replace("[", r"\[").replace("]", r"\]"), problems), problems


FIELD = """
[[faults.field]]
name = "first"
at = 2026-01-01T00:10:00Z
for_s = 60
kind = "disk-full"
target = "gauge-1"
[[faults.field]]
name = "second"
at = 2026-01-01T00:20:00Z
for_s = 60
"""


@pytest.mark.parametrize(
    ("second", "told"),
    [
        pytest.param('kind = "power-cut"\ntarget = "all"', "whose disk is filled", id="power cut on a small disk"),
        pytest.param('kind = "clock-step"\ntarget = "gauge-1"', "either `to` or `by_s`", id="step to nowhere"),
        pytest.param('kind = "clone"\ntarget = "gauge-1"\nby_s = 5', "no other kind has them", id="step of a clone"),
        pytest.param('kind = "revoke"\ntarget = "all"', "'all' is not a device's id", id="all revoked"),
        pytest.param('kind = "gateway-restore"\ntarget = "broker"', "'broker' is not \"gateway\"", id="other part"),
    ],
)
def test_a_fault_that_cannot_be_is_named(tmp_path: Path, second: str, told: str) -> None:
    problems = _told(write_story(tmp_path, STORY + FIELD + second + "\n"))
    assert len(problems) == 1
    assert told in problems[0]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        pytest.param({"levels": LEVELS + "x,1,1\n"}, "levels.csv: .*line 4: 'x' is not a time", id="time"),
        pytest.param({"levels": LEVELS.replace("2.0", "nan")}, "levels.csv: .*line 3: level: 'nan'", id="NaN"),
        pytest.param({"table": TABLE.replace("value", "tide")}, "table.csv: .*column 'value'", id="table's column"),
        pytest.param({"rain": RAIN.replace("60", "-1")}, "rain: 1 values lie outside 0 to 500", id="negative rain"),
        pytest.param({"rain": RAIN.replace("60", "9000")}, "rain: 1 values lie outside 0 to 500", id="absurd rain"),
    ],
)
def test_a_mistake_in_a_csv_file_is_named_with_its_line(tmp_path: Path, files: dict[str, str], told: str) -> None:
    (problem,) = _told(write_story(tmp_path, **files))
    assert re.search(told, problem), problem


def test_a_scenario_without_devices_is_refused(tmp_path: Path) -> None:
    story = STORY[: STORY.index("[[device]]")].replace("[[site]]", "device = []\n[[site]]")
    assert _told(write_story(tmp_path, story)) == [
        "scenario.toml: device: there is none. Add a [[device]], or there is nothing to run."
    ]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    file = write_story(tmp_path, STORY.replace("Asia/Shanghai", "Moon").replace("yard", "roof", 1))
    assert len(_told(file)) == 2


def test_a_file_used_twice_is_told_of_once(tmp_path: Path) -> None:
    twice = STORY.replace("rain = { file", 'sea = { file = "levels.csv", column = "level" }\nrain = { file')
    assert len(_told(write_story(tmp_path, twice, levels="at,level\n"))) == 1


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    file = write_story(tmp_path / "story")
    (tmp_path / "secret.csv").write_text(LEVELS)
    (file.parent / "levels.csv").unlink()
    (file.parent / "levels.csv").symlink_to(tmp_path / "secret.csv")
    assert "is not in the scenario's folder" in _told(file)[0]


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = write_story(tmp_path)
    with file.open("ab") as stream:
        stream.truncate(5_000_000)
    assert "is larger than" in _told(file)[0]


def test_an_unknown_scenario_is_told_with_those_there_are() -> None:
    with pytest.raises(ScenarioError, match=r"no such scenario.*hugo-1989.*quick"):
        load_scenario("hugo-1889")


def test_a_variant_changes_named_tables_and_keeps_the_rest(tmp_path: Path) -> None:
    write_story(tmp_path / "small")
    file = tmp_path / "variant" / "scenario.toml"
    file.parent.mkdir()
    file.write_text(
        'name = "variant"\nextends = "small"\n'
        '[[device]]\nid = "gauge-1"\nwiring = { level = { column = "forecast" } }\n'
    )
    assert _told(file) == []
    small, variant = load_scenario(tmp_path / "small"), load_scenario(file)
    assert variant.device[0].wiring["level"].model_dump() == {
        **small.device[0].wiring["level"].model_dump(),
        "column": "forecast",
    }
    assert variant.device[0].sensor == small.device[0].sensor
    assert variant.title == "Small"
    assert variant.file("levels.csv") == tmp_path / "small" / "levels.csv"


def test_scenarios_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('extends = "b"\n')
    (tmp_path / "b.toml").write_text('extends = "a"\n')
    assert "there is no other scenario 'a' to extend" in _told(tmp_path / "a.toml")[0]


def test_a_site_outside_the_map_is_told(tmp_path: Path) -> None:
    ring = [[0, 0], [1, 0], [1, 1], [0, 0]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    outline = {"type": "FeatureCollection", "features": [feature]}
    file = write_story(tmp_path, STORY.replace("[[site]]", 'outline = "map.json"\n[[site]]'))
    (tmp_path / "map.json").write_text(json.dumps(outline))
    assert _told(file)[0].startswith("scenario.toml: site[quay]: lies outside the map (0.00 to 1.00 E")


@pytest.mark.parametrize("text", ['{"type": "Feature"}', "[]", "{", '{"type": "FeatureCollection", "features": []}'])
def test_a_file_that_is_no_outline_is_told(tmp_path: Path, text: str) -> None:
    file = write_story(tmp_path, STORY.replace("[[site]]", 'outline = "map.json"\n[[site]]'))
    (tmp_path / "map.json").write_text(text)
    assert _told(file)[0].startswith("map.json: outline: ")


def test_an_agent_gets_the_settings_of_its_device(tmp_path: Path) -> None:
    scenario = load_scenario(write_story(tmp_path / "story"))
    settings = agent_settings(scenario, "gauge-1", tmp_path / "state", "broker.example", 1884, tmp_path / "devices")
    assert (settings.device, settings.broker.host, settings.broker.port) == ("gauge-1", "broker.example", 1884)
    assert settings.state_dir == tmp_path / "state"
    assert settings.identity.folder == tmp_path / "devices" / "gauge-1"
    assert [s.stream for s in settings.sensor] == ["level", "forecast", "door", "rain"]
    assert [s.file for s in settings.sensor if isinstance(s, TableSensor)] == [tmp_path / "story" / "table.csv"]
    assert settings.rule[0].name == "high"


def test_an_unknown_device_is_refused(tmp_path: Path) -> None:
    scenario = load_scenario(write_story(tmp_path))
    with pytest.raises(KeyError, match="gauge-2"):
        agent_settings(scenario, "gauge-2", tmp_path, "localhost", 1883)
