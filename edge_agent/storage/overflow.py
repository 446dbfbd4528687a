"""Gap records: what of a lane was dropped on purpose, and the tally of samples that found no room at all."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge_agent.storage.facts import Item
from edge_agent.wire.messages import GAP, ClockQuality, GapBody
from edge_agent.wire.topics import Lane

NO_ROOM = "no room for samples"
DISK_FULL = "the disk is full"
THINNED = "thinned to the least, greatest and last of each minute"
OLDEST_DROPPED = "the oldest dropped to make room"
DAMAGED = "damaged on the device's disk"


class Overflow:
    """A running tally of samples: how many, and from when to when (ms UTC)."""

    def __init__(self) -> None:
        self._gap: GapBody | None = None

    def add(self, at: int) -> None:
        """One more sample was dropped."""
        self.give_back(GapBody(NO_ROOM, 1, at, at))

    def give_back(self, gap: GapBody) -> None:
        """Count what could not be written down after all."""
        self._gap = joined(self._gap, gap)

    def take(self) -> GapBody | None:
        """The tally so far; it begins anew."""
        gap, self._gap = self._gap, None
        return gap


def joined(one: GapBody | None, other: GapBody | None) -> GapBody | None:
    """Both as one; of two reasons, the one that is not merely a lack of room."""
    if one is None or other is None:
        return one or other
    numbered = [gap for gap in (one, other) if gap.first]
    return GapBody(
        other.reason if one.reason == NO_ROOM else one.reason,
        one.count + other.count,
        min(one.since, other.since),
        max(one.until, other.until),
        min((gap.first for gap in numbered), default=0),
        max((gap.last for gap in numbered), default=0),
    )


def gap_of(times: Sequence[int], reason: str = NO_ROOM) -> GapBody | None:
    """The tally of facts dropped that were of these times."""
    return GapBody(reason, len(times), min(times), max(times)) if times else None


def gap_item(gap: GapBody, newest: Item | None, lane: Lane = Lane.READING) -> Item:
    """A gap record of the time until which it reaches, by the clock that the device's `newest` fact was stamped by.

    Without one, in a life that has made nothing yet, the clock is unknown.
    """
    clock, mono = (newest.clock, newest.mono) if newest is not None else (ClockQuality.UNSET, 0)
    return Item(lane, GAP, msgspec.json.encode(gap), gap.until, clock, mono)
