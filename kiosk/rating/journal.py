"""Puts what a counter says into the device's outbox, in order, and tells what has been stored and what has arrived."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from edge_agent.storage.outbox import Item, OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import LaneAck
from edge_agent.wire.topics import Lane

RETRY_S = 2.0
#: Entries that share a commit when many wait: a hand that mashes keys is faster than a memory card.
TOGETHER = 100
#: Facts that may wait for a disk that refuses them; past that they are lost, and that is said.
MOST_WAITING = 2000
PART, LOST = "ratings", "facts of the counter"

Stored = Callable[[Sequence[tuple[int, Item]]], None]


class Entry(NamedTuple):
    """Facts that go together. `stored` is told the numbers of those that are on disk; of all, unless one is refused."""

    items: Sequence[Item]
    stored: Stored


class Journal:
    """The records of one terminal on their way to the disk. `full` while the disk refuses them."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._waiting: deque[Entry] = deque()
        self._some = asyncio.Event()
        self._putting = False
        self.full = False
        #: Called when `full` has changed.
        self.on_full: Callable[[], None] = lambda: None

    @property
    def idle(self) -> bool:
        """Whether all that was said is on disk."""
        return not self._waiting and not self._putting

    def say(self, items: Sequence[Item], stored: Stored = lambda facts: None) -> None:
        """Hand over facts of now."""
        if len(self._waiting) >= MOST_WAITING:
            self._device.report(LOST, OutboxFull(f"more than {MOST_WAITING} wait for the disk; what comes now is lost"))
            self._set_full(True)
            return
        self._waiting.append(Entry(items, stored))
        self._some.set()

    async def run(self) -> None:
        """The duty: store everything, in order, and keep at it while the disk refuses."""
        while True:
            await self._some.wait()
            self._some.clear()
            if not await self.flush():
                self._some.set()
                await asyncio.sleep(RETRY_S)

    async def flush(self) -> bool:
        """Whether all is stored; what was refused stays the next in line."""
        while self._waiting:
            self._putting = True
            try:
                await self._put([self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))])
            except OutboxFull as exc:
                self._device.report(PART, exc)
                self._set_full(True)
                return False
            finally:
                self._putting = False
        for part in (PART, LOST):
            self._device.report(part, None)
        self._set_full(False)
        return True

    async def _put(self, entries: Sequence[Entry]) -> None:
        """Hand all over at once, so that they share one commit."""
        put = self._device.outbox.put
        puts = [asyncio.gather(*map(put, entry.items), return_exceptions=True) for entry in entries]
        results = await asyncio.gather(*puts)
        refused = [self._tell(entry, each) for entry, each in zip(entries, results, strict=True)]
        self._waiting.extendleft(entry for entry in reversed(refused) if entry.items)
        for result in itertools.chain(*results):
            if isinstance(result, BaseException):
                raise result

    def _tell(self, entry: Entry, results: Sequence[int | BaseException]) -> Entry:
        """Tell what is on disk; what was refused is given back."""
        outcome = list(zip(entry.items, results, strict=True))
        entry.stored([(seq, item) for item, seq in outcome if isinstance(seq, int)])
        return Entry([item for item, result in outcome if isinstance(result, OutboxFull)], entry.stored)

    def _set_full(self, full: bool) -> None:
        if full != self.full:
            self.full = full
            self.on_full()


def is_named(ack: LaneAck, lane: Lane, seq: int) -> bool:
    """Whether the gateway has stored the record of this number."""
    if lane is not Lane.RECORD or any(refusal.seq == seq for refusal in ack.rejected):
        return False
    return seq <= ack.upto or any(first <= seq <= last for first, last in ack.ranges)


def refusal_of(ack: LaneAck, lane: Lane, seq: int) -> str:
    """The code under which the gateway has refused the record of this number; empty for none."""
    return next((r.code for r in ack.rejected if r.seq == seq), "") if lane is Lane.RECORD else ""
