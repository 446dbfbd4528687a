"""Simulated fingers: what they do to contacts, and what the terminal's keys make of it."""

from __future__ import annotations

import asyncio
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.wire.ratings import Uncounted
from firmware_sim.board import make_board
from firmware_sim.clock import ScenarioClock
from firmware_sim.fingers import Edge, Touch, play, touch_edges
from kiosk.rating.buttons import Keys
from kiosk.settings import KeySettings

MS = 1_000_000
GOOD, MASHING, CHATTER = Uncounted.NOT_AT_ALL, Uncounted.MASHING, Uncounted.CHATTER
PINS = (5, 6, 13)


def told(edges: list[Edge]) -> list[tuple[int, Uncounted]]:
    """The presses of three keys, each judged when it says that it is due; without repeats of the same."""
    keys = Keys(3, KeySettings())
    presses = []
    for at, key, closed in [*edges, Edge(9000, 0, False)]:
        while (due := keys.due()) is not None and due <= at * MS:
            presses += keys.settle(due)
        keys.edge(key + 1, closed, at * MS)
    return [kind for kind, _ in groupby((press.button, press.trouble) for press in presses)]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=8), st.integers(0, 2))
def test_bouncing_press_is_one_press_of_that_key(seed: str, key: int) -> None:
    assert told(touch_edges(Touch.PRESS, key, 3, seed)) == [(key + 1, GOOD)]


@pytest.mark.parametrize(
    ("touch", "presses"),
    [
        (Touch.MASH, [(1, GOOD), (1, MASHING)]),
        (Touch.PALM, [(1, MASHING), (2, MASHING)]),
        (Touch.STUCK, [(1, GOOD)]),
        (Touch.CHATTER, [(1, CHATTER)]),
    ],
    ids=lambda value: value.value if isinstance(value, Touch) else "",
)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_no_single_press_is_told_as_what_it_is(
    touch: Touch, presses: list[tuple[int, Uncounted]], seed: int
) -> None:
    assert told(touch_edges(touch, 0, 3, str(seed))) == presses


async def test_edges_reach_the_pins_in_the_clocks_time() -> None:
    board, clock = make_board("SIM-1"), ScenarioClock(1_800_000_000_000)
    contact = board.digital(PINS[1], pull_up=True)
    seen: list[tuple[int, bool]] = []
    contact.on_change(lambda active: seen.append((clock.now() - 1_800_000_000_000, active)))
    edges = touch_edges(Touch.PRESS, 1, 3, "one")
    async with asyncio.TaskGroup() as group:
        group.create_task(play(board, PINS, edges, clock))
        group.create_task(clock.run(1_800_000_001_000))
    assert seen == [(edge.at_ms, edge.closed) for edge in edges]
    board.close()
