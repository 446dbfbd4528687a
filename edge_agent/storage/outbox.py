"""The outbox: what a device has said and the gateway has not yet acknowledged, on disk.

`put` returns at COMMIT. One writer commits in groups on one thread of its own; `seq` is given inside the
transaction, per lane, and never again. Rows go when the gateway's `ack` names them, and from lanes that may have gaps
when there is no room, named by a gap record.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from edge_agent.storage import notes, older, store
from edge_agent.storage.commit import URGENT, Result
from edge_agent.storage.facts import Item, Pending, check_item
from edge_agent.storage.file import OutboxFile
from edge_agent.storage.group import Group
from edge_agent.storage.overflow import Overflow, gap_of, joined
from edge_agent.storage.promises import OutboxFull, reject, resolve, retrieve, wait_until
from edge_agent.storage.quotas import LaneState, Quotas
from edge_agent.storage.sqlite import DamagedError, StorageError, is_damage
from edge_agent.storage.troubles import Report, Troubles
from edge_agent.wire.messages import GapBody, LaneAck
from edge_agent.wire.topics import Lane

logger = logging.getLogger(__name__)

T = TypeVar("T")

GROUP_DELAY_S = 1.0
GROUP_ROWS = 200
RECORDS_FULL = "no room for records"

DEFAULT_QUOTAS = Quotas()


class OutboxClosed(Exception):
    """The outbox is closed; nothing was stored."""


class Observer(Protocol):
    """Somebody outside who is told what the outbox promises; the simulator's witness."""

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        """These (seq, item) are committed; their `put` is about to return."""

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """The gateway has acknowledged this of a lane, and its rows are deleted."""


