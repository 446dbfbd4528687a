"""Event streams (server-sent events): one follower reads the source, every page has a bounded queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

log = logging.getLogger(__name__)
POLL_S = 0.3
BATCH = 500
#: Events that may wait for a slow page; past that it is cut off and comes back with Last-Event-ID.
QUEUE = 2_000


class Event(NamedTuple):
    """One event: rising `id`, gateway time ms UTC, topic, and its body as JSON text."""

    id: int
    at: int
    topic: str
    body: str


Source = Callable[[int, int], Awaitable[Sequence[Event]]]


class Follower:
    """Reads new events for all pages of this process.

    `source(after, limit)` gives the events with a greater id in order; `newest()` the greatest id now.
    """

    def __init__(self, source: Source, newest: Callable[[], Awaitable[int]], poll_s: float = POLL_S) -> None:
        self._source, self._newest, self._poll_s = source, newest, poll_s
        self._queues: set[asyncio.Queue[Event | None]] = set()
        self._wanted = asyncio.Event()
        self._closed = self._failing = False
        self.position = 0

    async def run(self) -> None:
        """Follow for ever, while anybody listens; a source that fails is asked again."""
        while True:
            await self._wanted.wait()
            if not await self._tried():
                await asyncio.sleep(self._poll_s)

    async def _tried(self) -> bool:
        try:
            full = await self._step()
        except Exception:  # the outer edge of this task: pages must go on when the source is back
            if not self._failing:
                log.exception("events cannot be read")
            self._failing = True
            return False
        if self._failing:
            log.info("events can be read again")
        self._failing = False
        return full

    def close(self) -> None:
        """End every page's stream, so that the server can stop."""
        self._closed = True
        for queue in list(self._queues):
            self._drop(queue)
            queue.put_nowait(None)

    async def _step(self) -> bool:
        batch = await self._source(self.position, BATCH)
        for event in batch:
            self.position = event.id
            for queue in list(self._queues):
                self._offer(queue, event)
        return len(batch) == BATCH

    def _offer(self, queue: asyncio.Queue[Event | None], event: Event) -> None:
        if queue.qsize() >= QUEUE:
            self._drop(queue)
            queue.put_nowait(None)
        else:
            queue.put_nowait(event)

    def _drop(self, queue: asyncio.Queue[Event | None]) -> None:
        self._queues.discard(queue)
        if not self._queues:
            self._wanted.clear()

    @contextmanager
    def _listening(self) -> Iterator[asyncio.Queue[Event | None]]:
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._queues.add(queue)
        self._wanted.set()
        try:
            yield queue
        finally:
            self._drop(queue)

    async def events(self, after: int, idle_s: float) -> AsyncIterator[Event | None]:
        """Events with an id above `after`, missed ones first; None whenever nothing came for `idle_s`.

        Ends when the listener is too slow.
        """
        if not self._queues:
            self.position = max(self.position, await self._newest())
        with self._listening() as queue:
            seen = after
            async for event in self._missed(after, self.position):
                seen = event.id
                yield event
            if self._closed:
                return
            async for news in _taken(queue, idle_s):
                if news is None:
                    yield None
                elif news.id > seen:
                    seen = news.id
                    yield news

    async def _missed(self, after: int, upto: int) -> AsyncIterator[Event]:
        while after < upto:
            batch = [e for e in await self._source(after, BATCH) if e.id <= upto]
            if not batch:
                return
            for event in batch:
                yield event
            after = batch[-1].id


async def _taken(queue: asyncio.Queue[Event | None], idle_s: float) -> AsyncIterator[Event | None]:
    while True:
        try:
            async with asyncio.timeout(idle_s):  # wait_for of Python 3.11 can miss a cancellation
                event = await queue.get()
        except TimeoutError:
            yield None
            continue
        if event is None:
            return
        yield event


def frame(topic: str, data: str, event_id: int | None = None) -> bytes:
    """One event in the text/event-stream format (HTML standard, section 9.2). `data` is one line of JSON."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {topic}\ndata: {data}\n\n".encode()
