"""SIMULATED fingers and keys: how the contact of a key moves when it is pressed, leant on or worn. Seeded."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from random import Random
from typing import NamedTuple

from edge_agent.hardware.clock import Clock
from firmware_sim.board import SimBoard

#: A key's contact bounces for so long at most, ms; worn ones longer.
BOUNCE_MS = 8
#: How long a finger stays on a key, ms.
HELD_MS = (70, 260)


class Touch(StrEnum):
    """What a hand, or a worn key, does.

    `press`: one press with its bounces. `mash`: six quick ones. `palm`: this key and the next at once. `stuck`: down
    and not up again. `chatter`: a loose contact for three seconds, which stays closed.
    """

    PRESS = "press"
    MASH = "mash"
    PALM = "palm"
    STUCK = "stuck"
    CHATTER = "chatter"


class Edge(NamedTuple):
    """The contact of a key (its place among the keys) closes or opens, `at_ms` after the touch begins."""

    at_ms: int
    key: int
    closed: bool


def touch_edges(touch: Touch, key: int, keys: int, seed: str) -> list[Edge]:
    """All edges of a touch of `key` among `keys`, in order of time. The same seed gives the same edges."""
    random = Random(f"{seed}/{touch}/{key}")  # noqa: S311 - a hand, not a secret
    match touch:
        case Touch.PRESS:
            return _press(0, key, random)
        case Touch.MASH:
            return [edge for start in range(0, 1800, 300) for edge in _press(start, key, random)]
        case Touch.PALM:
            both = [*_press(0, key, random), *_press(random.randint(1, 15), (key + 1) % keys, random)]
            return sorted(both)
        case Touch.STUCK:
            return _bounces(0, key, True, random)
    gap = random.randint(7, 15)
    return [Edge(place * gap, key, place % 2 == 0) for place in range(3000 // gap // 2 * 2 + 1)]


def _press(start: int, key: int, random: Random) -> list[Edge]:
    held = random.randint(*HELD_MS)
    return [*_bounces(start, key, True, random), *_bounces(start + held, key, False, random)]


def _bounces(start: int, key: int, closed: bool, random: Random) -> list[Edge]:
    """An odd number of changes within the bounce, the last of them to `closed`."""
    times = sorted(random.sample(range(1, BOUNCE_MS + 1), 2 * random.randint(0, 2)))
    return [Edge(start + at, key, closed == (place % 2 == 0)) for place, at in enumerate([0, *times])]


async def play(board: SimBoard, pins: Sequence[int], edges: Sequence[Edge], clock: Clock) -> None:
    """Move the contacts of a SIMULATED board's keys as the edges say, in the clock's time from now."""
    begun = clock.mono()
    for edge in edges:
        await clock.sleep(edge.at_ms / 1000 - (clock.mono() - begun) / 1e9)
        board.set_contact(pins[edge.key], edge.closed)
