"""The twin's decisions: what is taken, tried, confirmed, taken back and refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.settings import AgentSettings, AnyRule, ResidualRule, RiseRule, ThresholdRule
from edge_agent.twin.memory import PARTS, WHOLE, Memory, charge, confirm, effective, report, take
from edge_agent.twin.overlay import sections_of
from edge_agent.wire.messages import MAX_FRAME_BYTES, KeyResult, Reported, TwinState
from edge_agent.wire.sections import MAX_DESIRED_BYTES, Sections
from tests.edge_agent.tasks.agents import flood, level, make_settings, rain, tide_table
from tests.edge_agent.twin.desires import desire

RULES = {"rules": {"flood.above": 3, "flood.clear": 2}}
TRIAL_S = 600.0


@pytest.fixture
def base(tmp_path: Path) -> AgentSettings:
    """A device's own file: a level, rain, and a flood at 5 m, cleared at 4 m."""
    surge = {"type": "residual", "name": "surge", "stream": "level", "predicted": "tide", "above": 1, "clear": 0.5}
    fast = {"type": "rise", "name": "fast", "stream": "level", "above": 1, "clear": 0}
    rules: list[AnyRule] = [flood(), ResidualRule.model_validate(surge), RiseRule.model_validate(fast)]
    return make_settings(tmp_path, level(), rain(), tide_table(tmp_path / "tide.csv"), rules=rules)


def flood_limits(settings: AgentSettings) -> tuple[float, float]:
    (rule,) = (r for r in settings.rule if isinstance(r, ThresholdRule))
    return rule.above, rule.clear


def state(memory: Memory) -> TwinState:
    assert memory.outcome is not None
    return memory.outcome.state


def results(memory: Memory) -> dict[str, KeyResult]:
    assert memory.outcome is not None
    return memory.outcome.results


def pay_all(memory: Memory) -> Memory:
    for _ in range(PARTS + 1):
        memory = charge(memory, TRIAL_S)
    return memory


# -- taking -------------------------------------------------------------------------------------------------


def test_a_change_is_on_trial_until_it_is_confirmed(base: AgentSettings) -> None:
    memory = take(Memory(), base, desire(RULES))
    assert (state(memory), flood_limits(effective(base, memory))) == (TwinState.TRIAL, (3, 2))
    assert results(memory) == {"rules.flood.above": KeyResult(True), "rules.flood.clear": KeyResult(True)}
    memory = confirm(memory)
    assert (state(memory), flood_limits(effective(base, memory)), memory.trial) == (TwinState.APPLIED, (3, 2), None)


def test_every_section_reaches_its_settings(base: AgentSettings) -> None:
    sections: Sections = {
        "sampling": {"level.interval_s": 10, "level.max_interval_s": 60, "level.deadband": 0.1},
        "rules": {"flood.hold_s": 30, "fast.window_s": 300, "surge.above": 2},
        "uplink": {"keepalive_s": 20, "window": 2, "ack_timeout_s": 2.5},
        "health": {"heartbeat_s": 15},
    }
    used = sections_of(effective(base, take(Memory(), base, desire(sections))))
    own = sections_of(base)
    assert used == {name: own[name] | keys for name, keys in sections.items()}


def test_what_is_not_desired_any_more_is_as_in_the_own_file(base: AgentSettings) -> None:
    memory = confirm(take(Memory(), base, desire(RULES)))
    memory = take(memory, base, desire({"health": {"heartbeat_s": 15}}, 2))
    assert flood_limits(effective(base, memory)) == (5, 4)


def test_what_changes_nothing_needs_no_trial(base: AgentSettings) -> None:
    memory = take(Memory(), base, desire({"rules": {"flood.above": 5}}))
    assert (state(memory), memory.trial) == (TwinState.APPLIED, None)


@pytest.mark.parametrize("ended", [confirm, pay_all, lambda memory: memory], ids=["applied", "reverted", "trial"])
def test_the_same_again_changes_nothing(base: AgentSettings, ended: object) -> None:
    assert callable(ended)
    memory = ended(take(Memory(), base, desire(RULES)))
    assert take(memory, base, desire(RULES)) is memory


def test_the_same_again_that_was_refused_changes_nothing(base: AgentSettings) -> None:
    payload = desire({"rules": {"flood.above": 3}})
    memory = take(Memory(), base, payload)
    assert state(memory) is TwinState.REFUSED
    assert take(memory, base, payload) is memory


def test_the_same_under_another_version_is_only_told(base: AgentSettings) -> None:
    memory = confirm(take(Memory(), base, desire(RULES)))
    again = take(memory, base, desire(RULES, 2))
    assert (again.trial, again.good, again.outcome and again.outcome.version) == (None, memory.good, 2)


