"""Every kind of sensor is sampled on its ticks, reports what changed, and fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from edge_agent.hardware.board import DigitalInput, HardwareError
from edge_agent.settings import OutboxSettings
from firmware_sim.board import SimBoard
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import (
    MINUTE,
    START,
    Witness,
    door,
    level,
    make_settings,
    rain,
    running_agent,
    tide_table,
)
from tests.waiting import until


async def close_and_open(board: SimBoard, clock: ScenarioClock, pin: int, seconds: Iterable[float]) -> None:
    """Change a contact at each of the times, seconds since the start; closed first."""
    closed = False
    for at in seconds:
        await clock.sleep(at - (clock.now() - START) / 1000)
        closed = not closed
        board.set_contact(pin, closed)


async def test_level_is_scaled_and_taken_on_every_tick(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 512 / 1023)
    async with running_agent(make_settings(tmp_path, level()), board, clock, witness):
        await clock.run(START + 5 * MINUTE)
    assert witness.readings("level") == [(n * MINUTE, 5.004888) for n in range(6)]
    assert witness.units() == {"level": "m"}


async def test_ticks_are_multiples_of_the_interval_whenever_the_agent_starts(
    tmp_path: Path, board: SimBoard, witness: Witness
) -> None:
    clock = ScenarioClock(START + 12_345)
    async with running_agent(make_settings(tmp_path, level(interval_s=7.5)), board, clock, witness):
        await clock.run(START + 40_000)
    assert [at for at, _ in witness.readings("level")] == [15_000, 22_500, 30_000, 37_500]


async def test_only_what_changed_is_reported_and_a_sign_of_life(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    ratios = iter([0.5] * 4 + [0.52] + [0.5201] * 20)
    board.attach(0, lambda: next(ratios))
    sensor = level(deadband=0.1, max_interval_s=600)
    async with running_agent(make_settings(tmp_path, sensor), board, clock, witness):
        await clock.run(START + 20 * MINUTE)
    assert [at // MINUTE for at, _ in witness.readings("level")] == [0, 4, 14]


async def test_tips_between_ticks_become_rain(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    tips = [s for at in (10, 20, 59.5, 130) for s in (at, at + 0.1)]
    async with running_agent(make_settings(tmp_path, rain(max_interval_s=600, deadband=0.1)), board, clock, witness):
        raining = asyncio.create_task(close_and_open(board, clock, 17, tips))
        await clock.run(START + 14 * MINUTE)
        await raining
    assert witness.readings("rain") == [(MINUTE, 0.6), (2 * MINUTE, 0.0), (3 * MINUTE, 0.2), (4 * MINUTE, 0.0), (14 * MINUTE, 0.0)]  # fmt: skip # noqa: E501
    assert witness.units() == {"rain": "mm"}


async def test_rain_since_the_last_tick_is_stored_when_the_agent_stops(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    async with running_agent(make_settings(tmp_path, rain()), board, clock, witness):
        await clock.run(START + MINUTE)
        task = asyncio.create_task(close_and_open(board, clock, 17, [70, 71, 80, 81]))
        await clock.run(START + MINUTE + 30_000)
        await task
    assert witness.readings("rain")[-1] == (MINUTE + 30_000, 0.4)


async def test_bounces_of_the_bucket_are_one_tip(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    bounces = [10, 10.002, 10.004, 10.006, 10.008, 10.1]
    async with running_agent(make_settings(tmp_path, rain(debounce_s=0.02)), board, clock, witness):
        raining = asyncio.create_task(close_and_open(board, clock, 17, bounces))
        await clock.run(START + MINUTE)
        await raining
    assert witness.readings("rain") == [(MINUTE, 0.2)]


async def test_door_is_reported_at_the_start_and_as_soon_as_its_change_has_settled(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_contact(27, closed=True)
    sensor = door(deadband=1, max_interval_s=3600, debounce_s=0.5)
    async with running_agent(make_settings(tmp_path, sensor), board, clock, witness):
        opening = asyncio.create_task(open_and_close(board, clock))
        await clock.run(START + 3 * MINUTE)
        await opening
    assert witness.readings("door") == [(0, True), (90_500, False), (100_500, True)]


async def open_and_close(board: SimBoard, clock: ScenarioClock) -> None:
    await clock.sleep(90)
    board.set_contact(27, closed=False)
    await clock.sleep(10)
    board.set_contact(27, closed=True)


async def test_bouncing_door_is_one_change(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    sensor = door(deadband=1, max_interval_s=3600, debounce_s=0.5)
    bounces = [30, 30.1, 30.2, 30.3, 30.4]
    async with running_agent(make_settings(tmp_path, sensor), board, clock, witness):
        bouncing = asyncio.create_task(close_and_open(board, clock, 27, bounces))
        await clock.run(START + 2 * MINUTE)
        await bouncing
    ((_, before), (settled_at, after)) = witness.readings("door")
    assert (before, after) == (False, True)
    assert 30_400 <= settled_at <= 31_500


class DeafBoard:
    """A board whose contacts tell of no edge, and with `trouble` cannot be read, around one whose pins work."""

    def __init__(self, board: SimBoard) -> None:
        self.trouble: HardwareError | None = None
        self.serial = board.serial
        self.simulated = board.simulated
        self.machine = board.machine
        self.analog = board.analog
        self.output = board.output
        self.reader = board.reader
        self.printer = board.printer
        self.close = board.close
        self._board = board

    def digital(self, pin: int, *, pull_up: bool) -> DigitalInput:
        """An input whose edges are lost."""
        return DeafInput(self, self._board.digital(pin, pull_up=pull_up))


class DeafInput:
    """Tells of nothing by itself."""

    def __init__(self, board: DeafBoard, contact: DigitalInput) -> None:
        self._board = board
        self._contact = contact

    @property
    def active(self) -> bool:
        """What the pin reads."""
        if self._board.trouble is not None:
            raise self._board.trouble
        return self._contact.active

    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Lose the edges."""


