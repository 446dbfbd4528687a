"""The ledger: in whatever order and however often frames come, each record counts once; the ack says what is stored."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from cloud_gateway.ingest.store import MAX_EPOCHS, MAX_SPARSE
from edge_agent.wire.messages import Ack, LaneAck, Rejection
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, EPOCH, OTHER_EPOCH, birth, deliver, frame, pack, record

SEQS = "SELECT seq FROM record ORDER BY seq"


def ratings(*seqs: int) -> bytes:
    return frame(*(record(seq, '{"stars":3}', kind="rating/1", at=AT + seq % 1000) for seq in seqs), lane="record")


def readings(first: int, last: int) -> bytes:
    return frame(*(record(seq, pack(seq), at=AT + seq) for seq in range(first, last + 1)))


ARRIVALS: dict[str, tuple[list[bytes], list[int], LaneAck]] = {
    "once": ([ratings(1, 2, 3)], [1, 2, 3], LaneAck(3)),
    "twice": ([ratings(1, 2, 3)] * 2, [1, 2, 3], LaneAck(3)),
    "later first": ([ratings(3, 4), ratings(1, 2)], [1, 2, 3, 4], LaneAck(4)),
    "with a hole": ([ratings(1, 2), ratings(5, 6)], [1, 2, 5, 6], LaneAck(2, [(5, 6)])),
    "with a hole that is filled": ([ratings(1), ratings(3), ratings(2)], [1, 2, 3], LaneAck(3)),
    "without a beginning": ([ratings(7, 8)], [7, 8], LaneAck(0, [(7, 8)])),
    "overlapping": ([ratings(1, 2, 3), ratings(2, 3, 4)], [1, 2, 3, 4], LaneAck(4)),
    "around what is there": ([ratings(3, 4), ratings(1, 2, 3, 4, 5)], [1, 2, 3, 4, 5], LaneAck(5)),
    "with holes in a frame": ([ratings(1, 3, 5), ratings(3, 4, 5)], [1, 3, 4, 5], LaneAck(1, [(3, 5)])),
    "the largest number": ([ratings(2**53 - 1)] * 2, [2**53 - 1], LaneAck(0, [(2**53 - 1, 2**53 - 1)])),
}


@pytest.mark.parametrize(("frames", "stored", "ack"), ARRIVALS.values(), ids=ARRIVALS)
async def test_records_count_once_in_whatever_order(
    ground: Ground, frames: list[bytes], stored: list[int], ack: LaneAck
) -> None:
    for payload in frames:
        await ground.take(deliver(payload, "up/record"))
    assert ground.rows(SEQS) == [(seq,) for seq in stored]
    assert ground.ack(Lane.RECORD) == replace(ack, safe=0)  # no backup yet


@pytest.mark.parametrize(("frames", "stored", "ack"), ARRIVALS.values(), ids=ARRIVALS)
async def test_records_of_one_batch_count_once_too(
    ground: Ground, frames: list[bytes], stored: list[int], ack: LaneAck
) -> None:
    await ground.take(*(deliver(payload, "up/record") for payload in frames))
    assert ground.rows(SEQS) == [(seq,) for seq in stored]
    assert ground.ack(Lane.RECORD) == replace(ack, safe=0)  # no backup yet


def thinned(seq: int, skip: int, lane: str = "reading") -> bytes:
    kind, body = ("reading/1", pack(seq)) if lane == "reading" else ("rating/1", "{}")
    return frame(record(seq, body, kind=kind, at=AT + seq)[:-1] + f',"skip":{skip}}}', lane=lane)


SKIPS: dict[str, tuple[list[bytes], LaneAck]] = {
    "fill the hole below": ([readings(1, 2), thinned(10, 7)], LaneAck(10)),
    "count before what they follow": ([thinned(10, 7), readings(1, 2)], LaneAck(10)),
    "end at the first number": ([thinned(10, 99)], LaneAck(10)),
    "leave the hole that they do not name": ([thinned(10, 3)], LaneAck(0, [(7, 10)])),
}


@pytest.mark.parametrize(("frames", "ack"), SKIPS.values(), ids=SKIPS)
async def test_numbers_that_a_device_will_never_send(ground: Ground, frames: list[bytes], ack: LaneAck) -> None:
    for payload in frames:
        await ground.take(deliver(payload))
    assert ground.ack(Lane.READING) == ack


async def test_lane_without_gaps_keeps_its_holes_whatever_a_record_says(ground: Ground) -> None:
    await ground.take(deliver(thinned(10, 9, "record"), "up/record"))
    assert ground.ack(Lane.RECORD) == LaneAck(0, [(10, 10)], safe=0)


async def test_readings_sent_again_are_stored_once(ground: Ground) -> None:
    await ground.take(deliver(readings(1, 50)), deliver(readings(1, 50)))
    await ground.take(deliver(readings(26, 75)))
    assert [p.seq for p in await ground.points()] == list(range(1, 76))
    assert ground.ack(Lane.READING) == LaneAck(75)


async def test_lanes_and_epochs_are_counted_apart(ground: Ground) -> None:
    gap = record(1, f'{{"reason":"full","count":3,"since":{AT},"until":{AT}}}', kind="gap/1")
    await ground.take(
        deliver(ratings(1, 2), "up/record"),
        deliver(frame(gap)),
        deliver(frame(record(1, "{}", kind="rating/1"), lane="record", epoch=OTHER_EPOCH), "up/record"),
    )
    assert ground.ack(Lane.RECORD) == LaneAck(2, safe=0)
    assert ground.ack(Lane.READING) == LaneAck(1)
    assert ground.ack(Lane.RECORD, epoch=OTHER_EPOCH) == LaneAck(1, safe=0)
    assert ground.rows("SELECT lane, seq, reason, count FROM gap") == [("reading", 1, "full", 3)]


async def test_rejected_record_is_named_again_at_each_resend_and_kept_once(ground: Ground) -> None:
    payload = frame(record(1), record(2, "[]"), record(3))
    await ground.take(deliver(payload))
    await ground.take(deliver(payload), deliver(payload))
    assert ground.ack(Lane.READING) == LaneAck(3, [], [Rejection(2, "malformed_reading")] * 2)
    letters = ground.rows("SELECT device, epoch, lane, seq, code, payload, size, times FROM dead_letter")
    assert letters == [(DEVICE, EPOCH, "reading", 2, "malformed_reading", b"[]", 2, 1)]


async def test_ack_of_a_scattered_lane_stays_small(ground: Ground) -> None:
    await ground.take(deliver(ratings(*range(2, 2000, 2)), "up/record"))
    ack = ground.ack(Lane.RECORD)
    assert (ack.upto, len(ack.ranges)) == (0, 64)
    assert len(ground.replies[-1][1]) < 2000


async def test_ack_of_a_frame_of_rubbish_stays_small(ground: Ground) -> None:
    await ground.take(deliver(frame(*(record(seq, "1") for seq in range(1, 1001)))))
    ack = ground.ack(Lane.READING)
    assert (ack.upto, len(ack.rejected)) == (1000, 200)
    assert ground.rows("SELECT count(*) FROM dead_letter") == [(1000,)]
    assert len(ground.replies[-1][1]) < 10_000


async def test_line_of_the_ledger_with_too_many_holes_takes_no_more_of_them(ground: Ground) -> None:
    await ground.take(deliver(ratings(*range(2, 2 * MAX_SPARSE + 1, 2)), "up/record"))
    await ground.take(deliver(ratings(90_000), "up/record"), deliver(ratings(90_000), "up/record"))
    assert ground.rows("SELECT max(seq) FROM record") == [(2 * MAX_SPARSE,)]
    assert ground.rows("SELECT device, code, times FROM dead_letter") == [(DEVICE, "too_scattered", 2)]
    await ground.take(deliver(ratings(1, 3), "up/record"))
    assert ground.ack(Lane.RECORD).upto == 4
    await ground.take(deliver(ratings(90_000), "up/record"))
    assert ground.rows("SELECT max(seq) FROM record") == [(90_000,)]


async def test_record_with_a_bad_field_is_named_and_in_the_ledger(ground: Ground) -> None:
    bad = record(2, kind="r" * 40)
    await ground.take(deliver(frame(record(1), bad, record(3))))
    assert ground.ack(Lane.READING) == LaneAck(3, [], [Rejection(2, "malformed_record")])
    assert [p.seq for p in await ground.points()] == [1, 3]
    letters = ground.rows("SELECT device, lane, seq, code, payload FROM dead_letter")
    assert letters == [(DEVICE, "reading", 2, "malformed_record", bad.encode())]


async def test_old_number_in_front_does_not_let_more_holes_pass(ground: Ground) -> None:
    await ground.take(deliver(ratings(1, *range(3, 2 * MAX_SPARSE, 2)), "up/record"))
    await ground.take(deliver(ratings(1, *range(10_001, 11_000, 2)), "up/record"))
    assert ground.rows("SELECT json_array_length(ranges) FROM ledger") == [(MAX_SPARSE - 1,)]
    assert ground.rows("SELECT code FROM dead_letter") == [("too_scattered",)]
    assert ground.rows("SELECT max(seq) FROM record") == [(2 * MAX_SPARSE - 1,)]


async def test_birth_is_answered_by_how_the_epoch_stands(ground: Ground) -> None:
    await ground.take(deliver(ratings(1, 2, 5), "up/record"), deliver(readings(1, 3)))
    ground.replies.clear()
    await ground.take(deliver(birth(), "birth"))
    assert ground.ack(Lane.RECORD) == LaneAck(2, [(5, 5)], safe=0)
    assert ground.ack(Lane.READING) == LaneAck(3)


async def test_birth_of_a_new_epoch_is_not_answered_with_the_old_one(ground: Ground) -> None:
    await ground.take(deliver(ratings(1, 2), "up/record"))
    ground.replies.clear()
    await ground.take(deliver(birth(epoch=OTHER_EPOCH), "birth"))
    ((_, answer),) = ground.replies
    nothing = LaneAck(0, safe=0)
    assert msgspec.json.decode(answer, type=Ack) == Ack(OTHER_EPOCH, {Lane.ALARM: nothing, Lane.RECORD: nothing})


async def test_epoch_of_another_device_is_refused_whole(ground: Ground) -> None:
    await ground.take(deliver(readings(1, 2)))
    ground.replies.clear()
    thief = deliver(readings(3, 9), device="thief-01")
    await ground.take(thief, thief, deliver(readings(3, 4)))
    assert [(p.device, p.seq) for p in await ground.points()] == [(DEVICE, seq) for seq in (1, 2, 3, 4)]
    assert await ground.points("thief-01") == []
    assert [topic for topic, _ in ground.replies] == [f"weiran/1/{DEVICE}/ack"]
    letters = ground.rows("SELECT device, topic, code, times FROM dead_letter")
    assert letters == [("thief-01", "weiran/1/thief-01/up/reading", "foreign_epoch", 2)]


async def test_epoch_belongs_to_the_first_of_a_batch(ground: Ground) -> None:
    devices = [f"dev-{number}" for number in range(20)]
    for place, device in enumerate(devices[:5]):
        payload = frame(record(), epoch=f"{place:016x}")
        await ground.take(deliver(payload, device=device), *(deliver(payload, device=d) for d in devices))
    owners = ground.rows("SELECT device FROM device_epoch ORDER BY epoch")
    assert owners == [(device,) for device in devices[:5]]


async def test_epochs_of_one_device_are_bounded_and_those_it_has_go_on(ground: Ground) -> None:
    first, *_ = epochs = [f"{number:016x}" for number in range(MAX_EPOCHS + 1)]
    await ground.store.claim_epochs([(DEVICE, epoch) for epoch in epochs[:-1]], AT)
    await ground.take(*(deliver(frame(record(), epoch=epoch)) for epoch in (first, epochs[-1])))
    assert ground.rows("SELECT epoch FROM ledger") == [(first,)]
    assert ground.rows("SELECT device, code FROM dead_letter") == [(DEVICE, "too_many_epochs")]
    assert ground.rows("SELECT count(*) FROM device_epoch") == [(MAX_EPOCHS,)]


async def test_ownership_of_epochs_outlives_the_process(ground: Ground) -> None:
    await ground.take(deliver(readings(1, 2)))
    assert await ground.store.claim_epochs([("thief-01", EPOCH)], AT) == {EPOCH: DEVICE}