def test_a_change_during_a_trial_begins_another_from_what_is_known_to_be_good(base: AgentSettings) -> None:
    good = confirm(take(Memory(), base, desire(RULES)))
    first = charge(take(good, base, desire({"rules": {"flood.above": 9}}, 2)), TRIAL_S)
    second = take(first, base, desire({"rules": {"flood.above": 8}}, 3))
    assert second.trial is not None
    assert (second.trial.parts, flood_limits(effective(base, second))) == (PARTS, (8, 4))
    assert flood_limits(effective(base, pay_all(second))) == (3, 2)


def test_an_edited_own_file_is_judged_anew(base: AgentSettings, tmp_path: Path) -> None:
    payload = desire({"rules": {"flood.above": 3}})
    refused = take(Memory(), base, payload)
    edited = make_settings(tmp_path, level(), rules=[flood(clear=1)])
    assert state(take(refused, edited, payload)) is TwinState.TRIAL


def test_what_no_longer_fits_the_own_file_is_left_out(base: AgentSettings, tmp_path: Path) -> None:
    memory = confirm(take(Memory(), base, desire(RULES | {"health": {"heartbeat_s": 15}})))
    edited = make_settings(tmp_path, level())
    assert effective(edited, memory).heartbeat_s == 15


# -- trials -------------------------------------------------------------------------------------------------


def test_a_trial_whose_time_is_over_is_taken_back_and_says_why(base: AgentSettings) -> None:
    memory = pay_all(take(Memory(), base, desire(RULES)))
    assert (state(memory), flood_limits(effective(base, memory))) == (TwinState.REVERTED, (5, 4))
    assert "not reached within 600 s" in results(memory)[WHOLE].error


def test_a_trial_lasts_for_all_its_parts(base: AgentSettings) -> None:
    memory = take(Memory(), base, desire(RULES))
    for _ in range(PARTS):
        memory = charge(memory, TRIAL_S)
    assert state(memory) is TwinState.TRIAL


def test_what_was_taken_back_is_tried_again_when_somebody_asks_anew(base: AgentSettings) -> None:
    memory = pay_all(take(Memory(), base, desire(RULES)))
    again = take(memory, base, desire(RULES, 2))
    assert (state(again), flood_limits(effective(base, again))) == (TwinState.TRIAL, (3, 2))


def test_what_was_taken_back_is_not_tried_because_rubbish_came_between(base: AgentSettings) -> None:
    reverted = pay_all(take(Memory(), base, desire(RULES)))
    after = take(take(reverted, base, b"rubbish"), base, desire(RULES))
    assert (state(after), after.trial) == (TwinState.REVERTED, None)


def test_rubbish_during_a_trial_neither_ends_nor_saves_it(base: AgentSettings) -> None:
    trial = take(take(Memory(), base, desire(RULES)), base, b"rubbish")
    assert (state(trial), flood_limits(effective(base, trial))) == (TwinState.REFUSED, (3, 2))
    reverted = pay_all(trial)
    assert flood_limits(effective(base, reverted)) == (5, 4)
    assert take(reverted, base, desire(RULES)).trial is None


# -- refusing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sections", "key", "words"),
    [
        ({"rules": {"flood.above": 3}}, "rules.flood.above", "`clear` must be less than `above`"),
        ({"rules": {"storm.above": 3}}, "rules.storm.above", "no such rule; it has: flood, surge, fast"),
        ({"rules": {"flood.window_s": 3}}, "rules.flood.window_s", "leave it out"),
        ({"rules": {"flood.above": "3"}}, "rules.flood.above", "give a number"),
        ({"rules": {"flood.above": None}}, "rules.flood.above", "give a number"),
        ({"rules": {"flood.above": {"a": []}}}, "rules.flood.above", "give a number"),
        ({"rules": {"flood.above": 1e300}}, "rules.flood.above", "out of range"),
        ({"sampling": {"wind.deadband": 1}}, "sampling.wind.deadband", "no such stream; it has: level, rain, tide"),
        ({"sampling": {"level.interval_s": 0}}, "sampling.level.interval_s", "above 0"),
        ({"sampling": {"level.channel": 1}}, "sampling.level.channel", "{interval_s, max_interval_s, deadband}"),
        ({"sampling": {"../level.deadband": 1}}, "sampling.../level.deadband", "no such key"),
        ({"uplink": {"keepalive_s": 20.5}}, "uplink.keepalive_s", "a whole number from 5 to 3600"),
        ({"uplink": {"host": "evil.example"}}, "uplink.host", "no such key"),
        ({"health": {"heartbeat_s": True}}, "health.heartbeat_s", "is no number"),
        ({"panel": {"siren_pin": 1}}, "panel", "no such section; use one of sampling, rules, uplink, health"),
    ],
)
def test_a_wrong_key_is_named_with_its_remedy_and_nothing_changes(
    base: AgentSettings, sections: object, key: str, words: str
) -> None:
    memory = take(Memory(), base, desire(sections))
    assert state(memory) is TwinState.REFUSED
    assert words in results(memory)[key].error
    assert effective(base, memory) == base


