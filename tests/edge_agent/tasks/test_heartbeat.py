"""A heartbeat says how the outbox stands, how long its room will last, and how the machine does."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.rules import NS
from edge_agent.settings import OutboxSettings
from edge_agent.storage.facts import Item
from edge_agent.tasks.forecast import Forecast
from edge_agent.wire.messages import ClockQuality, LaneAck
from edge_agent.wire.topics import Lane
from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import MINUTE, START, Witness, level, make_settings, running_agent
from tests.waiting import until

MB = 1_000_000
HOUR_NS = 3600 * NS


def test_room_lasts_as_long_as_the_rate_of_the_last_hour_says() -> None:
    forecast = Forecast()
    assert forecast.hours_left(made=0, rows=0, used=0, quota=MB, mono=0) is None
    assert forecast.hours_left(made=1000, rows=500, used=50_000, quota=MB, mono=HOUR_NS) == 9.5


def test_what_was_acknowledged_counts_as_made() -> None:
    forecast = Forecast()
    forecast.hours_left(made=0, rows=10, used=1000, quota=MB, mono=0)
    assert forecast.hours_left(made=1000, rows=0, used=0, quota=MB, mono=HOUR_NS) == 10.0


def test_quiet_lane_has_no_end_in_sight() -> None:
    forecast = Forecast()
    forecast.hours_left(made=10, rows=10, used=1000, quota=MB, mono=0)
    assert forecast.hours_left(made=10, rows=10, used=1000, quota=MB, mono=HOUR_NS) is None


def test_rate_is_that_of_the_last_hour_not_of_a_whole_life() -> None:
    forecast = Forecast()
    hours = [
        forecast.hours_left(made=made, rows=1, used=100, quota=MB + 100, mono=hour * HOUR_NS)
        for hour, made in enumerate([0, 10_000, 10_100, 10_200])
    ]
    assert hours == [None, 1.0, 100.0, 100.0]


def test_full_lane_has_no_time_left() -> None:
    forecast = Forecast()
    forecast.hours_left(made=0, rows=1, used=100, quota=MB, mono=0)
    assert forecast.hours_left(made=10, rows=10, used=2 * MB, quota=MB, mono=HOUR_NS) == 0.0


async def test_heartbeat_of_a_real_agent_tells_clock_machine_and_hours(tmp_path: Path) -> None:
    board, clock, witness = make_board("SIM-1"), ScenarioClock(START, quality=ClockQuality.RTC), Witness()
    board.machine.temperature_c, board.machine.undervoltage = 71.5, True
    async with running_agent(make_settings(tmp_path, level(), heartbeat_s=0.05), board, clock, witness) as device:
        await until(witness.heartbeats)
        await clock.run(START + 10 * MINUTE)
        await until(lambda: device.outbox.depth[Lane.READING] == 11)
        told = len(witness.heartbeats())
        await until(lambda: len(witness.heartbeats()) >= told + 3)
    last = witness.heartbeats()[-1]
    assert (last.temperature_c, last.undervoltage, last.memory_mb) == (71.5, True, None)
    assert last.clock is ClockQuality.RTC
    assert last.disk_free_mb is not None
    assert last.hours_left[Lane.READING] == pytest.approx(hours_of_readings(device.outbox.quota(Lane.READING)), rel=0.7)
    assert Lane.ALARM not in last.hours_left


def hours_of_readings(quota: int) -> float:
    """One reading a minute of some 260 bytes."""
    return quota / 260 / 60


async def test_heartbeat_counts_acknowledged_facts_that_went_before_they_were_safe(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    bounds = OutboxSettings(max_mb=1)
    settings = make_settings(tmp_path, heartbeat_s=0.05, outbox=bounds)
    async with running_agent(settings, board, clock, witness) as device:
        for _ in range(10):
            note = Item(Lane.RECORD, "note/1", b'"%s"' % (b"x" * 60_000), START, ClockQuality.NTP, 1)
            seq = await device.outbox.put(note)
            device.outbox.mark_sent(Lane.RECORD, seq)
            device.outbox.acknowledge(Lane.RECORD, LaneAck(seq))
        await until(lambda: any(Lane.RECORD in beat.dropped_unsafe for beat in witness.heartbeats()))
