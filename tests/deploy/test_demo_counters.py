"""A day at two counters by real processes: what hands, keys, networks and kill -9 do to ratings."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cloud_gateway.evidence import weiran_verify
from cloud_gateway.evidence.export import export_log
from deploy.demo.conductor import closing_time, is_awaited
from deploy.demo.counted import Held, Row, Stored, find_broken, make_rating_report
from deploy.demo.folder import FolderTaken, kept_folder
from deploy.demo.hands import where, with_counters
from deploy.demo.happening import Happening
from edge_agent.wire.ratings import NotInvited, PressBody, RatingBody, ServedBy, ServiceBody, Source
from firmware_sim.forms import SystemFault
from firmware_sim.scenario import Scenario, load_scenario
from tests.deploy.stories import run_demo
from tests.firmware_sim.test_day import STORY

#: The same day without its ordinary customers: hands that are up to something, and lunch.
SHORT = """\
name = "short-day"
extends = "counter-day"
start = 2026-09-15T09:45:00+08:00

[[device]]
id = "desk-01"
[device.rating]
flow = []
card = [
  { at = 2026-09-15T09:46:00+08:00, clerk = "3101" },
  { at = 2026-09-15T09:56:03+08:00, clerk = "3101" },
  { at = 2026-09-15T09:57:30+08:00, clerk = "3101" },
]