def test_a_wrong_section_stays_as_it_was_and_the_others_are_taken(base: AgentSettings) -> None:
    good = confirm(take(Memory(), base, desire(RULES)))
    wrong = {"rules": {"flood.above": "high"}, "health": {"heartbeat_s": 15}}
    memory = take(good, base, desire(wrong, 2))
    settings = effective(base, memory)
    assert (state(memory), settings.heartbeat_s, flood_limits(settings)) == (TwinState.TRIAL, 15, (3, 2))
    assert [key for key, result in results(memory).items() if not result.ok] == ["rules.flood.above"]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        pytest.param(b"", "cannot be read", id="empty"),
        pytest.param(b"\xff\xfe", "cannot be read", id="no text"),
        pytest.param(b"[" * 60_000, "cannot be read", id="deep"),
        pytest.param(desire({})[:-5], "cannot be read", id="cut off"),
        pytest.param(desire({"rules": {}}, 0), "cannot be read", id="version 0"),
        pytest.param(desire(RULES, v=2), "update it first", id="newer wire"),
        pytest.param(desire(RULES, hash="0" * 64), "not the one it names", id="wrong hash"),
        pytest.param(desire(RULES, hash="0" * 63), "cannot be read", id="no hash"),
        pytest.param(desire({"rules": [1]}), "cannot be read", id="section that is a list"),
        pytest.param(
            b'{"version":1,"hash":"' + b"0" * 64 + b'","sections":{"rules":{"a":1' + b"0" * 5000 + b'}},"at":1}',
            "cannot be read",
            id="number without end",
        ),
        pytest.param(
            desire({"rules": {"a": 1}}).replace(b'"a":1', b'"a":' + b"[" * 5000 + b"]" * 5000),
            "cannot be read",
            id="deep value",
        ),
        pytest.param(desire({"rules": {f"k{n}": n for n in range(501)}}), "more than 500 keys", id="many keys"),
        pytest.param(desire({"rules": {"a" * MAX_DESIRED_BYTES: 1}}), "are read", id="too large"),
        pytest.param(desire({f"s{n}": {} for n in range(17)}), "cannot be read", id="many sections"),
    ],
)
def test_a_message_that_cannot_be_used_is_refused_whole(base: AgentSettings, payload: bytes, words: str) -> None:
    memory = take(Memory(), base, payload)
    assert state(memory) is TwinState.REFUSED
    assert words in results(memory)[WHOLE].error
    assert effective(base, memory) == base
    assert take(memory, base, payload) is memory


def test_the_right_settings_are_taken_although_a_false_message_named_their_hash(base: AgentSettings) -> None:
    right = msgspec.json.decode(desire(RULES), type=dict[str, object])
    false = desire({"rules": {"flood.above": 99}}, hash=right["hash"])
    assert state(take(take(Memory(), base, false), base, desire(RULES))) is TwinState.TRIAL


# -- reporting ----------------------------------------------------------------------------------------------


def test_a_device_of_which_nothing_is_desired_reports_its_own_file(base: AgentSettings) -> None:
    said = report(Memory(), base, 5)
    assert (said.version, said.hash, said.state, said.results, said.at) == (0, "", TwinState.APPLIED, {}, 5)
    assert said.sections["rules"]["flood.above"] == msgspec.Raw(b"5.0")


@pytest.mark.parametrize(
    "sections",
    [
        {"rules": {f"{'k' * 100}{n}": n for n in range(500)}},
        {"x" * 60_000: {}},
        {"rules": {"y" * 60_000: 1}},
    ],
    ids=["many wrong keys", "long section", "long key"],
)
def test_the_answer_to_any_message_can_travel(base: AgentSettings, sections: object) -> None:
    said = msgspec.json.encode(report(take(Memory(), base, desire(sections)), base, 0))
    assert len(said) < MAX_FRAME_BYTES / 2
    assert msgspec.json.decode(said, type=Reported).state is TwinState.REFUSED


def test_memory_survives_its_own_text(base: AgentSettings) -> None:
    memory = pay_all(
        take(confirm(take(Memory(), base, desire(RULES))), base, desire({"health": {"heartbeat_s": 9}}, 2))
    )
    assert msgspec.json.decode(msgspec.json.encode(memory), type=Memory) == memory
