"""Which facts are on their way and not yet acknowledged: decisions of the sender, without I/O or clock.

After a long outage the readings travel in two flows: the newest, and the backlog from its oldest on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from edge_agent.wire.messages import LaneAck
from edge_agent.wire.ranges import Ranges
from edge_agent.wire.topics import Lane


class Flow(NamedTuple):
    """What is sent in order of seq: a lane, or of the readings those that are `live` beside a backlog."""

    lane: Lane
    live: bool = False


#: Order of sending. One place of the window is kept for the first two.
PRIORITY = (
    Flow(Lane.ALARM),
    Flow(Lane.RECORD),
    Flow(Lane.READING, live=True),
    Flow(Lane.READING),
    Flow(Lane.DIAGNOSTIC),
)
RESERVED = frozenset({Lane.ALARM, Lane.RECORD})
LONGEST_TIMEOUT_S = 300.0


class Sent(NamedTuple):
    """A frame on its way with so many `rows`; `at_s` is monotonic time of sending."""

    flow: Flow
    first: int
    last: int
    rows: int
    at_s: float


@dataclass
class Window:
    """At most `size` frames on their way. `cursor` is the last seq sent of each lane; with a backlog, of that.

    `live_from`: readings from this seq on are live, and `live_cursor` is the last of them sent; 0: there is no backlog.
    """

    size: int
    timeout_s: float
    live_share: float = 0.7
    cursor: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    frames: list[Sent] = field(default_factory=list)
    patience_s: float = 0.0
    live_from: int = 0
    live_cursor: int = 0

    def __post_init__(self) -> None:
        self.patience_s = self.timeout_s

    # -- live and backlog -----------------------------------------------------------------------------------

    def begin_live(self, first: int) -> None:
        """Readings from `first` on go beside what is older."""
        if not self.live_from and first > self.cursor[Lane.READING] + 1:
            self.live_from, self.live_cursor = first, first - 1

    def end_live(self) -> None:
        """The backlog has been sent: there is one flow again."""
        self.cursor[Lane.READING] = max(self.cursor[Lane.READING], self.live_cursor)
        self.live_from = 0

    def sent_up_to(self, flow: Flow) -> int:
        """The last seq of the flow that was sent."""
        return self.live_cursor if flow.live else self.cursor[flow.lane]

    # -- sending --------------------------------------------------------------------------------------------

    def has_room(self, flow: Flow) -> bool:
        """Whether a frame of the flow may go now."""
        if flow.lane in RESERVED or self.size == 1:
            return len(self.frames) < self.size
        places = self.size - 1
        if len(self.frames) >= places:
            return False
        if flow.lane is not Lane.READING or not self.live_from:
            return not flow.live
        live_places = min(max(1, round(places * self.live_share)), max(1, places - 1))
        most = live_places if flow.live else max(1, places - live_places)
        return sum(1 for f in self.frames if f.flow == flow) < most

    def on_way(self, lane: Lane) -> int:
        """How many facts of the lane are on their way."""
        return sum(f.rows for f in self.frames if f.flow.lane is lane)

    def send(self, flow: Flow, first: int, last: int, now_s: float, rows: int = 0) -> None:
        """A frame goes out; its numbers have no holes unless it has fewer `rows`."""
        self.frames.append(Sent(flow, first, last, rows or last - first + 1, now_s))
        if flow.live:
            self.live_cursor = max(self.live_cursor, last)
        else:
            self.cursor[flow.lane] = max(self.cursor[flow.lane], last)

    def acknowledge(self, lane: Lane, ack: LaneAck) -> None:
        """Take off what is acknowledged whole."""
        stored = Ranges(ack.upto, [*ack.ranges, *((r.seq, r.seq) for r in ack.rejected)])
        left = [f for f in self.frames if f.flow.lane is not lane or not _covers(stored, f)]
        if len(left) < len(self.frames):
            self.patience_s = self.timeout_s
        self.frames = left
        self.cursor[lane] = max(self.cursor[lane], stored.upto)

    def go_back(self, lane: Lane, first: int) -> None:
        """The gateway has lost what it had: send again from `first` on."""
        self.cursor[lane] = min(self.cursor[lane], first - 1)

    def overdue_in(self, now_s: float) -> float | None:
        """Seconds until the oldest frame counts as lost; None when nothing is on its way."""
        if not self.frames:
            return None
        return self.frames[0].at_s + self.patience_s - now_s

    def rewind(self) -> None:
        """Begin again at the oldest unacknowledged fact of each flow, with twice the patience."""
        for frame in self.frames:
            if frame.flow.live and self.live_from:
                self.live_cursor = min(self.live_cursor, frame.first - 1)
            else:
                self.cursor[frame.flow.lane] = min(self.cursor[frame.flow.lane], frame.first - 1)
        self.frames = []
        self.patience_s = min(self.patience_s * 2, LONGEST_TIMEOUT_S)


def _covers(stored: Ranges, frame: Sent) -> bool:
    if frame.last <= stored.upto:
        return True
    first = max(frame.first, stored.upto + 1)
    return any(r.first <= first and frame.last <= r.last for r in stored.sparse)
