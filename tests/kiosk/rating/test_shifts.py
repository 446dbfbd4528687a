"""Shifts: cards sign on, pause, leave and hand over; a card that lies there is one reading."""

from __future__ import annotations

import pytest

from edge_agent.wire.messages import ClerkBadge
from edge_agent.wire.ratings import ShiftState, card_digest
from kiosk.rating.shifts import Shift, Shifts, find_clerk

S = 1_000_000_000
ON, BREAK, OFF = ShiftState.ON, ShiftState.BREAK, ShiftState.OFF
CARD_KEY = b"k" * 32
CLERKS = [ClerkBadge("3107", "Li Min", card_digest(CARD_KEY, "04A1B2")), ClerkBadge("3108", "Wang Fang")]

STORIES: dict[str, tuple[list[tuple[str, int]], list[tuple[str, ShiftState]]]] = {
    "signs on": ([("A", 0)], [("A", ON)]),
    "card left on the reader": ([("A", 0), ("A", 3), ("A", 6), ("A", 9)], [("A", ON)]),
    "goes for a break": ([("A", 0), ("A", 60)], [("A", ON), ("A", BREAK)]),
    "comes back": ([("A", 0), ("A", 60), ("A", 600)], [("A", ON), ("A", BREAK), ("A", ON)]),
    "leaves": ([("A", 0), ("A", 60), ("A", 70)], [("A", ON), ("A", BREAK), ("A", OFF)]),
    "hands over": ([("A", 0), ("B", 2)], [("A", ON), ("A", OFF), ("B", ON)]),
    "is relieved in the break": ([("A", 0), ("A", 60), ("B", 61)], [("A", ON), ("A", BREAK), ("A", OFF), ("B", ON)]),
}


@pytest.mark.parametrize(("readings", "states"), STORIES.values(), ids=STORIES)
def test_cards_make_shifts(readings: list[tuple[str, int]], states: list[tuple[str, ShiftState]]) -> None:
    shifts = Shifts(card_s=5, shift_s=50_400)
    told = [shift for clerk, second in readings for shift in shifts.read(clerk, second * 1000, second * S)]
    assert [(shift.clerk, shift.state) for shift in told] == states


def test_card_is_present_for_a_while_after_its_last_reading() -> None:
    shifts = Shifts(card_s=5, shift_s=50_400)
    assert not shifts.card_present(0)
    shifts.read("A", 0, 0)
    shifts.read("A", 4000, 4 * S)
    assert shifts.card_present(8 * S)
    assert not shifts.card_present(9 * S)


def test_forgotten_shift_ends_and_says_so() -> None:
    shifts = Shifts(card_s=5, shift_s=50_400, shift=Shift("A", ON, 0), mono=0)
    assert shifts.tick(0, 50_399 * S) == []
    assert [shift.state for shift in shifts.tick(1, 50_400 * S)] == [OFF]
    assert shifts.clerk == ""


CARDS = {
    "a clerk's": ("04A1B2", "3107"),
    "with the reader's line end": (" 04A1B2\r\n", "3107"),
    "nobody's": ("04FFFF", None),
    "nothing": ("", None),
    "noise": ("0" * 500, None),
}


@pytest.mark.parametrize(("line", "clerk"), CARDS.values(), ids=CARDS)
def test_card_is_known_by_its_digest(line: str, clerk: str | None) -> None:
    assert find_clerk(CARD_KEY, line, CLERKS) == clerk
