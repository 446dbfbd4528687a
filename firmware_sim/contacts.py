"""What a contact does over time: a list of its changes, made from schedules, levels and bucket tips."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from firmware_sim.series import Series

#: How long a tipping bucket's reed contact stays closed.
PULSE_MS = 100
#: (ms UTC, closed from then on), rising in time and alternating; a contact is open before the first.
Changes = Sequence[tuple[int, bool]]


def closed_at(changes: Changes, at_ms: int) -> bool:
    """Whether the contact is closed at `at_ms`, a change at that very instant included."""
    i = bisect_right(changes, at_ms, key=lambda change: change[0])
    return i > 0 and changes[i - 1][1]


def alternating(changes: Iterable[tuple[int, bool]]) -> list[tuple[int, bool]]:
    """The changes without those that change nothing, and the last one only of each instant."""
    last_of = dict(sorted(changes, key=lambda change: change[0]))
    kept: list[tuple[int, bool]] = []
    for at, closed in last_of.items():
        if closed != (kept[-1][1] if kept else False):
            kept.append((at, closed))
    return kept


def spans(active: Iterable[tuple[int, int]]) -> Changes:
    """Closed within each (begin, end), ms UTC; the spans rise and do not overlap."""
    return alternating(change for begin, end in active for change in ((begin, True), (end, False)))


def pulses(times: Sequence[int]) -> Changes:
    """A short closure at each time; closures that would touch leave a gap of half their length."""
    changes: list[tuple[int, bool]] = []
    for at, following in zip_longest(times, times[1:]):
        length = PULSE_MS if following is None else min(PULSE_MS, (following - at) // 2)
        changes += [(at, True), (at + length, False)]
    return alternating(changes)


def float_switch(level: Series, closes_m: float, opens_m: float) -> Changes:
    """Closed from the level's rise to `closes_m` until its fall to `opens_m`."""
    changes: list[tuple[int, bool]] = []
    closed = False
    for at, level_m in zip(level.at_ms, level.values, strict=True):
        if level_m <= opens_m if closed else level_m >= closes_m:
            closed = not closed
            changes.append((at, closed))
    return changes
