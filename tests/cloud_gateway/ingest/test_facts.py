"""What frames say becomes rows: alarms in and out of order, heartbeats, dead letters, and the events of live pages."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from cloud_gateway.ingest.store_facts import MAX_UNREADABLE
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, EPOCH, OTHER_EPOCH, alarm, deliver, frame, heartbeat, record


def said(*alarms: str, epoch: str = EPOCH, boot: str = "boot-1") -> bytes:
    return frame(*alarms, lane="alarm", epoch=epoch, boot=boot)


RAISED_1 = alarm(1, "raised", at=AT + 10)
CLEARED_2 = alarm(2, "cleared", at=AT + 20)
RAISED_3 = alarm(3, "raised", at=AT + 30)
CLEARED_4 = alarm(4, "cleared", at=AT + 40)
OTHER_CLEARED_2 = alarm(2, "cleared", rule="flood", at=AT + 20)
ORDERS: dict[str, tuple[list[bytes], list[tuple[int, int, int | None]]]] = {
    "raised": ([said(RAISED_1)], [(1, AT + 10, None)]),
    "raised and cleared": ([said(RAISED_1), said(CLEARED_2)], [(1, AT + 10, AT + 20)]),
    "in one frame": ([said(RAISED_1, CLEARED_2)], [(1, AT + 10, AT + 20)]),
    "cleared before raised": ([said(CLEARED_2), said(RAISED_1)], [(1, AT + 10, AT + 20)]),
    "cleared only": ([said(CLEARED_2)], []),
    "twice, in order": (
        [said(RAISED_1, CLEARED_2, RAISED_3, CLEARED_4)],
        [(1, AT + 10, AT + 20), (3, AT + 30, AT + 40)],
    ),
    "twice, backwards": (
        [said(CLEARED_4), said(RAISED_3), said(CLEARED_2), said(RAISED_1)],
        [(1, AT + 10, AT + 20), (3, AT + 30, AT + 40)],
    ),
    "the second raising first": (
        [said(RAISED_3), said(RAISED_1), said(CLEARED_2)],
        [(1, AT + 10, AT + 20), (3, AT + 30, None)],
    ),
    "an old clearing late": (
        [said(RAISED_1), said(RAISED_3), said(CLEARED_2)],
        [(1, AT + 10, AT + 20), (3, AT + 30, None)],
    ),
    "the last clearing closes all": (
        [said(RAISED_1), said(RAISED_3), said(CLEARED_4)],
        [(1, AT + 10, AT + 40), (3, AT + 30, AT + 40)],
    ),
    "the first raising last": (
        [said(RAISED_3), said(CLEARED_4), said(RAISED_1)],
        [(1, AT + 10, AT + 40), (3, AT + 30, AT + 40)],
    ),
    "sent again": ([said(RAISED_1), said(CLEARED_2), said(RAISED_1), said(CLEARED_2)], [(1, AT + 10, AT + 20)]),
    "another rule's clearing": ([said(RAISED_1), said(OTHER_CLEARED_2)], [(1, AT + 10, None)]),
    "another rule's clearing first": ([said(OTHER_CLEARED_2), said(RAISED_1)], [(1, AT + 10, None)]),
    "after a restart of the device": ([said(RAISED_1), said(CLEARED_2, boot="boot-2")], [(1, AT + 10, AT + 20)]),
}


@pytest.mark.parametrize(("frames", "alarms"), ORDERS.values(), ids=ORDERS)
async def test_alarms_end_the_same_in_whatever_order_they_come(
    ground: Ground, frames: list[bytes], alarms: list[tuple[int, int, int | None]]
) -> None:
    for payload in frames:
        await ground.take(deliver(payload, "up/alarm"))
    assert ground.rows("SELECT seq, raised_at, cleared_at FROM alarm ORDER BY seq") == alarms


@pytest.mark.parametrize(("frames", "alarms"), ORDERS.values(), ids=ORDERS)
async def test_alarms_of_one_batch_end_the_same(
    ground: Ground, frames: list[bytes], alarms: list[tuple[int, int, int | None]]
) -> None:
    await ground.take(*(deliver(payload, "up/alarm") for payload in frames))
    assert ground.rows("SELECT seq, raised_at, cleared_at FROM alarm ORDER BY seq") == alarms


@pytest.mark.parametrize("state", ["raised", "cleared"])
async def test_any_number_of_alarms_is_stored_in_the_same_few_statements(ground: Ground, state: str) -> None:
    statements: list[str] = []
    event.listen(ground.engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    await ground.take(deliver(said(alarm(1001, state)), "up/alarm"))
    few = len(statements)
    await ground.take(deliver(said(*(alarm(seq, state) for seq in range(2, 400))), "up/alarm"))
    assert len(statements) <= 2 * few


async def test_new_epoch_closes_what_the_lost_one_left_open(ground: Ground) -> None:
    await ground.take(deliver(said(alarm(7, at=AT + 10)), "up/alarm"))
    await ground.take(deliver(said(alarm(1, "cleared", at=AT + 90), epoch=OTHER_EPOCH), "up/alarm"))
    assert ground.rows("SELECT epoch, seq, cleared_at FROM alarm") == [(EPOCH, 7, AT + 90)]


async def test_late_word_of_an_old_epoch_does_not_close_an_alarm_raised_after_it(ground: Ground) -> None:
    await ground.take(deliver(said(alarm(1, at=AT + 50), epoch=OTHER_EPOCH), "up/alarm"))
    await ground.take(deliver(said(alarm(8, "cleared", at=AT + 20)), "up/alarm"))
    assert ground.rows("SELECT epoch, seq, cleared_at FROM alarm") == [(OTHER_EPOCH, 1, None)]


async def test_alarms_of_two_devices_with_one_rule_do_not_touch(ground: Ground) -> None:
    await ground.take(deliver(said(RAISED_1), "up/alarm"))
    await ground.take(deliver(said(CLEARED_2, epoch=OTHER_EPOCH), "up/alarm", device="gauge-02"))
    assert ground.rows("SELECT device, cleared_at FROM alarm") == [(DEVICE, None)]


async def test_alarm_is_kept_whole(ground: Ground) -> None:
    await ground.take(deliver(said(alarm(1, value=2.25)), "up/alarm"))
    columns = 'device, epoch, seq, rule, stream, value, "limit", unit, since, raised_at'
    assert ground.rows(f"SELECT {columns} FROM alarm") == [(DEVICE, EPOCH, 1, "surge", "tide", 2.25, 1.0, "m", AT, AT)]
    ((body,),) = ground.rows("SELECT body FROM record")
    assert json.loads(str(body, "utf-8"))["value"] == 2.25  # type: ignore[call-overload]


@pytest.mark.parametrize("lane", ["alarm", "record"])
async def test_fact_that_the_devices_card_has_altered_is_kept_as_that_and_shown_as_a_gap(
    ground: Ground, lane: str
) -> None:
    body = f'{{"reason":"damaged","count":1,"since":{AT},"until":{AT},"first":1,"last":1}}'
    await ground.take(deliver(frame(record(1, body, kind="damaged/1"), lane=lane), f"up/{lane}"))
    assert ground.rows("SELECT lane, seq, kind FROM record") == [(lane, 1, "damaged/1")]
    assert ground.rows('SELECT lane, reason, count, "first" FROM gap') == [(lane, "damaged", 1, 1)]
    assert (ground.ack(Lane(lane)).upto, ground.ack(Lane(lane)).rejected) == (1, [])
    assert ground.rows("SELECT count(*) FROM alarm") == [(0,)]


BEATS = {
    "in order": [(1, 5), (2, 9)],
    "backwards": [(2, 9), (1, 5)],
    "sent again": [(2, 9), (2, 9), (1, 5)],
}


@pytest.mark.parametrize("order", BEATS.values(), ids=BEATS)
async def test_newest_heartbeat_stands(ground: Ground, order: list[tuple[int, int]]) -> None:
    for seq, depth in order:
        payload = frame(heartbeat(seq, depth, at=AT + seq), lane="diagnostic")
        await ground.take(deliver(payload, "up/diagnostic"))
    assert ground.rows("SELECT heartbeat_at, depth FROM device") == [(AT + 2, 9)]


async def test_newest_heartbeat_of_one_frame_stands(ground: Ground) -> None:
    beats = (heartbeat(seq, seq, at=AT + seq) for seq in (1, 2, 3))
    await ground.take(deliver(frame(*beats, lane="diagnostic"), "up/diagnostic"))
    assert ground.rows("SELECT heartbeat_at, depth FROM device") == [(AT + 3, 3)]


async def test_heartbeat_after_the_clock_was_set_back_stands(ground: Ground) -> None:
    for seq, at in ((1, AT + 9_000_000), (2, AT)):
        await ground.take(deliver(frame(heartbeat(seq, at=at), lane="diagnostic"), "up/diagnostic"))
    assert ground.rows("SELECT heartbeat_at FROM device") == [(AT,)]


async def test_message_that_cannot_be_read_is_kept_once_and_counted(ground: Ground) -> None:
    await ground.take(deliver(b"rubbish"), deliver(b"rubbish"), deliver(b"other"))
    await ground.take(deliver(b"rubbish"), deliver(b"rubbish", device="gauge-02"))
    assert ground.rows("SELECT device, payload, size, times FROM dead_letter ORDER BY id") == [
        (DEVICE, b"rubbish", 7, 3),
        (DEVICE, b"other", 5, 1),
        ("gauge-02", b"rubbish", 7, 1),
    ]


async def test_head_and_digest_of_a_long_message_are_kept(ground: Ground) -> None:
    payload = b"x" * 120_000
    await ground.take(deliver(payload))
    digest = hashlib.sha256(payload).hexdigest()
    assert ground.rows("SELECT length(payload), size, sha256 FROM dead_letter") == [(4096, 120_000, digest)]


async def test_messages_that_cannot_be_read_are_bounded_and_the_oldest_go(ground: Ground) -> None:
    await ground.take(deliver(frame(record(1, "[]"))))
    fill = "INSERT INTO dead_letter (received_at, topic, code, detail, payload, size, sha256, times) VALUES (1, ?, '', '', '', 0, '', 1)"  # noqa: E501
    with closing(sqlite3.connect(ground.file)) as connection, connection:
        connection.executemany(fill, ((str(number),) for number in range(MAX_UNREADABLE)))
    await ground.take(*(deliver(f"rubbish {number}".encode()) for number in range(3)))
    unread = "SELECT count(*), sum(topic IN ('0', '1', '2')) FROM dead_letter WHERE seq IS NULL"
    assert ground.rows(unread) == [(MAX_UNREADABLE, 0)]
    assert ground.rows("SELECT count(*) FROM dead_letter WHERE seq IS NOT NULL") == [(1,)]


async def test_events_tell_live_pages_what_changed(ground: Ground) -> None:
    gap = record(1, f'{{"reason":"full","count":3,"since":{AT},"until":{AT}}}', kind="gap/1")
    await ground.take(deliver(said(RAISED_1), "up/alarm"), deliver(frame(gap)), deliver(b"rubbish"))
    events = {str(topic): json.loads(str(body)) for topic, body in ground.rows("SELECT topic, body FROM event")}
    told = {"device": DEVICE, "epoch": EPOCH, "seq": 1, "rule": "surge", "state": "raised", "at": AT + 10, "value": 1.5}
    assert events["alarm"] == told
    assert events["gap"] == {"device": DEVICE, "lane": "reading", "count": 3}
    assert events["dead_letter"] == {"device": DEVICE, "code": "malformed_frame"}


async def test_change_and_its_event_are_stored_together_or_not_at_all(ground: Ground) -> None:
    refuse = "CREATE TRIGGER no BEFORE INSERT ON event BEGIN SELECT raise(ABORT, 'no events today'); END"
    with closing(sqlite3.connect(ground.file)) as connection, connection:
        connection.execute(refuse)
    with pytest.raises(IntegrityError, match="no events today"):
        await ground.take(deliver(said(RAISED_1), "up/alarm"))
    assert ground.rows("SELECT (SELECT count(*) FROM alarm), (SELECT count(*) FROM record)") == [(0, 0)]
    assert ground.rows("SELECT count(*) FROM ledger") == [(0,)]
    assert ground.replies == []
    with closing(sqlite3.connect(ground.file)) as connection, connection:
        connection.execute("DROP TRIGGER no")
    await ground.take(deliver(said(RAISED_1), "up/alarm"))
    assert ground.ack(Lane.ALARM).upto == 1
