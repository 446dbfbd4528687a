"""How an alarm stands from its steps."""

from __future__ import annotations

import pytest

from cloud_gateway.alarms.hand import Hand, Kind, State, Step, changes, possible, stand

SEEN = Step(1, "chen", Kind.ACKNOWLEDGED)
GIVEN = Step(2, "chen", Kind.ASSIGNED, whom="li")
BACK = Step(3, "li", Kind.ASSIGNED)
NOTED = Step(4, "wang", Kind.NOTED, text="the pump runs")
CLOSED = Step(5, "li", Kind.CLOSED, text="dry again")
DESPITE = Step(5, "li", Kind.CLOSED, text="gauge is being cleaned", crossed=True)
REOPENED = Step(6, "chen", Kind.REOPENED)
AGAIN = Step(7, "wang", Kind.ACKNOWLEDGED)

STANDS = [
    ("nothing done", [], True, State.OPEN, "", False),
    ("seen", [SEEN], True, State.ACKNOWLEDGED, "chen", False),
    ("given to somebody", [SEEN, GIVEN], True, State.ASSIGNED, "li", False),
    ("given back to nobody", [SEEN, GIVEN, BACK], True, State.ACKNOWLEDGED, "chen", False),
    ("a note changes nothing", [NOTED], True, State.OPEN, "", False),
    ("cleared by the device", [SEEN], False, State.CLEARED, "chen", False),
    ("cleared, nobody looked", [], False, State.CLEARED, "", False),
    ("closed once it was clear", [SEEN, CLOSED], False, State.CLOSED, "chen", False),
    ("noted after the closing", [SEEN, CLOSED, NOTED], False, State.CLOSED, "chen", False),
    ("crossed again after the closing", [SEEN, GIVEN, CLOSED], True, State.OPEN, "", True),
    ("taken after it came back", [GIVEN, CLOSED, AGAIN], True, State.ACKNOWLEDGED, "wang", True),
    ("taken after it came back, clear now", [GIVEN, CLOSED, AGAIN], False, State.CLEARED, "wang", True),
    ("taken anew and given back to nobody", [SEEN, GIVEN, CLOSED, AGAIN, BACK], True, State.ACKNOWLEDGED, "wang", True),
    ("opened again, and seen by another", [GIVEN, CLOSED, REOPENED, AGAIN], True, State.ASSIGNED, "li", True),
    ("closed although crossed", [GIVEN, DESPITE], True, State.CLOSED, "li", False),
    ("closed although crossed, clear now", [GIVEN, DESPITE], False, State.CLOSED, "li", False),
    ("opened again by a person", [SEEN, DESPITE, REOPENED], True, State.ACKNOWLEDGED, "chen", True),
    ("opened again and closed", [CLOSED, REOPENED, CLOSED], False, State.CLOSED, "", False),
]


@pytest.mark.parametrize(
    ("steps", "crossed", "state", "holder", "again"), [case[1:] for case in STANDS], ids=[case[0] for case in STANDS]
)
def test_an_alarm_stands_as_its_steps_and_its_device_say(
    steps: list[Step], crossed: bool, state: State, holder: str, again: bool
) -> None:
    hand = stand(steps, crossed)
    assert (hand.state, hand.holder, hand.again) == (state, holder, again)


def test_a_closing_says_who_when_and_why() -> None:
    hand = stand([SEEN, CLOSED], False)
    assert (hand.closed_by, hand.closed_at, hand.reason) == ("li", 5, "dry again")


@pytest.mark.parametrize(
    ("hand", "acts"),
    [
        (Hand(), {Kind.ACKNOWLEDGED, Kind.ASSIGNED, Kind.NOTED, Kind.CLOSED}),
        (Hand(State.ACKNOWLEDGED, acknowledged_by="chen"), {Kind.ASSIGNED, Kind.NOTED, Kind.CLOSED}),
        (Hand(State.CLEARED), {Kind.ACKNOWLEDGED, Kind.ASSIGNED, Kind.NOTED, Kind.CLOSED}),
        (Hand(State.CLOSED, closed_by="li", closed_at=5), {Kind.NOTED, Kind.REOPENED}),
    ],
    ids=["open", "acknowledged", "cleared", "closed"],
)
def test_what_can_be_done_depends_on_how_it_stands(hand: Hand, acts: set[Kind]) -> None:
    assert possible(hand) == acts


@pytest.mark.parametrize(
    ("step", "expected"),
    [(SEEN, False), (GIVEN, False), (BACK, True), (NOTED, True), (CLOSED, True)],
    ids=["acknowledged twice", "given to the same", "given to another", "noted", "closed"],
)
def test_the_same_again_changes_nothing(step: Step, expected: bool) -> None:
    assert changes(Hand(State.ASSIGNED, acknowledged_by="wang", assignee="li"), step) is expected
