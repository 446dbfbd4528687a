"""One commit of the outbox, in the file's thread: acknowledgements, room for what is new, and what is new."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from edge_agent.storage import eviction, kept, older, store
from edge_agent.storage.facts import Item
from edge_agent.storage.overflow import DISK_FULL, NO_ROOM, gap_item, gap_of, joined
from edge_agent.storage.quotas import HIGH_WATER, TIGHT, LaneState, Quotas, cost
from edge_agent.storage.sqlite import PAGE_BYTES, transaction, used_pages
from edge_agent.wire.messages import GapBody, LaneAck
from edge_agent.wire.topics import Lane

#: Lanes that never have a gap; the others make room by dropping what is oldest.
URGENT = frozenset({Lane.ALARM, Lane.RECORD})
#: Most steps of making room for one lane in one commit; each is bounded, so no commit takes long.
MOST_STEPS = 8

Insert = Callable[[sqlite3.Connection, Sequence[Item]], list[int]]


class Work(NamedTuple):
    """What one commit takes in. `asked[i]` says whether somebody waits for `items[i]`, or it is a sample.

    `newest` is the newest fact that the device has made: gap records bear its clock.
    `closed`: the disk is full, and only urgent lanes take anything.
    """

    items: Sequence[Item]
    asked: Sequence[bool]
    acks: Sequence[tuple[Lane, LaneAck]]
    salvaged: Sequence[tuple[str, Lane, LaneAck]]
    loss: GapBody | None
    newest: Item | None = None
    closed: bool = False


@dataclass
class Result:
    """What one commit did.

    `stored`: (seq, index in the group); `gaps`: the gap records it wrote; `refused`: indexes that found no room;
    `unnamed`: samples that no gap record names yet; `deleted`: rows that went on an ack, by lane; `back`: the first
    row of a lane that the gateway has lost; `lanes`: how full the lanes are now; `salvaged`: facts of an older epoch
    still to be sent, where that has changed.
    """

    stored: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[tuple[int, Item]] = field(default_factory=list)
    unnamed: GapBody | None = None
    refused: list[int] = field(default_factory=list)
    deleted: list[tuple[Lane, int]] = field(default_factory=list)
    back: dict[Lane, int] = field(default_factory=dict)
    lanes: dict[Lane, LaneState] = field(default_factory=dict)
    salvaged: list[tuple[str, Lane, int]] = field(default_factory=list)


def commit(connection: sqlite3.Connection, work: Work, quotas: Quotas, insert: Insert) -> Result:
    """Do all of it in one transaction, or nothing. Raises sqlite3.Error."""
    used, limit = used_pages(connection)
    tight = used > limit * TIGHT
    result = Result()
    with transaction(connection) as c:
        room = _Room(c, quotas, limit * PAGE_BYTES)
        _settle(c, work, result, room if not (work.closed or tight) else None)
        gaps = room.make(work.items, closed=work.closed, tight=tight)
        chosen = [i for i, item in enumerate(work.items) if room.takes(item, closed=work.closed or tight)]
        taken = set(chosen)
        result.refused = [i for i in range(len(work.items)) if i not in taken]
        reason = DISK_FULL if work.closed else NO_ROOM
        samples = [work.items[i].at for i in result.refused if not work.asked[i]]
        loss = joined(work.loss, gap_of(samples, reason))
        items = [work.items[i] for i in chosen]
        named = [gap_item(gap, work.newest, lane) for lane, gap in gaps]
        if loss is not None and not (work.closed or tight):
            named.append(gap_item(loss, work.newest))
        seqs = insert(c, [*items, *named])
        if loss is not None:
            result.unnamed = loss if work.closed or tight else None
            store.note_loss(c, result.unnamed)
        result.lanes = store.read_lanes(c)
    result.stored = list(zip(seqs, chosen, strict=False))
    result.gaps = list(zip(seqs[len(chosen) :], named, strict=True))
    return result


def give_way(connection: sqlite3.Connection, newest: Item | None, insert: Insert) -> Result:
    """On a full disk: drop a good part of what may go, so that urgent facts find pages in the file itself."""
    result = Result()
    with transaction(connection) as c:
        named = []
        for lane, state in store.read_lanes(c).items():
            if lane in URGENT:
                kept.evict(c, lane, state.kept // 4)
                continue
            rows = min(2 * eviction.STEP_ROWS, state.rows // 4)
            gap = eviction.drop_oldest(c, lane, rows, DISK_FULL) if rows else None
            named += [] if gap is None else [gap_item(gap, newest, lane)]
        seqs = insert(c, named)
        older.evict(c, eviction.STEP_ROWS)
        result.lanes = store.read_lanes(c)
    result.gaps = list(zip(seqs, named, strict=True))
    return result


def _settle(c: sqlite3.Connection, work: Work, result: Result, room: _Room | None) -> None:
    """Without room nothing acknowledged is kept: a copy would need pages before the row gives any."""
    for lane, ack in work.acks:
        if lane not in URGENT:
            result.deleted.append((lane, store.delete(c, lane, ack)))
            continue
        settled = kept.settle(c, lane, ack, 0 if room is None else room.quotas[lane])
        result.deleted.append((lane, settled.gone))
        if settled.back:
            result.back[lane] = settled.first_back
    for epoch, lane, ack in work.salvaged:
        result.salvaged.append((epoch, lane, older.settle(c, epoch, lane, ack, keeps=lane in URGENT)))


class _Room:
    """What each lane has left within one transaction."""

    def __init__(self, c: sqlite3.Connection, quotas: Quotas, file_bytes: int) -> None:
        self._c = c
        self.quotas = {lane: quotas.bytes_of(lane, file_bytes) for lane in Lane}
        self._left: dict[Lane, int] = {}

    def make(self, items: Sequence[Item], *, closed: bool, tight: bool) -> list[tuple[Lane, GapBody]]:
        """Make room for the items where their lanes allow it. Returns what was dropped."""
        if tight:
            older.evict(self._c, eviction.STEP_ROWS)
        need = dict.fromkeys(Lane, 0)
        for item in items:
            need[item.lane] += cost(len(item.body))
        gaps: list[tuple[Lane, GapBody]] = []
        lanes = store.read_lanes(self._c)
        for lane, state in lanes.items():
            wanted = need[lane] if lane in URGENT or not closed else 0
            if lane in URGENT:
                self._let_kept_go(lane, state, wanted, tight=tight)
            elif wanted or tight:
                gaps += [(lane, gap) for gap in self._step(lane, wanted, tight=tight)]
        self._left = {
            lane: self.quotas[lane] - state.bytes - (state.kept if lane in URGENT else 0)
            for lane, state in store.read_lanes(self._c).items()
        }
        return gaps

    def _let_kept_go(self, lane: Lane, state: LaneState, wanted: int, *, tight: bool) -> None:
        over = state.bytes + state.kept + wanted - self.quotas[lane]
        if tight:
            over = max(over, state.kept // eviction.STEP_SHARE)
        if over > 0 and state.kept:
            kept.evict(self._c, lane, over)

    def _step(self, lane: Lane, wanted: int, *, tight: bool) -> list[GapBody]:
        """Step until the lane is below its high water; once in any case when the file is tight."""
        gaps = []
        for number in range(MOST_STEPS):
            state = store.read_lanes(self._c)[lane]
            over = state.bytes + wanted > self.quotas[lane] * HIGH_WATER
            if not state.rows or not (over or (tight and not number)):
                break
            gap = eviction.step(self._c, lane, state, self.quotas[lane])
            gaps += [] if gap is None else [gap]
        return gaps

    def takes(self, item: Item, *, closed: bool) -> bool:
        """Whether the item goes in; it is counted if so. Alarms always do: their lane only has a reserve."""
        if closed and item.lane not in URGENT:
            return False
        price = cost(len(item.body))
        if item.lane is not Lane.ALARM and price > self._left[item.lane]:
            return False
        self._left[item.lane] -= price
        return True
