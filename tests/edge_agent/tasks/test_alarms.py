"""Siren and lamp go on at the sample, the alarm is on disk whatever the network does, and it outlives the agent."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edge_agent import app
from edge_agent.app import OUTBOX_FILE
from edge_agent.hardware.board import HardwareError, Output
from edge_agent.settings import AgentSettings, AnyRule, ContactRule, OutboxSettings, ResidualRule, RiseRule
from edge_agent.storage.outbox import Item, Outbox, OutboxFull
from edge_agent.tasks.alarms import AlarmDesk
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import AlarmBody, AlarmState, ClockQuality, LaneAck
from edge_agent.wire.topics import Lane
from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.storage.disk import LooseCard
from tests.edge_agent.tasks.agents import (
    LAMP,
    MINUTE,
    SIREN,
    START,
    Witness,
    door,
    flood,
    level,
    make_settings,
    running_agent,
    tide_table,
)
from tests.waiting import until


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    opened = await Outbox.open(tmp_path / OUTBOX_FILE, boot="boot-1")
    yield opened
    await opened.close()


def signals(board: SimBoard) -> tuple[bool, bool]:
    return board.is_on(SIREN), board.is_on(LAMP)


def make_desk(settings: AgentSettings, board: SimBoard, clock: ScenarioClock, outbox: Outbox) -> AlarmDesk:
    return AlarmDesk(Device(settings, board, clock, outbox))


# -- at once ----------------------------------------------------------------------------------------------


async def test_siren_and_lamp_are_on_before_anything_else_can_happen(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, outbox: Outbox
) -> None:
    desk = make_desk(make_settings(tmp_path, level(), rules=[flood()]), board, clock, outbox)
    assert signals(board) == (False, False)
    desk.see("level", 5.0, START, 0)
    assert signals(board) == (True, True)
    assert outbox.depth[Lane.ALARM] == outbox.waiting == 0
    desk.see("level", 4.5, START, 1)
    assert signals(board) == (True, True)
    desk.see("level", 4.0, START, 2)
    assert signals(board) == (False, False)


async def test_siren_is_silent_for_rules_that_want_it_so(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, outbox: Outbox
) -> None:
    rules = [flood(siren=False), flood(name="disaster", above=8, clear=7)]
    desk = make_desk(make_settings(tmp_path, level(), rules=rules), board, clock, outbox)
    desk.see("level", 6.0, START, 0)
    assert signals(board) == (False, False)
    desk.see("level", 8.0, START, 1)
    assert signals(board) == (True, True)
    desk.see("level", 5.0, START, 2)
    assert signals(board) == (False, False)


async def test_siren_sounds_as_long_as_one_alarm_stands(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, outbox: Outbox
) -> None:
    rules: list[AnyRule] = [flood(), ContactRule(type="contact", name="open_door", stream="door")]
    desk = make_desk(make_settings(tmp_path, level(), door(), rules=rules), board, clock, outbox)
    desk.see("level", 6.0, START, 0)
    desk.see("door", 1.0, START, 1)
    desk.see("level", 1.0, START, 2)
    assert signals(board) == (True, True)
    desk.see("door", 0.0, START, 3)
    assert signals(board) == (False, False)


# -- rules in the agent -----------------------------------------------------------------------------------


async def test_flood_is_raised_once_and_cleared_below_its_hysteresis(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    levels = iter([1, 4.9, 5.1, 6, 4.5, 5.5, 4.1, 3.9, 4.9, 1])
    board.attach(0, lambda: next(levels) / 10)
    async with running_agent(make_settings(tmp_path, level(), rules=[flood()]), board, clock, witness):
        await clock.run(START + 9 * MINUTE)
        await until(lambda: len(witness.alarms()) == 2)
    assert witness.alarms() == [(2 * MINUTE, "flood", "raised"), (7 * MINUTE, "flood", "cleared")]


async def test_alarm_says_what_was_seen_and_since_when(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    levels = iter([1, 6, 6, 7, 7])
    board.attach(0, lambda: next(levels) / 10)
    settings = make_settings(tmp_path, level(), rules=[flood(hold_s=120)])
    async with running_agent(settings, board, clock, witness):
        await clock.run(START + 4 * MINUTE)
        await until(witness.alarms)
    ((at, body),) = witness.alarm_bodies()
    assert at == START + 3 * MINUTE
    expected = AlarmBody("flood", "level", AlarmState.RAISED, body.value, 5.0, "m", START + MINUTE)
    assert body == expected
    assert body.value == pytest.approx(7, abs=0.01)


async def test_alarm_whose_clock_was_set_while_it_was_pending_says_when_that_began(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, outbox: Outbox
) -> None:
    desk = make_desk(make_settings(tmp_path, level(), rules=[flood(hold_s=120)]), board, clock, outbox)
    desk.see("level", 6.0, 5_000, 0)  # 1970
    desk.see("level", 6.0, START, 2 * MINUTE * 1_000_000)
    await desk.flush()
    ((_, body),) = await read_alarms(outbox)
    assert body.since == START - 2 * MINUTE


async def read_alarms(outbox: Outbox) -> list[tuple[int, AlarmBody]]:
    rows = await outbox.pending(Lane.ALARM, 0, 100)
    return [(row.at, msgspec.json.decode(row.body, type=AlarmBody)) for row in rows]


async def test_birth_has_how_a_rule_stands_once_that_is_known(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, outbox: Outbox
) -> None:
    desk = make_desk(make_settings(tmp_path, level(), rules=[flood(hold_s=60)]), board, clock, outbox)
    stood, told = [desk.rules[0].raised], 0

    def count() -> None:
        nonlocal told
        told += 1

    desk.on_known = count
    minute_ns = MINUTE * 1_000_000
    for number, value in enumerate([6.0, 6.0, 6.0, 1.0, 6.0]):
        desk.see("level", value, START + number * MINUTE, number * minute_ns)
        stood.append(desk.rules[0].raised)
    assert stood == [None, None, True, True, False, None]
    assert told == 1


async def test_alarm_that_stood_when_the_agent_ended_stands_in_the_next_birth(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, outbox: Outbox
) -> None:
    settings = make_settings(tmp_path, level(), rules=[flood(), flood(name="disaster", above=8, clear=7)])
    desk = make_desk(settings, board, clock, outbox)
    desk.see("level", 6.0, START, 0)
    await desk.flush()
    later = make_desk(settings, make_board("SIM-2"), clock, outbox)
    await later.restore()
    assert [(rule.name, rule.raised) for rule in later.rules] == [("flood", True), ("disaster", None)]


async def test_rise_of_the_water_is_judged_in_its_unit_per_hour(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.attach(0, lambda: min(1.0, 0.1 + 0.01 * max(0, (clock.now() - START) / MINUTE - 30)))
    rule: AnyRule = RiseRule(type="rise", name="fast", stream="level", above=4.0, clear=1.0, window_s=600)
    async with running_agent(make_settings(tmp_path, level(), rules=[rule]), board, clock, witness):
        await clock.run(START + 45 * MINUTE)
        await until(witness.alarms)
    ((_, body),) = witness.alarm_bodies()
    assert (body.unit, body.limit) == ("m/h", 4.0)
    assert witness.alarms()[0][0] > 30 * MINUTE


async def test_surge_is_what_stands_above_the_tide_table(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    file = tmp_path / "tide.csv"
    file.write_text("at,value\n1989-09-20T04:00:00Z,2.0\n1989-09-20T05:00:00Z,5.0\n")
    levels = iter([2.0, 2.1, 3.2, 3.2, 2.3])
    board.attach(0, lambda: next(levels) / 10)
    rule: AnyRule = ResidualRule(type="residual", name="surge", stream="level", predicted="tide", above=1.0, clear=0.5)
    async with running_agent(make_settings(tmp_path, tide_table(file), level(), rules=[rule]), board, clock, witness):
        await clock.run(START + 4 * MINUTE)
        await until(lambda: len(witness.alarms()) == 2)
    assert witness.alarms() == [(2 * MINUTE, "surge", "raised"), (4 * MINUTE, "surge", "cleared")]


async def test_surge_is_not_judged_by_a_tide_table_that_has_ended(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    file = tmp_path / "tide.csv"
    file.write_text("at,value\n1989-09-20T04:00:00Z,2.0\n1989-09-20T04:01:00Z,2.0\n")
    board.set_ratio(0, 0.2)
    rule: AnyRule = ResidualRule(type="residual", name="surge", stream="level", predicted="tide", above=1.0, clear=0.5)
    settings = make_settings(tmp_path, tide_table(file), level(), rules=[rule])
    async with running_agent(settings, board, clock, witness) as device:
        await clock.run(START + 4 * MINUTE)
        assert device.degraded == set()
        board.set_ratio(0, 0.6)
        await clock.run(START + 6 * MINUTE)
        assert device.degraded == {"rule surge: no prediction"}
    assert witness.alarms() == []


# -- storage ----------------------------------------------------------------------------------------------


async def test_alarm_is_on_disk_although_nobody_can_be_reached(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 0.6)
    async with running_agent(make_settings(tmp_path, level(), rules=[flood()]), board, clock, witness):
        await until(witness.alarms)
        with closing(sqlite3.connect(tmp_path / OUTBOX_FILE)) as connection:
            stored = connection.execute("SELECT seq, kind FROM pending WHERE lane = 'alarm'").fetchall()
        assert stored == [(1, "alarm/1")]


async def test_alarm_outlives_the_agent_and_is_not_raised_again(tmp_path: Path, clock: ScenarioClock) -> None:
    settings = make_settings(tmp_path, level(), rules=[flood()])
    board, witness = make_board("SIM-1"), Witness()
    board.set_ratio(0, 0.6)
    async with running_agent(settings, board, clock, witness):
        await until(witness.alarms)
    assert signals(board) == (False, False)
    board, witness = make_board("SIM-1"), Witness()
    board.set_ratio(0, 0.45)
    async with running_agent(settings, board, clock, witness):
        assert signals(board) == (True, True)
        await clock.run(START + 5 * MINUTE)
        assert signals(board) == (True, True)
        board.set_ratio(0, 0.3)
        await clock.run(START + 6 * MINUTE)
        assert signals(board) == (False, False)
        await until(witness.alarms)
    assert witness.alarms() == [(6 * MINUTE, "flood", "cleared")]


async def test_alarm_whose_cause_went_while_the_agent_was_down_is_cleared(tmp_path: Path, clock: ScenarioClock) -> None:
    settings = make_settings(tmp_path, level(), rules=[flood()])
    board, witness = make_board("SIM-1"), Witness()
    board.set_ratio(0, 0.6)
    async with running_agent(settings, board, clock, witness):
        await until(witness.alarms)
    board, witness = make_board("SIM-1"), Witness()
    async with running_agent(settings, board, clock, witness):
        await until(witness.alarms)
        assert signals(board) == (False, False)
    assert [state for _, _, state in witness.alarms()] == ["cleared"]


async def test_alarm_of_a_rule_that_is_gone_is_cleared_once(tmp_path: Path, clock: ScenarioClock) -> None:
    board, witness = make_board("SIM-1"), Witness()
    board.set_ratio(0, 0.6)
    async with running_agent(make_settings(tmp_path, level(), rules=[flood()]), board, clock, witness):
        await until(witness.alarms)
    renamed = make_settings(tmp_path, level(), rules=[flood(name="high_water")])
    for _ in range(2):
        async with running_agent(renamed, make_board("SIM-1"), clock, witness):
            await clock.run(clock.now() + MINUTE)
    assert witness.alarms() == [(0, "flood", "raised"), (0, "flood", "cleared")]


class NumbBoard:
    """A board whose outputs cannot be switched, around one whose other pins work."""

    def __init__(self, board: SimBoard) -> None:
        self._board = board
        self.serial = board.serial
        self.simulated = board.simulated
        self.machine = board.machine
        self.analog = board.analog
        self.digital = board.digital
        self.reader = board.reader
        self.printer = board.printer
        self.close = board.close

    def output(self, pin: int) -> Output:
        """An output with a broken wire."""
        return NumbOutput()


class NumbOutput:
    """Refuses to be switched."""

    def set(self, on: bool) -> None:
        """Fail."""
        raise HardwareError("output 5 cannot be switched: broken wire")


async def test_broken_siren_does_not_keep_the_alarm_from_being_recorded(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 0.6)
    settings = make_settings(tmp_path, level(), rules=[flood()], heartbeat_s=0.05)
    async with running_agent(settings, NumbBoard(board), clock, witness):
        await until(witness.alarms)
        await clock.run(START + 2 * MINUTE)
        await until(lambda: witness.heartbeats() and witness.heartbeats()[-1].degraded == ["siren or lamp"])
    assert witness.alarms() == [(0, "flood", "raised")]
    assert len(witness.readings("level")) == 3


async def test_alarm_waits_for_room_on_a_full_device_and_is_then_stored(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    settings = make_settings(tmp_path, level(), rules=[flood()], outbox=OutboxSettings(max_mb=1))
    async with running_agent(settings, board, clock, witness) as device:
        last = await fill_up(device.outbox)
        board.set_ratio(0, 0.6)
        await clock.run(START + MINUTE)
        await until(lambda: "alarm" in device.degraded)
        assert signals(board) == (True, True)
        assert witness.alarms() == []
        device.outbox.mark_sent(Lane.ALARM, last)
        device.outbox.acknowledge(Lane.ALARM, LaneAck(last))
        await until(witness.alarms)
        await until(lambda: "alarm" not in device.degraded)
    assert witness.alarms() == [(MINUTE, "flood", "raised")]


async def test_alarms_that_waited_for_room_are_stored_in_the_order_they_were_said_also_at_a_stop(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    settings = make_settings(tmp_path, level(), rules=[flood()], outbox=OutboxSettings(max_mb=1))
    async with running_agent(settings, board, clock, witness) as device:
        last = await fill_up(device.outbox)
        board.set_ratio(0, 0.6)
        await clock.run(START + MINUTE)
        await until(lambda: "alarm" in device.degraded)
        board.set_ratio(0, 0.1)
        await clock.run(START + 2 * MINUTE)
        device.outbox.mark_sent(Lane.ALARM, last)
        device.outbox.acknowledge(Lane.ALARM, LaneAck(last))
    assert witness.alarms() == [(MINUTE, "flood", "raised"), (2 * MINUTE, "flood", "cleared")]


async def test_alarm_that_waited_for_room_is_stored_when_the_agent_is_cancelled(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    devices: list[Device] = []

    async def join(device: Device) -> None:
        devices.append(device)

    settings = make_settings(tmp_path, level(), rules=[flood()], outbox=OutboxSettings(max_mb=1))
    task = asyncio.create_task(app.run(settings, board, clock, (join,), observer=witness))
    await until(lambda: devices and clock.sleepers)
    last = await fill_up(devices[0].outbox)
    board.set_ratio(0, 0.6)
    await clock.run(START + MINUTE)
    await until(lambda: "alarm" in devices[0].degraded)
    devices[0].outbox.mark_sent(Lane.ALARM, last)
    devices[0].outbox.acknowledge(Lane.ALARM, LaneAck(last))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert witness.alarms() == [(MINUTE, "flood", "raised")]


async def test_siren_sounds_while_the_disk_fails_and_the_alarm_is_stored_when_it_is_back(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    settings = make_settings(tmp_path, level(), rules=[flood()], heartbeat_s=0.05)
    async with running_agent(settings, board, clock, witness) as device:
        await until(witness.heartbeats)
        card = LooseCard(tmp_path / OUTBOX_FILE)
        board.set_ratio(0, 0.6)
        await clock.run(START + MINUTE)
        await until(lambda: {"alarm", "outbox full", "outbox unreadable"} <= device.degraded)
        assert signals(board) == (True, True)
        card.put_back()
        await until(witness.alarms)
        await until(lambda: not device.degraded)
    assert witness.alarms() == [(MINUTE, "flood", "raised")]


async def fill_up(outbox: Outbox) -> int:
    """Fill the lane of alarms until there is no room, with large items and then with small ones; its last seq."""
    last = 0
    for size in (60_000, 3_000, 100, 10):
        body = b'"' + b"x" * size + b'"'
        with pytest.raises(OutboxFull):
            while True:
                last = await outbox.put(Item(Lane.ALARM, "note/1", body, START, ClockQuality.NTP, 0))
    return last
