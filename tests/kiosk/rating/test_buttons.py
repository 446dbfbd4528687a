"""Keys: what is a press, and what of bounce, chatter, stuck keys, two hands and mashing is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.wire.ratings import Uncounted
from kiosk.rating.buttons import Keys
from kiosk.settings import KeySettings

MS = 1_000_000
S = 1000
RULES = KeySettings()
GOOD, CHATTER, STUCK, MASHING = Uncounted.NOT_AT_ALL, Uncounted.CHATTER, Uncounted.STUCK, Uncounted.MASHING
#: (ms, key, whether it closes)
Edges = list[tuple[int, int, bool]]


def play(edges: Edges, until_ms: int, count: int = 3) -> list[tuple[int, Uncounted]]:
    """Keys as the terminal drives them: judged after each edge, and whenever they say that something is due."""
    keys = Keys(count, RULES)
    presses = []
    for at, button, active in [*edges, (until_ms, 0, False)]:
        while (due := keys.due()) is not None and due <= at * MS:
            presses += keys.settle(due)
        if button:
            keys.edge(button, active, at * MS)
    return [(press.button, press.trouble) for press in presses]


def press(at: int, button: int = 3, held: int = 100) -> Edges:
    return [(at, button, True), (at + held, button, False)]


def bounce(at: int, button: int, changes: int, gap: int = 2) -> Edges:
    """A contact that closes, opens and closes so often."""
    return [(at + gap * i, button, i % 2 == 0) for i in range(changes)]


def release(at: int, button: int, changes: int, gap: int = 2) -> Edges:
    """A contact that opens, closes and opens so often."""
    return [(at + gap * i, button, i % 2 == 1) for i in range(changes)]


CASES = {
    "a press": (press(0), 500, [(3, GOOD)]),
    "a contact that bounces at both ends": (
        [*bounce(0, 3, 7), *[(200 + 2 * i, 3, i % 2 == 1) for i in range(5)]],
        500,
        [(3, GOOD)],
    ),
    "a spike that does not hold": ([(0, 3, True), (15, 3, False)], 500, []),
    "two presses": ([*press(0), *press(600)], 1000, [(3, GOOD), (3, GOOD)]),
    "one hand on two keys": ([(0, 1, True), (8, 2, True)], 500, [(1, MASHING), (2, MASHING)]),
    "two keys in turn": ([*press(0, 1), *press(500, 2)], 1000, [(1, GOOD), (2, GOOD)]),
    "a stuck key beside a good one": ([(0, 1, True), *press(12 * S, 2)], 13 * S, [(1, GOOD), (2, GOOD)]),
    "a stuck key that wobbles": (
        [(0, 1, True), (12 * S, 1, False), (12 * S + 100, 1, True)],
        13 * S,
        [(1, GOOD), (1, STUCK)],
    ),
    "a stuck key that has been sound for long": (
        [(0, 1, True), (12 * S, 1, False), *press(18 * S, 1)],
        19 * S,
        [(1, GOOD), (1, GOOD)],
    ),
    "a loose contact that stays closed": (bounce(0, 2, 81, 9), 5 * S, [(2, CHATTER)]),
    "a loose contact that closes again and again": (
        [*bounce(0, 2, 80, 9), *press(800, 2), *press(1200, 2), *press(2000, 2)],
        3 * S,
        [(2, CHATTER), (2, CHATTER)],
    ),
    "a loose contact that came to rest": ([*bounce(0, 2, 80, 9), *press(7 * S, 2)], 8 * S, [(2, GOOD)]),
    "quick presses of a worn key": (
        [edge for i in range(3) for edge in [*bounce(250 * i, 1, 9), *release(250 * i + 100, 1, 9)]],
        2 * S,
        [(1, GOOD)] * 3,
    ),
    "mashing of one key": (
        [edge for i in range(6) for edge in press(300 * i, 1)],
        3 * S,
        [(1, GOOD)] * 3 + [(1, MASHING)] * 3,
    ),
    "many presses that take their time": (
        [edge for i in range(6) for edge in press(900 * i, 1)],
        6 * S,
        [(1, GOOD)] * 6,
    ),
}


@pytest.mark.parametrize(("edges", "until", "told"), CASES.values(), ids=CASES)
def test_presses_are_told_with_what_was_wrong(edges: Edges, until: int, told: list[tuple[int, Uncounted]]) -> None:
    assert play(edges, until) == told


def test_trouble_of_a_key_is_named_while_it_lasts() -> None:
    keys = Keys(3, RULES)
    keys.edge(2, True, 0)
    keys.settle(20 * MS)
    keys.settle(10_020 * MS)
    assert keys.troubles() == {2: STUCK}
    keys.edge(2, False, 11_000 * MS)
    keys.settle(11_020 * MS)
    assert keys.troubles() == {2: STUCK}
    keys.settle(16_020 * MS)
    assert keys.troubles() == {}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 3), st.booleans()), max_size=60))
def test_whatever_the_contacts_do_presses_are_bounded_and_time_goes_on(steps: list[tuple[int, int, bool]]) -> None:
    edges: Edges = []
    at = 0
    for gap, button, active in steps:
        at += gap
        edges.append((at, button, active))
    told = play(edges, at + 60 * S)
    closings = sum(active for _, _, active in edges)
    assert len(told) <= closings
