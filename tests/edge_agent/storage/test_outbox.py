"""The outbox keeps its promise: what `put` returned for is on disk until the gateway has it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.storage.facts import MAX_BODY_BYTES
from edge_agent.storage.outbox import (
    RECORDS_FULL,
    Item,
    Outbox,
    OutboxClosed,
    OutboxFull,
)
from edge_agent.wire.messages import ClockQuality, LaneAck, Rejection
from edge_agent.wire.topics import Lane
from tests.waiting import until


def item(lane: Lane = Lane.RECORD, body: bytes = b"{}", remember: tuple[str, str] | None = None) -> Item:
    return Item(lane, "rating/1", body, 1_000, ClockQuality.NTP, 5, remember)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    opened = await Outbox.open(tmp_path / "outbox.db", boot="boot-1")
    yield opened
    await opened.close()


async def test_put_returns_when_the_row_is_committed(outbox: Outbox, tmp_path: Path) -> None:
    seq = await outbox.put(item(body=b'{"stars":3}'))
    assert rows(tmp_path / "outbox.db", "SELECT lane, seq, body FROM pending") == [("record", seq, b'{"stars":3}')]


async def test_the_file_survives_power_loss_by_its_pragmas(outbox: Outbox, tmp_path: Path) -> None:
    connection = outbox._file.connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)


async def test_seq_begins_at_one_counts_by_lane_and_is_never_reused(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    first = await Outbox.open(path, boot="boot-1")
    assert [await first.put(item()) for _ in range(3)] == [1, 2, 3]
    assert await first.put(item(Lane.ALARM)) == 1
    first.mark_sent(Lane.RECORD, 1000)
    first.acknowledge(Lane.RECORD, LaneAck(3))
    await first.close()
    assert rows(path, "SELECT lane FROM pending") == [("alarm",)]
    second = await Outbox.open(path, boot="boot-2")
    assert await second.put(item()) == 4
    assert second.epoch == first.epoch
    await second.close()


async def test_a_lost_database_begins_a_new_epoch(tmp_path: Path) -> None:
    first = await Outbox.open(tmp_path / "a.db", boot="b")
    second = await Outbox.open(tmp_path / "b.db", boot="b")
    assert first.epoch != second.epoch
    await first.close()
    await second.close()


async def test_concurrent_puts_share_commits_and_all_get_their_own_seq(outbox: Outbox) -> None:
    seqs = await asyncio.gather(*(outbox.put(item()) for _ in range(500)))
    assert sorted(seqs) == list(range(1, 501))


async def test_cancelling_a_put_does_not_cancel_its_commit(outbox: Outbox) -> None:
    putting = asyncio.create_task(outbox.put(item(body=b'"kept"')))
    await asyncio.sleep(0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    await outbox.put(item(body=b'"next"'))
    assert [p.body for p in await outbox.pending(Lane.RECORD, 0, 10)] == [b'"kept"', b'"next"']


async def test_samples_wait_for_a_group_and_an_alarm_takes_them_along_at_once(outbox: Outbox, tmp_path: Path) -> None:
    other = await Outbox.open(tmp_path / "other.db", boot="boot-1")
    waiting = asyncio.create_task(other.put(item(Lane.READING)))
    assert outbox.offer(item(Lane.READING))
    await outbox.put(item(Lane.ALARM))
    assert not waiting.done()
    assert outbox.depth[Lane.READING] == 1
    await other.close()
    assert await waiting == 1


async def test_an_overflowing_queue_becomes_a_gap_record(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b", queue=10)
    offered = [outbox.offer(item(Lane.READING)) for _ in range(25)]
    assert offered.count(True) == 10
    await outbox.put(item(Lane.ALARM))
    kinds = [(p.kind, p.body) for p in await outbox.pending(Lane.READING, 0, 100)]
    assert [k for k, _ in kinds].count("rating/1") == 10
    assert [b for k, b in kinds if k == "gap/1"] == [
        b'{"reason":"no room for samples","count":15,"since":1000,"until":1000,"first":0,"last":0}'
    ]
    await outbox.close()


async def test_acks_delete_just_what_they_name_and_keep_what_was_refused(outbox: Outbox, tmp_path: Path) -> None:
    for _ in range(10):
        await outbox.put(item())
    outbox.mark_sent(Lane.RECORD, 1000)
    outbox.acknowledge(Lane.RECORD, LaneAck(2, [(5, 6)], [Rejection(9, "bad_value")]))
    await outbox.put(item(Lane.ALARM))
    assert [p.seq for p in await outbox.pending(Lane.RECORD, 0, 100)] == [3, 4, 7, 8, 10]
    assert outbox.depth[Lane.RECORD] == 5
    assert rows(tmp_path / "outbox.db", "SELECT seq, code FROM dead") == [(9, "bad_value")]


async def test_full_lane_of_records_refuses_by_exception_and_takes_again_when_acks_are_safe(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b", max_mb=1)
    body = b'"' + b"x" * 90_000 + b'"'
    stored = 0
    with pytest.raises(OutboxFull):
        while True:
            stored = await outbox.put(item(body=body))
    assert list(outbox.troubles) == [RECORDS_FULL]
    assert await outbox.put(item(Lane.ALARM)) == 1
    outbox.mark_sent(Lane.RECORD, 1000)
    outbox.acknowledge(Lane.RECORD, LaneAck(stored, safe=stored))
    await until(lambda: not outbox.depth[Lane.RECORD])
    assert await outbox.put(item(body=body)) == stored + 1
    assert outbox.troubles == {}
    await outbox.close()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b'"' + b"x" * MAX_BODY_BYTES + b'"'], ids=["empty", "cut", "nan", "long"]
)
async def test_bodies_that_cannot_travel_are_refused_before_they_are_stored(outbox: Outbox, body: bytes) -> None:
    with pytest.raises(ValueError, match="body"):
        await outbox.put(item(body=body))
    assert outbox.depth[Lane.RECORD] == 0


async def test_what_is_remembered_comes_with_its_record_and_survives(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b")
    await outbox.put(item(Lane.ALARM, remember=("rule.surge", "raised")))
    await outbox.close()
    again = await Outbox.open(tmp_path / "outbox.db", boot="c")
    assert await again.recall("rule.") == {"surge": "raised"}
    await again.close()


async def test_connection_numbers_grow_across_restarts(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b")
    first = await outbox.next_connection()
    await outbox.close()
    again = await Outbox.open(tmp_path / "outbox.db", boot="c")
    assert await again.next_connection() == first + 1
    await again.close()


async def test_a_closed_outbox_says_so(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b")
    await outbox.close()
    with pytest.raises(OutboxClosed):
        await outbox.put(item())


async def test_the_observer_hears_of_a_fact_before_put_returns(tmp_path: Path) -> None:
    heard: list[tuple[str, int]] = []

    class Listener:
        def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
            heard.extend((epoch, seq) for seq, _ in items)

        def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
            heard.append((lane.value, ack.upto))

    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b", observer=Listener())
    seq = await outbox.put(item())
    assert heard == [(outbox.epoch, seq)]
    outbox.mark_sent(Lane.RECORD, 1000)
    outbox.acknowledge(Lane.RECORD, LaneAck(seq))
    await outbox.put(item(Lane.ALARM))
    assert ("record", seq) in heard
    await outbox.close()


PUTTER = """
import asyncio, sys
from pathlib import Path
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.wire.messages import ClockQuality
from edge_agent.wire.topics import Lane
async def main():
    outbox = await Outbox.open(Path(sys.argv[1]), boot="b")
    async def put(n):
        while True:
            print(await outbox.put(Item(Lane.RECORD, "rating/1", b"{}", 1, ClockQuality.NTP, 1)), flush=True)
    await asyncio.gather(*(put(n) for n in range(20)))