class Outbox:
    """The store of one device. Open it with `open`, in a task group's life, and `close` it."""

    def __init__(self, file: OutboxFile, *, boot: str, queue: int, observer: Observer | None) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._observer = observer
        self._queue_limit = queue
        self._group = Group()
        self._offered = 0
        self._overflow = Overflow()
        self._sent: dict[Lane, int] = {}
        self._back: dict[Lane, int] = {}
        self._newest: Item | None = None
        self._troubles = Troubles()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._due = asyncio.Event()
        self._some = asyncio.Event()
        self._closing = False
        self.changed = asyncio.Event()
        self.boot = boot
        self.epoch = ""
        self.depth: dict[Lane, int] = {}
        self.lanes: dict[Lane, LaneState] = {}
        self.salvaged: dict[older.Older, int] = {}
        self.salvaged_kept: set[older.Older] = set()
        self._writer: asyncio.Task[None] | None = None

    # -- life ---------------------------------------------------------------------------------------------

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        boot: str,
        max_mb: int = 256,
        queue: int = 10_000,
        observer: Observer | None = None,
        quotas: Quotas = DEFAULT_QUOTAS,
        ballast_kb: int = 0,
    ) -> Outbox:
        """Open or make the outbox file; one that is damaged is set aside and salvaged. Raises StorageError."""
        file = OutboxFile(path, max_mb=max_mb, quotas=quotas, ballast_bytes=ballast_kb * 1024)
        outbox = cls(file, boot=boot, queue=queue, observer=observer)
        outbox._take_up(await outbox._in_thread(file.open))
        outbox.salvaged = await outbox._read(older.waiting)
        outbox.salvaged_kept = await outbox._read(older.kept_lanes)
        outbox._writer = asyncio.create_task(outbox._write(), name="outbox writer")
        return outbox

    async def close(self) -> None:
        """Commit what was accepted, then let go of the file."""
        self._closing = True
        self._some.set()
        self._due.set()
        if self._writer is not None:
            await asyncio.shield(self._writer)
        await self._in_thread(self._file.close)
        self._thread.shutdown(wait=False)

    def _take_up(self, contents: store.Contents) -> None:
        """Go on where the last life ended: it may have sent whatever is there."""
        self.epoch = contents.epoch
        self._count(contents.lanes)
        self._sent = {lane: state.next - 1 for lane, state in contents.lanes.items()}
        self._troubles.note(self._file.troubles())
        if contents.loss is not None:
            self._overflow.give_back(contents.loss)

    def _count(self, lanes: dict[Lane, LaneState]) -> None:
        self.lanes = lanes
        self.depth = {lane: state.rows for lane, state in lanes.items()}

    # -- how it does ----------------------------------------------------------------------------------------

    def on_trouble(self, report: Report) -> None:
        """From now on tell of what does not work, by name, beginning with what does not now."""
        self._troubles.tell(report)

    @property
    def troubles(self) -> dict[str, Exception]:
        """What does not work, by name: a full disk, a full lane of records, a damaged file."""
        return self._troubles.read()

    async def watch(self) -> None:
        """Ends only by DamagedError: SQLite says that the open file is broken. Opening it anew salvages it."""
        await asyncio.shield(self._broken)

    def _note_damage(self, exc: BaseException) -> None:
        if is_damage(exc) and not self._broken.done():
            self._broken.set_exception(DamagedError(f"{self._file.path}: {exc}; the next start salvages it"))
            self._broken.exception()  # marked as seen: nobody may be watching

    def quota(self, lane: Lane) -> int:
        """Bytes that the lane may fill; `lanes` says how many it does."""
        return self._file.quota(lane)

    # -- accepting ------------------------------------------------------------------------------------------

    async def put(self, item: Item) -> int:
        """Store a fact; returns its seq once it is on disk. Cancelling the call does not cancel the commit.

        Raises OutboxFull when the lane has no room, ValueError for what cannot travel, OutboxClosed.
        """
        check_item(item)
        self._check_open()
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        stored.add_done_callback(retrieve)
        self._enqueue(item, stored)
        return await asyncio.shield(stored)

    def offer(self, item: Item) -> bool:
        """Hand over a sample without waiting; False when the queue is full, and a gap record will say so.

        Raises ValueError for what cannot travel.
        """
        check_item(item)
        self._newest = item
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

    def acknowledge_salvaged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """The same for facts of an older epoch, whose file was damaged."""
        self._group.salvaged.append((epoch, lane, ack))
        self._some.set()

    def _check_open(self) -> None:
        if self._closing:
            raise OutboxClosed("the outbox is closed")

    def _enqueue(self, item: Item, stored: asyncio.Future[int] | None) -> None:
        self._newest = item
        self._group.add(item, stored)
        self._some.set()
        if item.lane in URGENT or len(self._group.items) >= GROUP_ROWS:
            self._due.set()

    # -- committing -----------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            await self._some.wait()
            if not self._closing:
                await wait_until(self._due, GROUP_DELAY_S)
            group = self._take_group()
            await self._commit_group(group)
            if self._closing and not self._group.items:
                return

    def _take_group(self) -> Group:
        """Take what is due; a burst is taken in parts, so that nobody waits for a giant commit."""
        taken = self._group
        rest = taken.split()
        self._group = rest or Group()
        if rest is None:
            self._due.clear()
            self._some.clear()
        return taken

    async def _commit_group(self, group: Group) -> None:
        loss = self._overflow.take()
        try:
            result = await self._in_thread(lambda: self._commit(group, loss))
        except sqlite3.Error as exc:
            self._note_damage(exc)
            self._fail(group, loss, exc)
            await self._delete_alone(group)
        except Exception as exc:  # the edge of a commit: the writer goes on, whatever was in this group
            logger.exception("a group could not be stored")
            self._fail(group, loss, exc)
        else:
            self._conclude(group, result)
        self._troubles.note(self._file.troubles())
        self.changed.set()

    def _commit(self, group: Group, loss: GapBody | None) -> Result:
        """In the thread: one transaction, and others before it when the disk is full."""
        return self._file.commit(group.work(loss, self._newest), self._insert)

    def _conclude(self, group: Group, result: Result) -> None:
        self._count(result.lanes)
        for lane, first in result.back.items():
            self._back[lane] = min(first, self._back.get(lane, first))
        for epoch, lane, left in result.salvaged:
            self._count_salvaged(epoch, lane, left)
        facts = [(seq, group.items[index]) for seq, index in result.stored] + result.gaps
        if result.unnamed is not None:
            self._overflow.give_back(result.unnamed)
        self._offered -= sum(1 for waiting in group.waiting if waiting is None)
        self._tell(facts, group.acks)
        for seq, index in result.stored:
            resolve(group.waiting[index], seq)
        for index in result.refused:
            reject(group.waiting[index], OutboxFull("the device's store has no room left for this"))
        self._judge_records(group, result)

    def _judge_records(self, group: Group, result: Result) -> None:
        if any(group.items[index].lane is Lane.RECORD for index in result.refused):
            full = OutboxFull("the records that are not yet sent fill their share of the store")
            self._troubles.note({RECORDS_FULL: full})
        elif any(group.items[index].lane is Lane.RECORD for _, index in result.stored):
            self._troubles.note({RECORDS_FULL: None})

    def _count_salvaged(self, epoch: str, lane: Lane, left: int) -> None:
        self.salvaged[epoch, lane] = left
        if not left:
            del self.salvaged[epoch, lane]
        if lane in URGENT:
            self.salvaged_kept.add((epoch, lane))

    def _insert(self, c: sqlite3.Connection, items: Sequence[Item]) -> list[int]:
        return store.insert(c, items, self.boot)

    def _fail(self, group: Group, loss: GapBody | None, exc: Exception) -> None:
        """The commit failed as a whole: nothing of it is stored."""
        samples = [item.at for item, w in zip(group.items, group.waiting, strict=True) if w is None]
        tally = joined(loss, gap_of(samples))
        if tally is not None:
            self._overflow.give_back(tally)
        self._offered -= len(samples)
        for waiting in group.waiting:
            reject(waiting, OutboxFull(f"the device cannot store: {exc}"))

    async def _delete_alone(self, group: Group) -> None:
        """On a full disk deletions may still go through, and make the room that was missing."""
        deletions = Group(acks=group.acks, salvaged=group.salvaged)
        try:
            self._conclude(deletions, await self._in_thread(lambda: self._commit(deletions, None)))
        except sqlite3.Error:
            self._group.acks = group.acks + self._group.acks
            self._group.salvaged = group.salvaged + self._group.salvaged

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

    async def salvaged_pending(self, epoch: str, lane: Lane, limit: int) -> list[Pending]:
        """The first facts of an older epoch that are still to be sent, at most `limit`. Raises StorageError."""
        return await self._read(lambda c: older.read_waiting(c, epoch, lane, limit))

    async def newest_kept(self, epoch: str, lane: Lane) -> list[Pending]:
        """The newest acknowledged fact of an older epoch that is kept; none once they are safe. Raises StorageError."""
        rows = await self._read(lambda c: older.read_newest_kept(c, epoch, lane))
        if not rows:
            self.salvaged_kept.discard((epoch, lane))
        return rows

    def take_back(self) -> dict[Lane, int]:
        """The first fact of each lane that is to be sent again because the gateway no longer has it; said once."""
        back, self._back = self._back, {}
        return back

    async def oldest_at(self) -> int | None:
        """`at` of the oldest unacknowledged fact, ms UTC. Raises StorageError."""
        lanes = [lane for lane in Lane if self.depth[lane]]
        return await self._read(lambda c: store.read_oldest(c, lanes))

    async def recall(self, prefix: str) -> dict[str, str]:
        """What was remembered under keys that begin with `prefix`, by the rest of the key. Raises StorageError."""
        try:
            return await self._read(lambda c: store.read_memory(c, prefix))
        except StorageError as exc:
            self._note_damage(exc.__cause__ or exc)
            raise

    async def note(self, key: str, text: str) -> None:
        """Remember a text under a key, for `recall`; on disk when this returns. Raises OutboxFull."""
        await self._change(lambda c: notes.write(c, key, text))

    async def next_connection(self) -> int:
        """A connection number greater than all before, committed before it is used. Raises OutboxFull."""
        return await self._change(store.next_connection)

    async def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._in_thread(lambda: self._file.write(work))
        except sqlite3.Error as exc:
            self._note_damage(exc)
            raise OutboxFull(f"the device cannot store: {exc}") from exc

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._in_thread(lambda: work(self._file.connection))
        except sqlite3.Error as exc:
            raise StorageError(f"the outbox cannot be read: {exc}") from exc

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Run on the one thread that owns the file; a cancelled caller does not stop the work."""
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))


__all__ = ["Item", "Observer", "Outbox", "OutboxClosed", "OutboxFull", "Pending", "StorageError"]
