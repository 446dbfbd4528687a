"""Event streams: order, resumption, slow pages, failing sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from edge_agent.web import streams
from edge_agent.web.streams import Event, Follower, frame

IDLE_S = 5.0


class Table:
    """A source of events in memory, which can fail."""

    def __init__(self, count: int = 0) -> None:
        self.rows = [self.row(n) for n in range(1, count + 1)]
        self.failing = False

    def row(self, number: int) -> Event:
        return Event(number, number * 1000, "reading", "{}")

    def add(self, count: int) -> None:
        self.rows += [self.row(len(self.rows) + n) for n in range(1, count + 1)]

    async def after(self, position: int, limit: int) -> Sequence[Event]:
        await asyncio.sleep(0.001)
        if self.failing:
            raise OSError("the disk is away")
        return [r for r in self.rows if r.id > position][:limit]

    async def newest(self) -> int:
        return self.rows[-1].id if self.rows else 0


@asynccontextmanager
async def following(table: Table) -> AsyncIterator[Follower]:
    follower = Follower(table.after, table.newest, poll_s=0.01)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        await asyncio.wait([task])


async def take(events: AsyncIterator[Event | None], count: int) -> list[int]:
    async with asyncio.timeout(IDLE_S):
        return [event.id for event in [await anext(events) for _ in range(count)] if event is not None]


async def listening(follower: Follower, pages: int) -> None:
    """Return once so many pages listen."""
    async with asyncio.timeout(IDLE_S):
        while len(follower._queues) < pages:  # noqa: ASYNC110 - nobody else needs an event for it
            await asyncio.sleep(0)


async def test_missed_events_come_first_then_new_ones_each_once() -> None:
    table = Table(1200)
    async with following(table) as follower:
        events = follower.events(100, IDLE_S)
        missed = await take(events, 1100)
        table.add(700)
        new = await take(events, 700)
    assert missed + new == list(range(101, 1901))


async def test_all_pages_hear_everything() -> None:
    table = Table(3)
    async with following(table) as follower:
        pages = [follower.events(after, IDLE_S) for after in (0, 2, 3)]
        first = [await take(pages[0], 3), await take(pages[1], 1)]
        table.add(2)
        rest = await asyncio.gather(*(take(page, 2) for page in pages))
    assert first == [[1, 2, 3], [3]]
    assert rest == [[4, 5]] * 3


async def test_page_ahead_of_the_follower_hears_nothing_twice() -> None:
    table = Table(3)
    follower = Follower(table.after, table.newest, poll_s=0.01)
    early = asyncio.create_task(take(follower.events(3, IDLE_S), 3))
    await listening(follower, 1)
    table.add(2)
    ahead = asyncio.create_task(take(follower.events(5, IDLE_S), 1))
    await listening(follower, 2)
    running = asyncio.create_task(follower.run())
    table.add(1)
    assert (await early, await ahead) == ([4, 5, 6], [6])
    running.cancel()
    await asyncio.wait([running])


async def test_silence_is_told() -> None:
    async with following(Table(1)) as follower:
        assert await anext(follower.events(1, 0.01)) is None


async def test_slow_page_is_cut_off_and_comes_back() -> None:
    table = Table(1)
    async with following(table) as follower:
        slow = follower.events(1, IDLE_S)
        table.add(1)
        assert await take(slow, 1) == [2]
        fast = follower.events(2, IDLE_S)
        table.add(streams.QUEUE + 10)
        assert len(await take(fast, streams.QUEUE + 10)) == streams.QUEUE + 10
        heard = [event.id async for event in slow if event is not None]
        again = follower.events(heard[-1], IDLE_S)
        rest = await take(again, table.rows[-1].id - heard[-1])
    assert len(heard) == streams.QUEUE
    assert heard + rest == list(range(3, table.rows[-1].id + 1))


async def test_failing_source_is_asked_again() -> None:
    table = Table(1)
    async with following(table) as follower:
        events = follower.events(1, 0.05)
        table.failing = True
        assert await anext(events) is None
        table.failing = False
        table.add(1)
        async with asyncio.timeout(IDLE_S):
            found = await anext(e async for e in events if e is not None)
    assert found.id == 2


async def test_closing_ends_every_page() -> None:
    async with following(Table(1)) as follower:
        events = follower.events(0, IDLE_S)
        await take(events, 1)
        follower.close()
        assert [e async for e in events] == []


async def test_frame_is_what_browsers_read() -> None:
    assert frame("reading", '{"a":1}', 7) == b'id: 7\nevent: reading\ndata: {"a":1}\n\n'
    assert frame("tick", "{}") == b"event: tick\ndata: {}\n\n"
