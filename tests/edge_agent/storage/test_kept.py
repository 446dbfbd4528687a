"""Acknowledged alarms and records stay until they are safe, and are sent again when a restored gateway lacks them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent.storage.facts import Item
from edge_agent.storage.outbox import Outbox
from edge_agent.wire.messages import ClockQuality, LaneAck, Rejection
from edge_agent.wire.topics import Lane


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    opened = await Outbox.open(tmp_path / "outbox.db", boot="boot-1", max_mb=1)
    await asyncio.gather(*(opened.put(fact(n)) for n in range(1, 21)))
    opened.mark_sent(Lane.RECORD, 20)
    yield opened
    await opened.close()


def fact(n: int, size: int = 10) -> Item:
    return Item(Lane.RECORD, "rating/1", b'"%d%s"' % (n, b"x" * size), 1_000 + n, ClockQuality.NTP, n)


async def say(outbox: Outbox, ack: LaneAck) -> None:
    """The gateway's word, committed: an alarm closes the group, and its own ack makes no difference."""
    assert outbox.acknowledge(Lane.RECORD, ack)
    await outbox.put(fact(0)._replace(lane=Lane.ALARM))


async def seqs(outbox: Outbox) -> list[int]:
    return [p.seq for p in await outbox.pending(Lane.RECORD, 0, 100)]


async def test_gateway_that_fell_behind_is_sent_what_it_lacks(outbox: Outbox) -> None:
    await say(outbox, LaneAck(20))
    assert await seqs(outbox) == []
    await say(outbox, LaneAck(12, [(15, 16)]))
    assert await seqs(outbox) == [13, 14, 17, 18, 19, 20]
    assert outbox.depth[Lane.RECORD] == 6
    assert outbox.take_back() == {Lane.RECORD: 13}
    assert outbox.take_back() == {}


async def test_it_is_sent_again_after_a_restart_too(tmp_path: Path) -> None:
    first = await Outbox.open(tmp_path / "again.db", boot="boot-1")
    await asyncio.gather(*(first.put(fact(n)) for n in range(1, 21)))
    first.mark_sent(Lane.RECORD, 20)
    await say(first, LaneAck(20))
    await first.close()
    again = await Outbox.open(tmp_path / "again.db", boot="boot-2")
    await say(again, LaneAck(18))
    assert await seqs(again) == [19, 20]
    await again.close()


async def test_what_is_safe_is_let_go_of(outbox: Outbox) -> None:
    await say(outbox, LaneAck(20, safe=15))
    await say(outbox, LaneAck(0))
    assert await seqs(outbox) == [16, 17, 18, 19, 20]


async def test_safe_is_not_believed_beyond_what_is_stored(outbox: Outbox) -> None:
    await say(outbox, LaneAck(10, safe=20))
    assert await seqs(outbox) == list(range(11, 21))


async def test_refused_facts_are_not_kept(outbox: Outbox) -> None:
    await say(outbox, LaneAck(19, [], [Rejection(20, "bad_value")]))
    await say(outbox, LaneAck(19))
    assert await seqs(outbox) == []


async def test_kept_facts_count_until_they_are_let_go_of(outbox: Outbox) -> None:
    before = outbox.lanes[Lane.RECORD]
    await say(outbox, LaneAck(20))
    after = outbox.lanes[Lane.RECORD]
    assert (after.bytes, after.kept, after.rows) == (0, before.bytes, 0)
    await say(outbox, LaneAck(20, safe=20))
    assert outbox.lanes[Lane.RECORD].kept == 0


async def test_oldest_kept_facts_make_room_for_new_records(outbox: Outbox) -> None:
    last = 20
    for _ in range(10):
        await say(outbox, LaneAck(last))
        last = await outbox.put(fact(last + 1, 50_000))
        outbox.mark_sent(Lane.RECORD, last)
    state = outbox.lanes[Lane.RECORD]
    assert state.bytes + state.kept <= outbox.quota(Lane.RECORD)
    await say(outbox, LaneAck(0))
    assert max(await seqs(outbox)) == last
    assert outbox.lanes[Lane.RECORD].unsafe == last - len(await seqs(outbox)) > 0


async def test_what_is_safe_is_not_counted_as_let_go_of_too_early(outbox: Outbox) -> None:
    await say(outbox, LaneAck(10))
    await say(outbox, LaneAck(20, safe=15))
    await say(outbox, LaneAck(20, safe=20))
    assert (outbox.lanes[Lane.RECORD].kept, outbox.lanes[Lane.RECORD].unsafe) == (0, 0)


async def test_readings_are_not_kept(outbox: Outbox) -> None:
    await asyncio.gather(outbox.put(fact(1)._replace(lane=Lane.READING)), outbox.put(fact(2)))
    outbox.mark_sent(Lane.READING, 1)
    outbox.acknowledge(Lane.READING, LaneAck(1))
    await say(outbox, LaneAck(20))
    assert outbox.lanes[Lane.READING].kept == 0
