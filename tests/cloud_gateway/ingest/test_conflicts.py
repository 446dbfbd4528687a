"""Two devices with one copied outbox say different things under one number: neither is lost silently."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import event

from cloud_gateway.database import reading
from cloud_gateway.ingest.store_conflicts import LOOK
from edge_agent.wire.messages import LaneAck, Rejection
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, EPOCH, OTHER_EPOCH, alarm, deliver, frame, record

LETTERS = "SELECT device, epoch, lane, seq, code FROM dead_letter ORDER BY id"
CONFLICT = (DEVICE, EPOCH, "record", 1, "seq_conflict")
NAMED = LaneAck(1, [], [Rejection(1, "seq_conflict")], safe=0)


def rating(seq: int = 1, stars: int = 3, *, at: int = AT, kind: str = "rating/1", mono: str = "5") -> str:
    return record(seq, f'{{"stars":{stars}}}', kind=kind, at=at, mono=mono)


def said(*records: str, boot: str = "boot-1") -> bytes:
    return frame(*records, lane="record", boot=boot)


OTHERS = {
    "another body": said(rating(stars=5)),
    "another time": said(rating(at=AT + 1)),
    "another kind": said(rating(kind="rating/2")),
    "another boot": said(rating(), boot="boot-2"),
    "another time since power on": said(rating(mono="6")),
    "another clock": said(rating().replace("ntp", "rtc")),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
async def test_other_record_of_a_stored_number_is_kept_and_refused_by_name(ground: Ground, other: bytes) -> None:
    await ground.take(deliver(said(rating()), "up/record"))
    await ground.take(deliver(other, "up/record"))
    assert ground.rows(LETTERS) == [CONFLICT]
    assert ground.ack(Lane.RECORD) == NAMED
    assert ground.rows("SELECT body FROM record") == [(b'{"stars":3}',)]


async def test_both_in_one_batch_are_seen(ground: Ground) -> None:
    await ground.take(deliver(said(rating()), "up/record"), deliver(said(rating(stars=5)), "up/record"))
    assert ground.rows(LETTERS) == [CONFLICT]
    assert ground.ack(Lane.RECORD) == NAMED


async def test_what_is_known_is_looked_up_and_no_table_read_through(ground: Ground) -> None:
    for _ in range(2):
        await ground.take(deliver(said(rating(), rating(2)), "up/record"), deliver(b"not JSON", "up/record"))
    asked: list[tuple[str, tuple[object, ...]]] = []
    engine = ground.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda c, k, sql, values, *_: asked.append((sql, values)))
    await ground.take(deliver(said(rating(), rating(2)), "up/record"), deliver(b"not JSON", "up/record"))
    async with reading(ground.engine) as connection:
        looks = [
            one
            for one in asked
            if one[0].startswith("SELECT") and re.search("FROM (record|dead_letter|ledger)", one[0])
        ]
        plans = [await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in looks]
        steps = [row.detail for plan in plans for row in plan]
    assert {"record", "dead_letter", "ledger"} <= {step.split()[1] for step in steps if step.startswith("SEARCH")}
    assert [step for step in steps if step.startswith("SCAN")] == []


async def test_refused_record_is_kept_whole(ground: Ground) -> None:
    await ground.take(deliver(said(rating()), "up/record"))
    await ground.take(deliver(said(rating(stars=5, at=AT + 7), rating(2)), "up/record"))
    ((payload, size),) = ground.rows("SELECT payload, size FROM dead_letter")
    kept = json.loads(str(payload, "utf-8"))  # type: ignore[call-overload]
    ((seq, at, body),) = [(r["seq"], r["at"], r["body"]) for r in kept["records"]]
    assert (kept["epoch"], kept["boot"], seq, at, body) == (EPOCH, "boot-1", 1, AT + 7, {"stars": 5})
    assert size == len(payload)  # type: ignore[arg-type]


async def test_refused_record_is_named_at_each_resend_and_kept_once(ground: Ground) -> None:
    await ground.take(deliver(said(rating()), "up/record"))
    for _ in range(3):
        await ground.take(deliver(said(rating(stars=5)), "up/record"), deliver(said(rating(stars=5)), "up/record"))
        assert ground.ack(Lane.RECORD) == NAMED
    assert ground.rows(LETTERS) == [CONFLICT]


async def test_each_of_many_copies_is_kept(ground: Ground) -> None:
    for stars in (1, 2, 3):
        await ground.take(deliver(said(rating(stars=stars)), "up/record"))
    assert ground.rows(LETTERS) == [CONFLICT, CONFLICT]


async def test_alarm_of_a_copy_raises_nothing_and_is_kept(ground: Ground) -> None:
    await ground.take(deliver(frame(alarm(1, value=1.5), lane="alarm"), "up/alarm"))
    await ground.take(deliver(frame(alarm(1, "cleared", at=AT + 5), lane="alarm"), "up/alarm"))
    assert ground.rows("SELECT cleared_at FROM alarm") == [(None,)]
    assert ground.rows(LETTERS) == [(DEVICE, EPOCH, "alarm", 1, "seq_conflict")]


async def test_record_that_comes_again_is_no_conflict(ground: Ground) -> None:
    payload = said(*(rating(seq) for seq in range(1, LOOK + 10)))
    await ground.take(deliver(payload, "up/record"))
    await ground.take(deliver(payload, "up/record"), deliver(payload, "up/record"))
    assert ground.rows(LETTERS) == []
    assert ground.ack(Lane.RECORD) == LaneAck(LOOK + 9, safe=0)


async def test_record_without_a_clock_that_comes_again_is_no_conflict(ground: Ground) -> None:
    payload = said(rating(at=5000).replace("ntp", "unset"))
    await ground.take(deliver(payload, "up/record"))
    await ground.take(deliver(payload, "up/record"))
    assert ground.rows(LETTERS) == []


async def test_new_records_beside_the_refused_one_are_stored(ground: Ground) -> None:
    await ground.take(deliver(said(rating(), rating(3)), "up/record"))
    await ground.take(deliver(said(rating(stars=5), rating(2), rating(3), rating(4)), "up/record"))
    assert ground.rows("SELECT seq FROM record ORDER BY seq") == [(1,), (2,), (3,), (4,)]
    assert ground.ack(Lane.RECORD) == LaneAck(4, [], [Rejection(1, "seq_conflict")], safe=0)


async def test_good_record_under_the_number_of_a_refused_one_is_kept(ground: Ground) -> None:
    await ground.take(deliver(said(record(1, "{}", kind="rubbish")), "up/record"))
    await ground.take(deliver(said(rating()), "up/record"))
    assert ground.rows(LETTERS) == [(DEVICE, EPOCH, "record", 1, "unknown_kind"), CONFLICT]
    assert ground.ack(Lane.RECORD) == NAMED


async def test_bad_record_under_a_stored_number_is_kept_once_under_its_own_fault(ground: Ground) -> None:
    bad = said(record(1, "{}", kind="rubbish"))
    await ground.take(deliver(said(rating()), "up/record"))
    await ground.take(deliver(bad, "up/record"))
    await ground.take(deliver(bad, "up/record"))
    assert ground.rows(LETTERS) == [(DEVICE, EPOCH, "record", 1, "unknown_kind")]
    assert ground.ack(Lane.RECORD) == LaneAck(1, [], [Rejection(1, "unknown_kind")], safe=0)


async def test_same_number_of_another_epoch_is_no_conflict(ground: Ground) -> None:
    await ground.take(deliver(said(rating()), "up/record"))
    await ground.take(deliver(frame(rating(stars=5), lane="record", epoch=OTHER_EPOCH), "up/record"))
    assert ground.rows(LETTERS) == []
