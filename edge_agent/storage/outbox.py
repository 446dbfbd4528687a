"""The outbox: what a device has said and the gateway has not yet acknowledged, on disk.

`put` returns at COMMIT. One writer commits in groups on one thread of its own; `seq` is given inside the
transaction, per lane, and never again. Rows go only when the gateway's `ack` names them.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from edge_agent.storage import store
from edge_agent.storage.facts import Item, Pending, check_item
from edge_agent.storage.overflow import Overflow, gap_item, gap_of, joined
from edge_agent.storage.sqlite import StorageError, open_file, transaction, used_pages
from edge_agent.wire.messages import GapBody, LaneAck
from edge_agent.wire.topics import Lane

logger = logging.getLogger(__name__)

T = TypeVar("T")

GROUP_DELAY_S = 1.0
GROUP_ROWS = 200
LARGEST_GROUP = 2000
#: Share of the file that readings and diagnostics may fill; the rest is for alarms and records.
ORDINARY_SHARE = 0.8
URGENT = frozenset({Lane.ALARM, Lane.RECORD})


class OutboxFull(Exception):
    """Nothing was stored: the lane has no room left on this device."""


class OutboxClosed(Exception):
    """The outbox is closed; nothing was stored."""


class Observer(Protocol):
    """Somebody outside who is told what the outbox promises; the simulator's witness."""

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        """These (seq, item) are committed; their `put` is about to return."""

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """The gateway has acknowledged this of a lane, and its rows are deleted."""


@dataclass
class _Group:
    """What one commit takes in."""

    items: list[Item] = field(default_factory=list)
    waiting: list[asyncio.Future[int] | None] = field(default_factory=list)
    acks: list[tuple[Lane, LaneAck]] = field(default_factory=list)


class _Result(NamedTuple):
    """What one commit did: (seq, index in the group), the gap record it wrote, what is still to be named.

    `refused` are the indexes that found no room; `deleted` counts rows by lane.
    """

    stored: list[tuple[int, int]]
    gap: tuple[int, Item] | None
    unnamed: GapBody | None
    refused: list[int]
    deleted: list[tuple[Lane, int]]