async def test_door_whose_edge_was_missed_is_put_right_after_the_next_tick(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    sensor = door(deadband=1, max_interval_s=3600, debounce_s=0.5)
    async with running_agent(make_settings(tmp_path, sensor), DeafBoard(board), clock, witness):
        await clock.run(START + 30_000)
        board.set_contact(27, closed=True)
        await clock.run(START + 2 * MINUTE)
    assert witness.readings("door") == [(0, False), (MINUTE + 500, True)]


async def test_door_that_cannot_be_read_for_a_while_is_named_until_it_can(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    deaf = DeafBoard(board)
    async with running_agent(make_settings(tmp_path, door(debounce_s=0.5)), deaf, clock, witness) as device:
        await clock.run(START + MINUTE)
        deaf.trouble = HardwareError("input 27 cannot be read: no handle")
        await clock.run(START + 3 * MINUTE)
        assert device.degraded == {"sensor door"}
        deaf.trouble = None
        await clock.run(START + 4 * MINUTE)
        assert device.degraded == set()
    assert witness.readings("door") == [(0, False), (MINUTE, False), (4 * MINUTE, False)]


async def test_flicker_shorter_than_the_debounce_is_nothing(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    sensor = door(deadband=1, max_interval_s=3600, debounce_s=0.5)
    async with running_agent(make_settings(tmp_path, sensor), board, clock, witness):
        flickering = asyncio.create_task(close_and_open(board, clock, 27, [30, 30.2]))
        await clock.run(START + 2 * MINUTE)
        await flickering
    assert witness.readings("door") == [(0, False)]


TABLE = "at,value\n1989-09-20T04:00:00Z,1.0\n1989-09-20T04:04:00Z,2.0\n"


async def test_table_is_read_between_its_lines_and_says_nothing_beyond_them(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    file = tmp_path / "tide.csv"
    file.write_text(TABLE)
    async with running_agent(make_settings(tmp_path, level(), tide_table(file)), board, clock, witness):
        await clock.run(START + 8 * MINUTE)
    assert witness.readings("tide") == [(n * MINUTE, 1.0 + n / 4) for n in range(5)]
    assert len(witness.readings("level")) == 9


async def test_failing_converter_degrades_its_stream_alone_and_is_named_until_it_works(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    def broken() -> float:
        raise OSError("no answer on SPI")

    settings = make_settings(tmp_path, level(), rain(), heartbeat_s=0.05)
    board.attach(0, broken)
    async with running_agent(settings, board, clock, witness) as device:
        await clock.run(START + 3 * MINUTE)
        await until(lambda: witness.heartbeats() and witness.heartbeats()[-1].degraded == ["sensor level"])
        board.set_ratio(0, 0.5)
        await clock.run(START + 5 * MINUTE)
        assert device.degraded == set()
        await until(lambda: witness.heartbeats()[-1].degraded == [])
    assert [at // MINUTE for at, _ in witness.readings("level")] == [4, 5]
    assert [at // MINUTE for at, _ in witness.readings("rain")] == [1, 2, 3, 4, 5]


async def test_table_that_is_not_there_degrades_its_stream_alone(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    settings = make_settings(tmp_path, level(), tide_table(tmp_path / "none.csv"), heartbeat_s=0.05)
    async with running_agent(settings, board, clock, witness):
        await clock.run(START + 3 * MINUTE)
        await until(lambda: witness.heartbeats() and witness.heartbeats()[-1].degraded == ["sensor tide"])
    assert len(witness.readings("level")) == 4
    assert len([r for r in caplog.records if r.message.startswith("sensor tide")]) == 1


async def test_samples_for_which_there_is_no_room_leave_a_gap_that_counts_them(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 0.5)
    small = OutboxSettings(queue=10)
    async with running_agent(make_settings(tmp_path, level(interval_s=1), outbox=small), board, clock, witness):
        await clock.run(START + 10 * MINUTE)
    stored, gaps = witness.readings("level"), witness.gaps()
    assert gaps
    assert len(stored) + sum(gap.count for gap in gaps) == 601
    assert {gap.reason for gap in gaps} == {"no room for samples"}
    assert all(START <= gap.since <= gap.until <= START + 10 * MINUTE for gap in gaps)
