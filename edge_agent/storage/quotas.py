"""How much of the outbox's file each lane may fill, and what a row costs there: pure arithmetic."""

from __future__ import annotations

from typing import NamedTuple

from edge_agent.wire.topics import Lane

#: What a row takes beside its body in pages that are two thirds full, and the share of a body that is filling.
ROW_BYTES = 120
#: SQLite moves a body that is longer than this to pages of its own (file format, 1.6: a quarter of a page).
LONGEST_INLINE = 900
PAGE_BYTES = 4096
#: The cost of `body` in SQL: the same arithmetic as `cost`.
COST_SQL = (
    f"(CASE WHEN length(body) <= {LONGEST_INLINE} THEN {ROW_BYTES} + length(body) * 5 / 4 "
    f"ELSE {ROW_BYTES} + {LONGEST_INLINE} + (length(body) + {PAGE_BYTES - 1}) / {PAGE_BYTES} * {PAGE_BYTES} END)"
)
#: Above this share of its quota a lane that may have gaps makes room.
HIGH_WATER = 0.9
#: Of the readings, this share of their quota stays as it was measured; what is older is thinned before it is dropped.
DETAIL_SHARE = 0.25
#: Above this share of the whole file, whatever the lanes count, only alarms and records go in.
TIGHT = 0.97


class Quotas(NamedTuple):
    """Shares of the file by lane. Alarms have theirs kept free, and may take more as long as the file has room."""

    alarm: float = 0.10
    record: float = 0.30
    reading: float = 0.45
    diagnostic: float = 0.05

    def bytes_of(self, lane: Lane, file_bytes: int) -> int:
        """Bytes of the lane in a file of this size."""
        return int(getattr(self, lane.value) * file_bytes)


class LaneState(NamedTuple):
    """A lane's line in the file: `next` seq; `rows` and `bytes` not yet acknowledged; `kept` bytes that are.

    Readings up to `thinned` have been looked at by thinning. `unsafe` counts acknowledged facts that had to go before a
    backup of the gateway had them.
    """

    next: int
    rows: int
    bytes: int
    kept: int
    thinned: int
    unsafe: int


def cost(length: int) -> int:
    """Bytes of the file that a row with a body of this length takes, at most; see the test for how near it is."""
    if length <= LONGEST_INLINE:
        return ROW_BYTES + length * 5 // 4
    return ROW_BYTES + LONGEST_INLINE + -(-length // PAGE_BYTES) * PAGE_BYTES
