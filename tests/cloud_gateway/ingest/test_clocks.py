"""Records of boots without a clock get the times at which they were made, once and for all; wrong clocks are marked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_gateway.ingest.clocks import Anchor, Candidate, find_offset
from edge_agent.wire.messages import LaneAck
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.ground import Ground, open_ground
from tests.cloud_gateway.ingest.pieces import alarm, birth, deliver, frame, heartbeat, record

#: What the clock of a board says soon after it got power, ms.
POWER_ON = 5_000
S = 1_000_000_000
DAY_MS = 86_400_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def unset(text: str, mono_s: float) -> str:
    """The record of a device whose clock is not set."""
    return text.replace('"clock":"ntp"', '"clock":"unset"').replace('"mono":5', f'"mono":{int(mono_s * S)}')


def said_birth(mono_s: float, at: int = POWER_ON, boot: str = "boot-1") -> bytes:
    """A birth of that boot."""
    return birth(at=at, extra=f',"mono":{int(mono_s * S)}').replace(b'"boot-1"', f'"{boot}"'.encode())


@given(st.integers(0, 2**41), st.integers(0, 2**60), st.integers(0, 2**60), st.integers(0, 2**41))
def test_no_record_is_made_later_than_it_came(said_at: int, mono: int, anchor_mono: int, latest: int) -> None:
    offset = find_offset(Candidate(said_at, mono, None), Anchor(latest, anchor_mono), latest)
    assert said_at + offset <= latest


async def test_record_of_1970_gets_the_time_it_was_made_at(ground: Ground) -> None:
    before = now_ms()
    await ground.take(deliver(said_birth(mono_s=100), "birth"))
    after = now_ms()
    await ground.take(deliver(frame(unset(record(1, at=POWER_ON), mono_s=40))))
    (point,) = await ground.points()
    assert before - 60_000 <= point.time_ns // 1_000_000 <= after - 60_000
    assert ground.ack(Lane.READING) == LaneAck(1)
    assert ground.rows("SELECT count(*) FROM dead_letter") == [(0,)]


@pytest.mark.parametrize("at", [0, POWER_ON, -(2**53), 4_102_444_800_000, 2**53])
async def test_device_without_a_clock_is_born_all_the_same(ground: Ground, at: int) -> None:
    await ground.take(deliver(said_birth(mono_s=1, at=at), "birth"))
    assert ground.rows("SELECT serial, birth_at FROM device") == [("SIM-1", None)]
    assert ground.rows("SELECT said_at FROM device_boot") == [(at,)]
    assert ground.rows("SELECT code FROM dead_letter") == []


async def test_order_and_distances_of_a_boot_are_kept(ground: Ground) -> None:
    records = [unset(record(seq, at=POWER_ON + 1000 * seq), mono_s=seq) for seq in range(1, 6)]
    await ground.take(deliver(said_birth(mono_s=10), "birth"), deliver(frame(*records)))
    points = await ground.points()
    assert [p.seq for p in points] == [1, 2, 3, 4, 5]
    first = points[0].time_ns // 1_000_000
    assert [p.time_ns // 1_000_000 - first for p in points] == [0, 1000, 2000, 3000, 4000]


async def test_record_that_comes_again_has_the_same_time_again(ground: Ground, database_file: Path) -> None:
    said = frame(unset(record(1, at=POWER_ON), mono_s=1))
    await ground.take(deliver(said_birth(mono_s=2), "birth"), deliver(said))
    points = await ground.points()
    async with open_ground(database_file, ground.series) as later:
        await later.take(deliver(said_birth(mono_s=5000), "birth"))
        await later.take(deliver(said))
        assert await later.points() == points
        assert later.ack(Lane.READING) == LaneAck(1)


async def test_record_on_influx_that_comes_again_stays_one_point(influx_ground: Ground) -> None:
    said = frame(unset(record(1, at=POWER_ON), mono_s=1))
    await influx_ground.take(deliver(said_birth(mono_s=2), "birth"), deliver(said))
    await influx_ground.take(deliver(said))
    assert len(await influx_ground.points()) == 1


async def test_row_keeps_what_the_device_said(ground: Ground) -> None:
    await ground.take(
        deliver(said_birth(mono_s=2), "birth"),
        deliver(frame(unset(alarm(1, at=POWER_ON), mono_s=1), lane="alarm"), "up/alarm"),
    )
    ((at, said_at, offset),) = ground.rows("SELECT at, said_at, offset_ms FROM record, boot_clock")
    assert said_at == POWER_ON
    assert at == POWER_ON + int(str(offset))
    ((raised_at, since),) = ground.rows("SELECT raised_at, since FROM alarm")
    assert raised_at == since == at


async def test_alarm_that_began_before_the_clock_was_set_is_raised(ground: Ground) -> None:
    at = now_ms()
    said = alarm(1, at=at).replace(f'"since":{at}', f'"since":{POWER_ON}')
    await ground.take(deliver(frame(said, lane="alarm"), "up/alarm"))
    assert ground.rows("SELECT since, raised_at, cleared_at FROM alarm") == [(at, at, None)]
    assert ground.rows("SELECT code FROM dead_letter") == []


async def test_boot_whose_birth_was_never_heard_is_put_where_its_frame_came(ground: Ground) -> None:
    before = now_ms()
    records = [unset(record(seq, at=POWER_ON + 1000 * seq), mono_s=seq) for seq in (1, 2)]
    await ground.take(deliver(frame(*records, boot="boot-0")))
    points = await ground.points()
    assert before <= points[1].time_ns // 1_000_000 <= now_ms()
    assert points[1].time_ns - points[0].time_ns == 1000 * 1_000_000 + 1


async def test_retained_birth_says_nothing_of_when_it_was_said(ground: Ground) -> None:
    before = now_ms()
    await ground.take(deliver(said_birth(mono_s=100), "birth", retain=True))
    await ground.take(deliver(frame(unset(record(1, at=POWER_ON), mono_s=4000))))
    (point,) = await ground.points()
    assert before <= point.time_ns // 1_000_000 <= now_ms()


async def test_frame_in_which_the_clock_was_set_keeps_both_kinds_of_time(ground: Ground) -> None:
    at = now_ms()
    await ground.take(
        deliver(said_birth(mono_s=10), "birth"),
        deliver(frame(unset(record(1, at=POWER_ON), mono_s=8), record(2, at=at))),
    )
    first, second = sorted(await ground.points(), key=lambda p: p.seq)
    assert second.time_ns // 1_000_000 == at
    assert at - 10_000 <= first.time_ns // 1_000_000 <= now_ms()


async def test_time_of_1970_with_a_trusted_clock_is_still_refused(ground: Ground) -> None:
    await ground.take(deliver(frame(record(1, at=POWER_ON))))
    assert ground.rows("SELECT code FROM dead_letter") == [("time_out_of_range",)]


@pytest.mark.parametrize("step_ms", [90 * DAY_MS, -3_600_000], ids=["90 days on", "1 h back"])
async def test_clock_that_jumps_overwrites_nothing_and_is_marked(ground: Ground, step_ms: int) -> None:
    at = now_ms()
    await ground.take(deliver(said_birth(mono_s=0, at=at), "birth"))
    await ground.take(deliver(frame(*(record(seq, at=at + seq) for seq in range(1, 4)))))
    await ground.take(deliver(frame(*(record(seq, at=at + seq - 3 + step_ms) for seq in range(4, 7)))))
    beat = heartbeat(1, at=at + step_ms).replace('"mono":5', '"mono":0')
    await ground.take(deliver(frame(beat, lane="diagnostic"), "up/diagnostic"))
    assert sorted(p.seq for p in await ground.points()) == [1, 2, 3, 4, 5, 6]
    ((off_ms,),) = ground.rows("SELECT clock_off_ms FROM device")
    assert abs(int(str(off_ms)) - step_ms) < 60_000
    assert ground.rows("SELECT count(*) FROM event WHERE topic = 'clock'") == [(1,)]


async def test_backlog_of_a_right_clock_is_not_taken_for_a_wrong_one(ground: Ground) -> None:
    at = now_ms()
    await ground.take(deliver(said_birth(mono_s=20 * 86400, at=at), "birth"))
    old = heartbeat(1, at=at - 14 * DAY_MS).replace('"mono":5', f'"mono":{6 * 86400 * S}')
    await ground.take(deliver(frame(old, lane="diagnostic"), "up/diagnostic"))
    assert ground.rows("SELECT count(*) FROM event WHERE topic = 'clock'") == [(0,)]


async def test_times_of_a_scenario_are_not_called_wrong(ground: Ground) -> None:
    at = 622_000_000_000  # 1989
    await ground.take(deliver(birth(at=at, extra=',"mono":0,"simulated":true'), "birth"))
    await ground.take(deliver(frame(heartbeat(1, at=at), lane="diagnostic"), "up/diagnostic"))
    assert ground.rows("SELECT clock_off_ms FROM device") == [(None,)]


async def test_device_of_a_scenario_without_a_clock_lives_in_the_scenario(ground: Ground) -> None:
    at = 622_000_000_000
    await ground.take(
        deliver(birth(at=at, extra=',"simulated":true'), "birth"),
        deliver(birth(at=at, extra=',"simulated":true'), "birth", device="gauge-02"),
    )
    await ground.take(deliver(frame(record(1, at=at), epoch="a" * 16), device="gauge-02"))
    await ground.take(deliver(frame(unset(record(1, at=POWER_ON), mono_s=1))))
    (point,) = await ground.points()
    assert point.time_ns // 1_000_000 == at
