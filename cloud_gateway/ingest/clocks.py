"""Gives records of a device whose clock was unset the times at which they were made.

A boot's clock gets one offset before its first record is stored, and keeps it: a record that comes again has the same
time again. The offset is found by the monotonic clock where that is possible: a birth tells its reading at a moment
that the gateway saw, so that the distance of any record to that moment is known, however long the record waited and
whatever was done to the wall clock since. A boot whose birth was never heard (its records were sent by the next one)
has only its frame to go by: its newest record cannot have been made later than it came.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from cloud_gateway.ingest.batch import Life
from cloud_gateway.ingest.validation import Accepted, sort_records
from edge_agent.wire.messages import ClockQuality, Record

NS_PER_MS = 1_000_000
#: Births and offsets kept in memory; the database has them all.
MAX_KEPT = 20_000


class Boot(NamedTuple):
    """One life of a device's agent."""

    device: str
    epoch: str
    boot: str


class Anchor(NamedTuple):
    """A reading of a boot's monotonic clock (ns), and the gateway's time (ms UTC) at which it was that."""

    at: int
    mono: int


class Candidate(NamedTuple):
    """The newest record of a boot whose clock was unset: its own time and monotonic time; `anchor` as far as known."""

    said_at: int
    mono: int
    anchor: Anchor | None


FixClocks = Callable[[Mapping[Boot, Candidate]], Awaitable[Mapping[Boot, int]]]


def find_offset(candidate: Candidate, anchor: Anchor | None, latest: int) -> int:
    """What to add to the boot's own times, ms; `latest` is the time that no record can be later than, ms UTC."""
    if anchor is None:
        return latest - candidate.said_at
    made_at = anchor.at + (candidate.mono - anchor.mono) // NS_PER_MS
    return min(made_at, latest) - candidate.said_at


def shift_frame(accepted: Accepted, offset_ms: int) -> Accepted:
    """The same frame with the times of its unset records moved, checked anew."""
    malformed = [r for r in accepted.rejected if r.code == "malformed_record"]
    unread = {r.record.seq for r in malformed}
    records = [_shift(r, offset_ms) if r.seq not in unread else r for r in accepted.frame.records]
    frame = msgspec.structs.replace(accepted.frame, records=records)
    readable = msgspec.structs.replace(frame, records=[r for r in records if r.seq not in unread])
    again = sort_records(accepted.device, readable, offset_ms)
    rejected = sorted(malformed + again.rejected, key=lambda r: r.record.seq)
    return Accepted(accepted.device, frame, again.points, again.rows, rejected, offset_ms)


def _shift(record: Record, offset_ms: int) -> Record:
    if record.clock is not ClockQuality.UNSET:
        return record
    return msgspec.structs.replace(record, at=record.at + offset_ms)


@dataclass
class Clocks:
    """What is known of the clocks of boots. Belongs to the event loop's thread."""

    _anchors: dict[tuple[str, str], Anchor] = field(default_factory=dict)
    _offsets: dict[Boot, int] = field(default_factory=dict)

    def note_birth(self, life: Life) -> None:
        """Remember when a boot's monotonic clock stood where; a retained birth tells nothing of that."""
        if life.mono is None or life.retained or life.simulated:
            return
        if len(self._anchors) >= MAX_KEPT:
            self._anchors.clear()
        self._anchors[life.device, life.boot] = Anchor(life.received_at, life.mono)

    async def settle(self, frames: Sequence[Accepted], fix: FixClocks) -> list[Accepted]:
        """The frames, those with unset clocks at their boot's offset; `fix` makes offsets that are not known yet."""
        unset = {id(a): boot for a in frames if a.may_be_unset and (boot := _boot(a)) is not None}
        if not unset:
            return list(frames)
        await self._learn(self._candidates(a for a in frames if id(a) in unset), fix)
        return [shift_frame(a, self._offsets[unset[id(a)]]) if id(a) in unset else a for a in frames]

    def _candidates(self, frames: Iterable[Accepted]) -> dict[Boot, Candidate]:
        """The boots of which no offset is known, each with its newest record."""
        newest: dict[Boot, Candidate] = {}
        for accepted in frames:
            boot = Boot(accepted.device, accepted.frame.epoch, accepted.frame.boot)
            last = [r for r in _readable(accepted) if r.clock is ClockQuality.UNSET][-1]
            known = newest.get(boot)
            if boot not in self._offsets and (known is None or last.mono > known.mono):
                newest[boot] = Candidate(last.at, last.mono, self._anchors.get((boot.device, boot.boot)))
        return newest

    async def _learn(self, candidates: Mapping[Boot, Candidate], fix: FixClocks) -> None:
        if not candidates:
            return
        found = await fix(candidates)
        if len(self._offsets) >= MAX_KEPT:
            self._offsets = {}
        self._offsets |= found


def _boot(accepted: Accepted) -> Boot | None:
    """The boot of a frame in which a record's clock was unset."""
    if all(r.clock is not ClockQuality.UNSET for r in _readable(accepted)):
        return None
    return Boot(accepted.device, accepted.frame.epoch, accepted.frame.boot)


def _readable(accepted: Accepted) -> list[Record]:
    """The records less the stand-ins of those that could not be read."""
    unread = {r.record.seq for r in accepted.rejected if r.code == "malformed_record"}
    return [r for r in accepted.frame.records if r.seq not in unread]