asyncio.run(main())
"""


def put_until_killed(path: Path) -> set[int]:
    with subprocess.Popen([sys.executable, "-c", PUTTER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = {int(process.stdout.readline()) for _ in range(300)}
        process.kill()
        return said | {int(line) for line in process.stdout.read().split("\n")[:-1] if line}


async def test_everything_said_stored_is_there_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    said = await asyncio.to_thread(put_until_killed, path)
    outbox = await Outbox.open(path, boot="c")
    stored = {p.seq for p in await outbox.pending(Lane.RECORD, 0, 100_000)}
    await outbox.close()
    assert said <= stored
    assert stored == set(range(1, max(stored) + 1))


async def test_an_ack_of_what_was_never_sent_deletes_nothing(outbox: Outbox) -> None:
    for _ in range(3):
        await outbox.put(item(Lane.ALARM))
    outbox.mark_sent(Lane.ALARM, 2)
    assert not outbox.acknowledge(Lane.ALARM, LaneAck(3))
    assert not outbox.acknowledge(Lane.ALARM, LaneAck(0, [(2, 3)]))
    assert not outbox.acknowledge(Lane.ALARM, LaneAck(0, [(2, 1)]))
    assert not outbox.acknowledge(Lane.ALARM, LaneAck(0, [], [Rejection(3, "bad_value")]))
    await outbox.put(item())
    assert outbox.depth[Lane.ALARM] == 3
    assert outbox.acknowledge(Lane.ALARM, LaneAck(2))
    await outbox.put(item())
    assert outbox.depth[Lane.ALARM] == 1


async def test_what_an_earlier_life_may_have_sent_can_be_acknowledged(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b")
    await outbox.put(item(Lane.ALARM))
    await outbox.close()
    again = await Outbox.open(tmp_path / "outbox.db", boot="c")
    assert again.acknowledge(Lane.ALARM, LaneAck(1))
    await again.close()


@pytest.mark.parametrize(
    "bad",
    [
        item()._replace(kind="k" * 40 + "/1"),
        item()._replace(kind="no version"),
        item()._replace(at=2**60),
        item()._replace(mono=2**70),
        item(body=b"[" * 990 + b"]" * 990),
        item(remember=("rule.x", "\ud800")),
    ],
    ids=["long kind", "kind", "at", "mono", "deep", "surrogate"],
)
async def test_facts_that_would_hold_up_a_lane_are_refused_at_both_doors(outbox: Outbox, bad: Item) -> None:
    with pytest.raises(ValueError, match=r"kind|time|JSON"):
        await outbox.put(bad)
    with pytest.raises(ValueError, match=r"kind|time|JSON"):
        outbox.offer(bad._replace(lane=Lane.READING))
    assert await outbox.put(item()) == 1


async def test_refused_facts_do_not_fill_the_store(outbox: Outbox, tmp_path: Path) -> None:
    for _ in range(6):
        seqs = await asyncio.gather(*(outbox.put(item(Lane.RECORD)) for _ in range(250)))
        outbox.mark_sent(Lane.RECORD, max(seqs))
        outbox.acknowledge(Lane.RECORD, LaneAck(0, [], [Rejection(seq, "bad_value") for seq in sorted(seqs)]))
    await outbox.put(item(Lane.ALARM))
    kept = rows(tmp_path / "outbox.db", "SELECT count(*), max(seq) FROM dead")
    assert kept == [(1000, 1500)]


async def test_an_observer_that_fails_does_not_stop_the_outbox(tmp_path: Path) -> None:
    class Broken:
        def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
            raise BrokenPipeError

        def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
            raise BrokenPipeError

    outbox = await Outbox.open(tmp_path / "outbox.db", boot="b", observer=Broken())
    assert [await outbox.put(item()) for _ in range(3)] == [1, 2, 3]
    await outbox.close()
