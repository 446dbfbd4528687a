"""Which facts are on their way and not yet acknowledged: decisions of the sender, without I/O or clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from edge_agent.wire.messages import LaneAck
from edge_agent.wire.ranges import Ranges
from edge_agent.wire.topics import Lane

#: Order of sending. One place of the window is kept for the first two.
PRIORITY = (Lane.ALARM, Lane.RECORD, Lane.READING, Lane.DIAGNOSTIC)
RESERVED = frozenset({Lane.ALARM, Lane.RECORD})
LONGEST_TIMEOUT_S = 300.0


class Sent(NamedTuple):
    """A frame on its way; `at_s` is monotonic time of sending."""

    lane: Lane
    first: int
    last: int
    at_s: float


@dataclass
class Window:
    """At most `size` frames on their way; `cursor` is the last seq sent of each lane."""

    size: int
    timeout_s: float
    cursor: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    frames: list[Sent] = field(default_factory=list)
    patience_s: float = 0.0

    def __post_init__(self) -> None:
        self.patience_s = self.timeout_s

    def has_room(self, lane: Lane) -> bool:
        """Whether a frame of the lane may go now."""
        return len(self.frames) < (self.size if lane in RESERVED or self.size == 1 else self.size - 1)

    def on_way(self, lane: Lane) -> int:
        """How many facts of the lane are on their way."""
        return sum(f.last - f.first + 1 for f in self.frames if f.lane is lane)

    def send(self, lane: Lane, first: int, last: int, now_s: float) -> None:
        """A frame goes out."""
        self.frames.append(Sent(lane, first, last, now_s))
        self.cursor[lane] = max(self.cursor[lane], last)

    def acknowledge(self, lane: Lane, ack: LaneAck) -> None:
        """Take off what is acknowledged whole."""
        stored = Ranges(ack.upto, [*ack.ranges, *((r.seq, r.seq) for r in ack.rejected)])
        left = [f for f in self.frames if f.lane is not lane or not _covers(stored, f)]
        if len(left) < len(self.frames):
            self.patience_s = self.timeout_s
        self.frames = left
        self.cursor[lane] = max(self.cursor[lane], stored.upto)

    def overdue_in(self, now_s: float) -> float | None:
        """Seconds until the oldest frame counts as lost; None when nothing is on its way."""
        if not self.frames:
            return None
        return self.frames[0].at_s + self.patience_s - now_s

    def rewind(self) -> None:
        """Begin again at the oldest unacknowledged fact of each lane, with twice the patience."""
        for frame in self.frames:
            self.cursor[frame.lane] = min(self.cursor[frame.lane], frame.first - 1)
        self.frames = []
        self.patience_s = min(self.patience_s * 2, LONGEST_TIMEOUT_S)


def _covers(stored: Ranges, frame: Sent) -> bool:
    if frame.last <= stored.upto:
        return True
    first = max(frame.first, stored.upto + 1)
    return any(r.first <= first and frame.last <= r.last for r in stored.sparse)