[[device]]
id = "desk-02"
[device.rating]
flow = []
card = [
  { at = 2026-09-15T09:46:00+08:00, clerk = "3102" },
  { at = 2026-09-15T13:00:00+08:00, clerk = "3103" },
]
"""
#: The ratings of the service with a ticket.
RATED_AS = """
SELECT rating.score, rating.clerk FROM record AS said
JOIN rating ON rating.device = said.device AND rating.window = json_extract(CAST(said.body AS TEXT), '$.window')
WHERE said.kind = 'service/1' AND json_extract(CAST(said.body AS TEXT), '$.ticket') = ?
"""
WINDOW, COUNT = "a" * 32, "b" * 64
PRESSED = Stored("desk-1", PressBody("1", 3, Source.PIN, True), 4)
RATED = Stored("desk-1", RatingBody(WINDOW, "1", "7", 3, 3, COUNT, None, 900), 5)
SERVED = Stored(
    "desk-1",
    ServiceBody(WINDOW, "1", "7", ServedBy.COUNTER_SYSTEM, "A1", None, 0, 1, True, True, NotInvited.INVITED),
    6,
)
ROW = (Row(COUNT, 3), 8)
WAITS = Row(COUNT, 3, "hall", "counter", "1", "7")
HELD = Held([PRESSED, RATED, SERVED], [ROW], frozenset({5, 8}), 9, 1)


class Day(NamedTuple):
    """A day that was played, and the folder that was kept."""

    report: dict[str, Any]
    kept: Path


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """The short day, its lunch without a network, and its kill."""
    folder = tmp_path_factory.mktemp("day")
    story = folder / "scenario.toml"
    story.write_text(SHORT)
    kept = folder / "kept"
    return Day(run_demo(folder, "--scenario", str(story), "--keep", str(kept)), kept)


@pytest.mark.timeout(400)
def test_every_press_is_stored_with_the_outcome_that_the_script_expects(day: Day) -> None:
    ratings = day.report["ratings"]
    assert ratings["stored"] == ratings["expected"]
    assert ratings["stored"] == {
        "counted": 11, "mashing": 5, "no-window": 4, "repeat": 2, "staff-card": 1, "late": 1, "stuck": 1, "chatter": 1,
    }  # fmt: skip
    assert (ratings["walk_ups"], ratings["not_invited"]) == (1, {"no-event": 1, "not-ended": 1})


@pytest.mark.timeout(400)
def test_clerk_who_rates_himself_is_kept_not_counted_and_flagged(day: Day) -> None:
    ratings = day.report["ratings"]
    alone = ratings["stored"]["no-window"] + ratings["stored"]["staff-card"]
    assert (alone, ratings["flagged"] >= alone) == (5, True)
    assert ratings["ratings_counted"] + ratings["ratings_waiting"] == ratings["ratings_expected"] == 11


@pytest.mark.timeout(400)
def test_rating_pressed_without_a_network_and_before_kill_9_is_counted_once_and_proven(day: Day) -> None:
    ratings, seen = day.report["ratings"], {fault["kind"]: fault["seen_by"] for fault in day.report["faults"]}
    assert (ratings["lost"], ratings["doubled"], ratings["altered"], ratings["unproven"]) == ([], [], [], [])
    assert ratings["proofs_checked"] == 11
    assert {kind: bool(who) for kind, who in seen.items()} == {"link-cut": True, "agent-kill": True}
    with closing(sqlite3.connect(day.kept / "gateway" / "gateway.db")) as database:
        assert database.execute(RATED_AS, ["Q03"]).fetchall() == [(2, "3102")]


@pytest.mark.timeout(400)
def test_duty_manager_is_called_for_each_bad_rating_with_and_without_a_network(day: Day) -> None:
    assert (day.report["ratings"]["signals_seen"], day.report["ratings"]["signals_expected"]) == (3, 3)


@pytest.mark.timeout(400)
async def test_kept_folder_is_exported_and_verified_by_the_stand_alone_program(day: Day, tmp_path: Path) -> None:
    out = tmp_path / "log.jsonl"
    made = await export_log(day.kept / "gateway" / "gateway.db", out, 0)
    assert (made.sound, made.size) == (True, day.report["ratings"]["entries"])
    result = weiran_verify.verify_file(out, (), (), ())
    assert weiran_verify.describe(result)["sound"] is True


@pytest.fixture
def story(tmp_path: Path) -> Scenario:
    """One counter, one customer, who presses the best key."""
    file = tmp_path / "scenario.toml"
    file.write_text(STORY)
    return load_scenario(file)


def test_a_day_that_went_as_the_script_says_has_nothing_broken(story: Scenario) -> None:
    report = make_rating_report(story, HELD, 0)
    assert find_broken(report) == []
    assert (report.ratings_counted, report.proofs_checked, report.stored) == (1, 1, {"counted": 1})


def test_a_story_without_counters_has_nothing_broken() -> None:
    assert find_broken(None) == []


@pytest.mark.parametrize(
    ("held", "signals", "broken"),
    [
        pytest.param(HELD._replace(rows=[]), 0, ["lost 1", "ratings: 0 for 1"], id="not counted"),
        pytest.param(HELD._replace(records=[PRESSED, SERVED]), 0, ["lost 1"], id="its record is gone"),
        pytest.param(HELD._replace(rows=[ROW, ROW]), 0, ["doubled 1", "ratings: 2 for 1"], id="counted twice"),
        pytest.param(HELD._replace(rows=[(Row(COUNT, 1), 8)]), 0, ["altered 1"], id="another score"),
        pytest.param(HELD._replace(proven=frozenset({5})), 0, ["unproven 1"], id="its row is not proven"),
        pytest.param(HELD._replace(proven=frozenset({8})), 0, ["unproven 1"], id="its record is not proven"),
        pytest.param(
            HELD._replace(records=[RATED, SERVED]), 0, ["presses: {} for {'counted': 1}"], id="its press is gone"
        ),
        pytest.param(HELD._replace(rows=[], waiting=[WAITS], k=2), 0, [], id="it waits for others of its clerk"),
        pytest.param(
            HELD._replace(rows=[], waiting=[WAITS]),
            0,
            ["ratings that should be released: 1 for 0"],
            id="it waits still",
        ),
        pytest.param(HELD._replace(rows=[(WAITS, 8)], k=2), 0, ["exposed 1"], id="it was released alone"),
        pytest.param(
            HELD._replace(rows=[], waiting=[WAITS], k=2, proven=frozenset()), 0, ["unproven 1"], id="it waits unproven"
        ),
        pytest.param(HELD, 1, ["signals: 1 for 0"], id="the manager was called for nothing"),
    ],
)
def test_what_is_broken_is_named(story: Scenario, held: Held, signals: int, broken: list[str]) -> None:
    assert find_broken(make_rating_report(story, held, signals)) == [f"ratings: {what}" for what in broken]


def happening(kind: str, began_s: float, ended_s: float) -> Happening:
    fault = {"name": "fault", "kind": kind, "target": "all", "at": "2026-09-15T00:00:10Z", "for_s": 10}
    return Happening(SystemFault.model_validate(fault), began_s, ended_s)


@pytest.mark.parametrize(
    ("kind", "began_s", "ended_s", "awaited"),
    [
        pytest.param("link-cut", 0, 0, [False, True, True], id="not begun"),
        pytest.param("link-cut", 1, 0, [False, False, True], id="cut"),
        pytest.param("agent-kill", 1, 0, [False, True, True], id="killed and not back"),
        pytest.param("agent-kill", 1, 2, [False, False, False], id="back"),
    ],
)
def test_story_is_held_until_its_fault_has_taken_place(
    kind: str, began_s: float, ended_s: float, awaited: list[bool]
) -> None:
    one = happening(kind, began_s, ended_s)
    begin, end = one.fault.at_ms, one.fault.until_ms
    assert [is_awaited(one, moment) for moment in (begin - 1, begin, end)] == awaited


def test_counters_close_after_the_last_deed(story: Scenario) -> None:
    closes = closing_time(story)
    assert closes is not None
    assert story.device[0].rating is not None
    assert 120_000 < closes - story.device[0].rating.hand[0].at_ms < 121_000
    assert closing_time(load_scenario("quick")) is None


def test_a_story_without_counters_is_lent_two_at_its_first_site() -> None:
    lent = with_counters(load_scenario("quick"))
    assert [form.site for form in lent.device if form.rating is not None] == ["yard", "yard"]
    own = load_scenario("counter-day")
    assert with_counters(own) is own


def test_a_key_of_a_kept_demo_is_pressed_in_its_folder(tmp_path: Path) -> None:
    assert where(tmp_path / "a demo") == f" --folder '{tmp_path}/a demo'"
    assert where(tmp_path / "weiran-demo.x1") == ""


def test_kept_folder_is_new_and_its_users_alone(tmp_path: Path) -> None:
    with kept_folder(tmp_path / "kept") as folder:
        (folder / "file").touch()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "kept" / "file").exists()
    with pytest.raises(FolderTaken, match="is not empty"), kept_folder(tmp_path / "kept"):
        pass
