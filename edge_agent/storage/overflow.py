"""Counts the samples that found no room, until a gap record can name them."""

from __future__ import annotations

import msgspec

from edge_agent.storage.facts import Item
from edge_agent.wire.messages import GAP, ClockQuality, GapBody
from edge_agent.wire.topics import Lane

REASON = "no room for samples"


class Overflow:
    """A running tally: how many, and from when to when (ms UTC)."""

    def __init__(self) -> None:
        self._gap: GapBody | None = None

    def add(self, at: int) -> None:
        """One more sample was dropped."""
        self.give_back(GapBody(REASON, 1, at, at))

    def give_back(self, gap: GapBody) -> None:
        """Count what could not be written down after all."""
        self._gap = joined(self._gap, gap)

    def take(self) -> GapBody | None:
        """The tally so far; it begins anew."""
        gap, self._gap = self._gap, None
        return gap


def joined(one: GapBody | None, other: GapBody | None) -> GapBody | None:
    """Both tallies as one."""
    if one is None or other is None:
        return one or other
    return GapBody(REASON, one.count + other.count, min(one.since, other.since), max(one.until, other.until))


def gap_of(times: list[int]) -> GapBody | None:
    """The tally of samples dropped at these times."""
    return GapBody(REASON, len(times), min(times), max(times)) if times else None


def gap_item(gap: GapBody, like: Item | None) -> Item:
    """A gap record, its clock that of a neighbour; without one, unknown."""
    clock, mono = (like.clock, like.mono) if like is not None else (ClockQuality.UNSET, 0)
    return Item(Lane.READING, GAP, msgspec.json.encode(gap), gap.until, clock, mono)
