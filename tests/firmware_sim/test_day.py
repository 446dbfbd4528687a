"""The day at a SIMULATED counter: what happens when, and what the script itself expects."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.day import Act, Looked, Moved, Said, Stood, Waited, expect_day, list_acts, list_visits
from firmware_sim.hall import Desk
from firmware_sim.scenario import check_scenario, load_scenario

T = "2026-09-15T10:00:00Z"
LATER = "2026-09-15T10:04:00Z"
AT, LATER_AT = 1_789_466_400_000, 1_789_466_640_000
STORY = """\
name = "small"
title = "Small"
title_zh = "小"
simulated = "SIMULATED: all of it."
simulated_zh = "模拟"
start = 2026-09-15T00:00:00Z
end = 2026-09-15T12:00:00Z
station = [{ code = "hall", name = "H", name_zh = "厅", clerk = [{ number = "7", name = "N", card = "C" }] }]

[[site]]
code = "hall"
name = "Hall"
name_zh = "厅"
latitude = 30.0
longitude = 121.0
zone = "Asia/Shanghai"
area = "330203"

[[device]]
id = "desk-1"
site = "hall"
role = "rating-terminal"

[device.rating]
station = "hall"
counter = "1"
button_pins = [5, 6, 13]
card = [{ at = 2026-09-15T08:00:00Z, clerk = "7" }]
visit = [{ at = 2026-09-15T10:00:00Z, ticket = "A1" }]
hand = [{ at = 2026-09-15T10:03:00Z, score = 3, ticket = "A1", expect = ["counted"] }]
"""


def desk(**given: Any) -> Desk:
    keys = {"station": "hall", "counter": "1", "button_pins": [5, 6, 13], "signal_pin": 17}
    return Desk.model_validate(keys | given)


def test_visit_is_told_rated_and_looked_after_when_it_was_bad() -> None:
    visit = {"at": T, "ticket": "A1", "serve_s": 60, "waited_s": 5, "score": 1, "after_s": 4}
    acts = list_acts(desk(visit=[visit]), (), seed=1)
    told = [act for act in acts if not isinstance(act.deed, Moved | Stood)]
    assert told == [
        Act(AT, Said("begin", "A1", 5)),
        Act(AT + 60_000, Said("end", "A1")),
        Act(AT + 65_000, Looked()),
    ]
    moves = [act for act in acts if isinstance(act.deed, Moved)]
    assert (moves[0], moves[-1].deed) == (Act(AT + 64_000, Moved(0, True)), Moved(0, False))


def test_walk_up_is_seen_and_not_told() -> None:
    acts = list_acts(desk(visit=[{"at": T, "serve_s": 60}]), (), seed=1)
    assert acts == [Act(AT - 5_000, Stood(True)), Act(AT + 80_000, Stood(False))]


def test_who_comes_while_another_stands_there_is_not_seen_to_come() -> None:
    visits = [{"at": T, "serve_s": 235}, {"at": LATER, "serve_s": 60}]
    seen = list_acts(desk(visit=visits), (), seed=1)
    assert seen == [Act(AT - 5_000, Stood(True)), Act(LATER_AT + 80_000, Stood(False))]


def test_story_can_be_held_at_an_instant_at_which_nothing_happens() -> None:
    assert list_acts(desk(), (), 1, stops=[AT]) == [Act(AT, Waited())]


def test_drawn_customers_are_the_same_for_the_same_seed_and_never_together() -> None:
    one = desk(flow=[{"begin": T, "end": "2026-09-15T16:00:00Z", "every_s": 300, "prefix": "A"}])
    visits = list_visits(one, 1)
    assert visits == list_visits(one, 1) != list_visits(one, 2)
    assert len(visits) == 71
    gaps = [later.at_ms - earlier.end_ms for earlier, later in pairwise(visits)]
    assert min(gaps) > 100_000  # window and press of the one before are over


def test_the_script_says_what_it_expects() -> None:
    rated = [{"at": T, "ticket": "A1", "score": 1}, {"at": T, "ticket": "A3", "score": 2}]
    visits = [*rated, {"at": LATER, "ticket": "A2"}, {"at": LATER}]
    mashing = {"at": LATER, "score": 3, "touch": "mash", "ticket": "A2", "expect": ["counted", "repeat", "mashing"]}
    alone = {"at": T, "score": 3, "expect": ["no-window"]}
    expected = expect_day(desk(visit=visits, hand=[mashing, alone]), seed=1)
    assert expected.scores == {"A1": 1, "A2": 3, "A3": 2}
    assert expected.outcomes == Counter({"counted": 3, "repeat": 1, "mashing": 1, "no-window": 1})
    assert (expected.signals, expected.services, expected.walk_ups) == (1, 3, 1)


@pytest.mark.parametrize(
    ("old", "new", "field", "what"),
    [
        pytest.param('clerk = "7"', 'clerk = "8"', "rating.card", "no clerk '8'", id="unknown clerk"),
        pytest.param('station = "hall"', 'station = "pier"', "rating.station", "no station 'pier'", id="no station"),
        pytest.param('role = "rating-terminal"', "", "role", "go together", id="role of a sensor node"),
        pytest.param("[5, 6, 13]", "[5, 6, 5]", "rating", "pin 5 is used twice", id="pin used twice"),
        pytest.param('ticket = "A1", expect', 'ticket = "A9", expect', "rating.hand", "'A9'", id="nobody's ticket"),
        pytest.param('"A1" }', '"A1", score = 2 }', "rating.hand", "rated twice", id="rated twice"),
        pytest.param("score = 3", "score = 4", "rating", "above the scale", id="score above the scale"),
        pytest.param("T10:03", "T12:03", "rating", "outside of the story", id="after the end"),
        pytest.param('"counted"', '"liked"', "rating.hand", "'liked' is no outcome", id="unknown outcome"),
        pytest.param("end = 2", 'usual_faults = "worn"\nend = 2', "usual_faults", "no set 'worn'", id="no such set"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, old: str, new: str, field: str, what: str) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(STORY.replace(old, new, 1))
    problem, *_ = check_scenario(file)
    assert field in problem.field
    assert what in problem.what


def test_a_day_without_mistakes_is_played(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(STORY)
    assert check_scenario(file) == []


def test_the_day_of_two_counters_has_every_kind_of_press() -> None:
    scenario = load_scenario("counter-day")
    days = [expect_day(device.rating, scenario.seed) for device in scenario.device if device.rating is not None]
    outcomes = sum((day.outcomes for day in days), Counter[str]())
    reasons = {"counted", "no-window", "repeat", "late", "staff-card", "stuck", "chatter", "mashing"}
    assert (len(days), set(outcomes)) == (2, reasons)
    assert min(day.signals for day in days) >= 1
