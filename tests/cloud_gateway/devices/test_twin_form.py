"""The form of a device's settings: what people enter is checked before it is desired."""

from __future__ import annotations

import msgspec
import pytest

from cloud_gateway.devices.twin_form import compose_twin, read_entered
from cloud_gateway.devices.words import SETTINGS
from cloud_gateway.twin.store import Twin
from edge_agent.wire.messages import KeyResult, Reported, TwinState
from edge_agent.wire.sections import SECTIONS

IN_USE = {"rules": {"flood.above": msgspec.Raw(b"5"), "flood.clear": msgspec.Raw(b"4")}}
SAID = Reported(1, "h", TwinState.REFUSED, {"rules.flood.above": KeyResult(False, "too high")}, IN_USE, 7)
TWIN = Twin("d", 1, "h", {"rules": {"flood.above": 9}}, 1, "ana", SAID, 2)


ENTERED = [
    ("a number", "rules", {"value:flood.above": " 3.5 "}, {"flood.above": 3.5}, {}),
    ("a whole number stays one", "uplink", {"value:window": "4"}, {"window": 4}, {}),
    ("empty leaves it to the device", "rules", {"value:flood.above": ""}, {}, {}),
    ("one more", "health", {"more": "heartbeat_s", "more-value": "30"}, {"heartbeat_s": 30}, {}),
    ("one more without a value", "health", {"more": "heartbeat_s"}, {}, {"heartbeat_s": "number"}),
    ("no number", "rules", {"value:flood.above": "high"}, {}, {"flood.above": "number"}),
    ("not a number", "rules", {"value:flood.above": "nan"}, {}, {"flood.above": "number"}),
    ("out of range", "uplink", {"value:window": "257"}, {}, {"window": "bounds"}),
    ("above nought", "health", {"value:heartbeat_s": "0"}, {}, {"heartbeat_s": "bounds"}),
    ("half of a window", "uplink", {"value:window": "1.5"}, {}, {"window": "bounds"}),
    ("no such setting", "uplink", {"more": "speed", "more-value": "1"}, {}, {"speed": "key"}),
    ("a rule is not named", "rules", {"more": "above", "more-value": "1"}, {}, {"above": "key"}),
    ("a name too many", "uplink", {"more": "a.window", "more-value": "1"}, {}, {"a.window": "key"}),
    ("signs", "rules", {"more": "<b>.above", "more-value": "1"}, {}, {"<b>.above": "key"}),
]


@pytest.mark.parametrize(("section", "sent", "keys", "faults"), [c[1:] for c in ENTERED], ids=[c[0] for c in ENTERED])
def test_form_is_read(section: str, sent: dict[str, str], keys: dict[str, float], faults: dict[str, str]) -> None:
    entered = read_entered(section, sent)
    assert (entered.keys, entered.faults) == (keys, faults)


def test_desired_stands_beside_what_is_in_use_with_what_the_device_said() -> None:
    rules = next(form for form in compose_twin(TWIN) if form.name == "rules")
    assert [(f.key, f.entered, f.desired, f.used, f.said, f.differs) for f in rules.fields] == [
        ("flood.above", "9", 9, 5, "too high", True),
        ("flood.clear", "", None, 4, "", False),
    ]


def test_keys_of_its_own_rules_and_streams_are_offered() -> None:
    forms = {form.name: form.addable for form in compose_twin(TWIN, None, {"rules": ["flood"], "sampling": []})}
    assert forms["rules"] == ("flood.above", "flood.clear", "flood.hold_s", "flood.window_s")
    assert (forms["sampling"], forms["health"]) == ((), ("heartbeat_s",))


def test_what_was_entered_wrongly_stays_in_the_form() -> None:
    sent = {"value:flood.above": "high", "more": "speed", "more-value": "1"}
    rules = next(form for form in compose_twin(TWIN, read_entered("rules", sent)) if form.name == "rules")
    assert [(f.entered, f.fault) for f in rules.fields] == [("high", "number"), ("", "")]
    assert (rules.more, rules.more_value, rules.more_fault) == ("speed", "1", "key")


def test_every_setting_has_its_words() -> None:
    assert set(SETTINGS) == {setting for settings, _targeted in SECTIONS.values() for setting in settings}
