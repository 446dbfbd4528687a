"""A small outbox in a long outage: alarms and records are complete, readings thinned, and what went is named."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.storage.facts import Item
from edge_agent.storage.outbox import Outbox, OutboxFull
from edge_agent.storage.overflow import OLDEST_DROPPED, THINNED
from edge_agent.storage.quotas import COST_SQL, Quotas, cost
from edge_agent.storage.thinning import Stretch, choose_kept
from edge_agent.wire.messages import READING, ClockQuality, LaneAck
from edge_agent.wire.ranges import Ranges
from edge_agent.wire.topics import Lane
from tests.edge_agent.storage.weeks import live_through

AT = 1_795_305_600_000


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Outbox]:
    opened = await Outbox.open(tmp_path / "outbox.db", boot="boot-1", max_mb=1)
    yield opened
    await opened.close()


def bulk(lane: Lane, size: int, at: int = AT) -> Item:
    return Item(lane, "note/1", b'"' + b"x" * size + b'"', at, ClockQuality.NTP, 1)


async def put_all(outbox: Outbox, items: Iterable[Item]) -> None:
    """All in one group."""
    await asyncio.gather(*(outbox.put(item) for item in items))


async def put_by_twenty(outbox: Outbox, items: list[Item]) -> None:
    """In groups that an alarm each closes at once."""
    for n in range(0, len(items), 20):
        await put_all(outbox, [*items[n : n + 20], bulk(Lane.ALARM, 1)])


async def gaps(outbox: Outbox, lane: Lane = Lane.READING) -> list[dict[str, object]]:
    return [json.loads(p.body) for p in await outbox.pending(lane, 0, 100_000) if p.kind == "gap/1"]


# -- hours without a gateway --------------------------------------------------------------------------------------


def test_hours_at_ten_readings_a_second_leave_urgent_facts_whole_and_name_every_reading(tmp_path: Path) -> None:
    outage = live_through(tmp_path / "outbox.db", 3 * 3600, max_mb=2, group_s=60)
    assert outage.put["reading"] == 108_000
    assert (outage.left["alarm"], outage.left["record"]) == (outage.put["alarm"], outage.put["record"])
    assert outage.left["reading"] + outage.named == outage.put["reading"]
    assert outage.reasons == {THINNED, OLDEST_DROPPED}
    assert outage.file_bytes <= 2 * 1024 * 1024
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as c:
        (oldest,) = c.execute("SELECT min(at) FROM pending WHERE kind='reading/1'").fetchone()
    kept_s = 3 * 3600 - (oldest - AT) / 1000
    assert kept_s > 3 * outage.left["reading"] / 10


# -- what goes ----------------------------------------------------------------------------------------------------


def stretch(values: list[float], *, step_ms: int = 1000, at: int = AT) -> list[Stretch]:
    bodies = [f'[{{"n":"level","u":"m","v":{value}}}]'.encode() for value in values]
    return [Stretch(n, READING, at + n * step_ms, "b", body) for n, body in enumerate(bodies, start=1)]


def test_of_a_minute_the_least_the_greatest_and_the_last_stay() -> None:
    assert choose_kept(stretch([5, 1, 5, 9, 5, 5])) == {2, 4, 6}


def test_minutes_streams_and_boots_are_thinned_each_by_itself() -> None:
    one = stretch([5, 1, 9, 5], step_ms=30_000)
    assert choose_kept(one) == {1, 2, 3, 4}
    other = [row._replace(seq=row.seq + 10, boot="other") for row in stretch([1, 1, 1])]
    assert choose_kept([*stretch([1, 1, 1]), *other]) == {1, 3, 11, 13}


@pytest.mark.parametrize(
    "row",
    [
        Stretch(1, "gap/1", AT, "b", b'{"reason":"x"}'),
        Stretch(1, READING, AT, "b", b"not a pack"),
        Stretch(1, READING, AT, "b", b'[{"n":"state","vs":"open"}]'),
    ],
    ids=["gap", "unreadable", "text"],
)
def test_what_has_no_least_and_greatest_stays(row: Stretch) -> None:
    assert choose_kept([row, *(r._replace(seq=r.seq + 1) for r in stretch([1, 1, 1]))]) == {1, 2, 4}


async def test_oldest_diagnostics_make_room_and_are_named_in_their_own_lane(small: Outbox) -> None:
    await put_by_twenty(small, [bulk(Lane.DIAGNOSTIC, 200, AT + n) for n in range(400)])
    left = [p for p in await small.pending(Lane.DIAGNOSTIC, 0, 1000) if p.kind != "gap/1"]
    named = await gaps(small, Lane.DIAGNOSTIC)
    assert len(left) + sum(int(str(gap["count"])) for gap in named) == 400
    assert {gap["reason"] for gap in named} == {OLDEST_DROPPED}
    assert left[-1].at == AT + 399


async def test_numbers_that_went_are_skipped_by_what_follows_them(small: Outbox) -> None:
    await put_by_twenty(small, [bulk(Lane.READING, 1000, AT + n) for n in range(400)])
    line = Ranges()
    for fact in await small.pending(Lane.READING, 0, 10_000):
        line.add(fact.seq - fact.skip, fact.seq)
    assert (line.upto, line.sparse) == (small.lanes[Lane.READING].next - 1, [])


# -- quotas -------------------------------------------------------------------------------------------------------


async def test_readings_never_take_the_room_of_alarms_and_records(small: Outbox) -> None:
    await put_by_twenty(small, [bulk(Lane.READING, 3000, AT + n) for n in range(300)])
    assert small.lanes[Lane.READING].bytes <= small.quota(Lane.READING)
    await put_all(small, [bulk(Lane.RECORD, 1000) for _ in range(30)])
    await put_all(small, [bulk(Lane.ALARM, 100) for _ in range(300)])
    assert (small.depth[Lane.RECORD], small.depth[Lane.ALARM]) == (30, 315)


async def test_alarms_go_in_beyond_their_reserve_while_the_file_has_room(small: Outbox) -> None:
    await put_all(small, [bulk(Lane.ALARM, 1000) for _ in range(100)])
    assert small.lanes[Lane.ALARM].bytes > small.quota(Lane.ALARM)
    assert small.depth[Lane.ALARM] == 100


async def test_full_lane_of_records_does_not_drop_a_record(small: Outbox) -> None:
    stored = 0
    with pytest.raises(OutboxFull):
        while True:
            stored = await small.put(bulk(Lane.RECORD, 20_000))
    assert [p.seq for p in await small.pending(Lane.RECORD, 0, 1000)] == list(range(1, stored + 1))
    assert await gaps(small) == []


async def test_usage_is_what_the_rows_say(small: Outbox, tmp_path: Path) -> None:
    await put_all(small, [bulk(Lane.READING, size) for size in (10, 899, 900, 901, 5000, 20_000)])
    small.mark_sent(Lane.READING, 6)
    small.acknowledge(Lane.READING, LaneAck(2, [(5, 5)]))
    await small.put(bulk(Lane.ALARM, 1))
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as c:
        query = f"SELECT count(*), sum({COST_SQL}) FROM pending WHERE lane='reading'"
        assert c.execute(query).fetchone() == (small.depth[Lane.READING], small.lanes[Lane.READING].bytes)
    assert small.lanes[Lane.READING].bytes == cost(902) + cost(903) + cost(20_002)


@pytest.mark.parametrize("size", [20, 200, 2000, 30_000])
async def test_cost_of_rows_is_near_what_they_take_in_the_file(tmp_path: Path, size: int) -> None:
    path = tmp_path / "outbox.db"
    outbox = await Outbox.open(path, boot="0123456789abcdef", max_mb=64, quotas=Quotas(reading=0.6))
    before = path.stat().st_size
    lanes = (Lane.ALARM, Lane.DIAGNOSTIC, Lane.READING, Lane.READING)
    each = min(max(1, 10_000 // size), 100)
    for _ in range(10):
        await put_all(outbox, [bulk(lane, size) for lane in lanes for _ in range(each)])
    counted = sum(state.bytes for state in outbox.lanes.values())
    await outbox.close()
    taken = path.stat().st_size - before
    assert 0.6 * taken < counted < 1.8 * taken