class Outbox:
    """The store of one device. Open it with `open`, in a task group's life, and `close` it."""

    def __init__(self, connection: sqlite3.Connection, *, boot: str, queue: int, observer: Observer | None) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._observer = observer
        self._queue_limit = queue
        self._group = _Group()
        self._offered = 0
        self._overflow = Overflow()
        self._sent: dict[Lane, int] = {}
        self._due = asyncio.Event()
        self._some = asyncio.Event()
        self._closing = False
        self.changed = asyncio.Event()
        self.boot = boot
        self.epoch = ""
        self.depth: dict[Lane, int] = {}
        self._writer: asyncio.Task[None] | None = None

    # -- life ---------------------------------------------------------------------------------------------

    @classmethod
    async def open(
        cls, path: Path, *, boot: str, max_mb: int = 256, queue: int = 10_000, observer: Observer | None = None
    ) -> Outbox:
        """Open or make the outbox file. Raises StorageError."""
        connection = await asyncio.to_thread(open_file, path, max_mb=max_mb)
        outbox = cls(connection, boot=boot, queue=queue, observer=observer)
        outbox._take_up(await outbox._read(store.load))
        outbox._writer = asyncio.create_task(outbox._write(), name="outbox writer")
        return outbox

    async def close(self) -> None:
        """Commit what was accepted, then let go of the file."""
        self._closing = True
        self._some.set()
        self._due.set()
        if self._writer is not None:
            await asyncio.shield(self._writer)
        await self._in_thread(self._connection.close)
        self._thread.shutdown(wait=False)

    def _take_up(self, contents: store.Contents) -> None:
        """Go on where the last life ended: it may have sent whatever is there."""
        self.epoch, self.depth, self._sent = contents.epoch, contents.depth, contents.last
        if contents.loss is not None:
            self._overflow.give_back(contents.loss)

    # -- accepting ------------------------------------------------------------------------------------------

    async def put(self, item: Item) -> int:
        """Store a fact; returns its seq once it is on disk. Cancelling the call does not cancel the commit.

        Raises OutboxFull when the lane has no room, ValueError for what cannot travel, OutboxClosed.
        """
        check_item(item)
        self._check_open()
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        stored.add_done_callback(_retrieve)
        self._enqueue(item, stored)
        return await asyncio.shield(stored)

    def offer(self, item: Item) -> bool:
        """Hand over a sample without waiting; False when the queue is full, and a gap record will say so.

        Raises ValueError for what cannot travel.
        """
        check_item(item)
        if self._closing or self._offered >= self._queue_limit:
            self._overflow.add(item.at)
            self._some.set()
            return False
        self._offered += 1
        self._enqueue(item, None)
        return True

    @property
    def waiting(self) -> int:
        """Samples handed over that are not yet on disk."""
        return self._offered

    def mark_sent(self, lane: Lane, last: int) -> None:
        """Facts up to `last` have gone out in this life; those of an earlier life may have."""
        self._sent[lane] = max(self._sent[lane], last)

    def acknowledge(self, lane: Lane, ack: LaneAck) -> bool:
        """Let the rows go that the gateway has stored or refused, in the next commit.

        False, and nothing goes, when the ack names what was never sent: whoever said it is not to be believed.
        """
        named = [ack.upto, *(last for _, last in ack.ranges), *(r.seq for r in ack.rejected)]
        if max(named) > self._sent[lane] or any(first > last for first, last in ack.ranges):
            return False
        self._group.acks.append((lane, ack))
        self._some.set()
        return True

    def _check_open(self) -> None:
        if self._closing:
            raise OutboxClosed("the outbox is closed")

    def _enqueue(self, item: Item, stored: asyncio.Future[int] | None) -> None:
        self._group.items.append(item)
        self._group.waiting.append(stored)
        self._some.set()
        if item.lane in URGENT or len(self._group.items) >= GROUP_ROWS:
            self._due.set()

    # -- committing -----------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            await self._some.wait()
            if not self._closing:
                await _wait_until(self._due, GROUP_DELAY_S)
            group = self._take_group()
            await self._commit_group(group)
            if self._closing and not self._group.items:
                return

    def _take_group(self) -> _Group:
        """Take what is due; a burst is taken in parts, so that nobody waits for a giant commit."""
        taken, self._group = self._group, _Group()
        rest = len(taken.items) > LARGEST_GROUP
        if rest:
            self._group.items, taken.items = taken.items[LARGEST_GROUP:], taken.items[:LARGEST_GROUP]
            self._group.waiting, taken.waiting = taken.waiting[LARGEST_GROUP:], taken.waiting[:LARGEST_GROUP]
        if not rest:
            self._due.clear()
            self._some.clear()
        return taken

    async def _commit_group(self, group: _Group) -> None:
        loss = self._overflow.take()
        try:
            result = await self._in_thread(lambda: self._commit(group, loss))
        except sqlite3.Error as exc:
            self._fail(group, loss, exc)
            await self._delete_alone(group.acks)
        except Exception as exc:  # the edge of a commit: the writer goes on, whatever was in this group
            logger.exception("a group could not be stored")
            self._fail(group, loss, exc)
        else:
            self._conclude(group, result)
        self.changed.set()

    def _commit(self, group: _Group, loss: GapBody | None) -> _Result:
        """In the thread: one transaction. Ordinary facts find no room once their share of the file is used."""
        used, limit = used_pages(self._connection)
        roomy = used < limit * ORDINARY_SHARE
        chosen = [i for i, item in enumerate(group.items) if roomy or item.lane in URGENT]
        refused = [] if roomy else [i for i, item in enumerate(group.items) if item.lane not in URGENT]
        loss = joined(loss, gap_of([group.items[i].at for i in refused if group.waiting[i] is None]))
        items = [group.items[i] for i in chosen]
        named = gap_item(loss, items[-1] if items else None) if loss is not None and roomy else None
        with transaction(self._connection) as c:
            deleted = [(lane, store.delete(c, lane, ack)) for lane, ack in group.acks]
            seqs = self._insert(c, items if named is None else [*items, named])
            if loss is not None:
                store.note_loss(c, None if roomy else loss)
        stored = list(zip(seqs, chosen, strict=False))
        gap = None if named is None else (seqs[-1], named)
        return _Result(stored, gap, None if roomy else loss, refused, deleted)

    def _conclude(self, group: _Group, result: _Result) -> None:
        for lane, count in result.deleted:
            self.depth[lane] -= count
        facts = [(seq, group.items[index]) for seq, index in result.stored]
        facts += [result.gap] if result.gap is not None else []
        for _, item in facts:
            self.depth[item.lane] += 1
        if result.unnamed is not None:
            self._overflow.give_back(result.unnamed)
        self._offered -= sum(1 for waiting in group.waiting if waiting is None)
        self._tell(facts, group.acks)
        for seq, index in result.stored:
            _resolve(group.waiting[index], seq)
        for index in result.refused:
            _reject(group.waiting[index], OutboxFull("the device's store is full of unsent readings"))

    def _insert(self, c: sqlite3.Connection, items: Sequence[Item]) -> list[int]:
        return store.insert(c, items, self.boot)

    def _fail(self, group: _Group, loss: GapBody | None, exc: Exception) -> None:
        """The commit failed as a whole: nothing of it is stored."""
        samples = [item.at for item, w in zip(group.items, group.waiting, strict=True) if w is None]
        tally = joined(loss, gap_of(samples))
        if tally is not None:
            self._overflow.give_back(tally)
        self._offered -= len(samples)
        for waiting in group.waiting:
            _reject(waiting, OutboxFull(f"the device cannot store: {exc}"))

    async def _delete_alone(self, acks: list[tuple[Lane, LaneAck]]) -> None:
        """On a full disk deletions may still go through, and make the room that was missing."""
        deletions = _Group(acks=acks)
        try:
            self._conclude(deletions, await self._in_thread(lambda: self._commit(deletions, None)))
        except sqlite3.Error:
            self._group.acks = acks + self._group.acks

    def _tell(self, facts: Sequence[tuple[int, Item]], acks: Sequence[tuple[Lane, LaneAck]]) -> None:
        if self._observer is None:
            return
        try:
            self._observer.stored(self.epoch, facts)
            for lane, ack in acks:
                self._observer.acknowledged(self.epoch, lane, ack)
        except Exception:  # an observer's own trouble is not the outbox's
            logger.exception("the observer failed")

    # -- reading --------------------------------------------------------------------------------------------

    async def pending(self, lane: Lane, after: int, limit: int) -> list[Pending]:
        """Facts of a lane with seq > `after`, in order, at most `limit`. Raises StorageError."""
        return await self._read(lambda c: store.read_pending(c, lane, after, limit))

    async def oldest_at(self) -> int | None:
        """`at` of the oldest unacknowledged fact, ms UTC. Raises StorageError."""
        lanes = [lane for lane in Lane if self.depth[lane]]
        return await self._read(lambda c: store.read_oldest(c, lanes))

    async def recall(self, prefix: str) -> dict[str, str]:
        """What was remembered under keys that begin with `prefix`, by the rest of the key. Raises StorageError."""
        return await self._read(lambda c: store.read_memory(c, prefix))

    async def next_connection(self) -> int:
        """A connection number greater than all before, committed before it is used. Raises OutboxFull."""
        try:
            return await self._in_thread(lambda: store.next_connection(self._connection))
        except sqlite3.Error as exc:
            raise OutboxFull(f"the device cannot store: {exc}") from exc

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._in_thread(lambda: work(self._connection))
        except sqlite3.Error as exc:
            raise StorageError(f"the outbox cannot be read: {exc}") from exc

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Run on the one thread that owns the file; a cancelled caller does not stop the work."""
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))


async def _wait_until(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return


def _resolve(waiting: asyncio.Future[int] | None, seq: int) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(seq)


def _reject(waiting: asyncio.Future[int] | None, error: OutboxFull) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_exception(error)


def _retrieve(future: asyncio.Future[int]) -> None:
    """Mark a failure as seen: the caller may have been cancelled."""
    if not future.cancelled():
        future.exception()


__all__ = ["Item", "Observer", "Outbox", "OutboxClosed", "OutboxFull", "Pending", "StorageError"]
