"""A sensor that is there and yet wrong is named until it is right again; the simulator's own faults spoil it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from pydantic import ValidationError

from edge_agent.settings import AnySensor
from edge_agent.wire.messages import SENSOR_STATE, ClockQuality, SensorStateBody, SensorTrouble
from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from firmware_sim.contacts import Changes, spans
from firmware_sim.faults import spoil_contact, spoil_measure
from firmware_sim.forms import AnalogFault, Bounce, Drift, Frozen, Stuck
from tests.edge_agent.tasks.agents import (
    MINUTE,
    START,
    Witness,
    door,
    level,
    make_settings,
    running_agent,
    tide_table,
)

HOUR = 60 * MINUTE
NOW = "1989-09-20T{}Z"


@pytest.fixture
def board() -> SimBoard:
    return make_board("SIM-1")


@pytest.fixture
def clock() -> ScenarioClock:
    return ScenarioClock(START)


@pytest.fixture
def witness() -> Witness:
    return Witness()


def told(witness: Witness) -> list[tuple[int, SensorTrouble, bool]]:
    """(minutes since the start, trouble, whether it is over) of each state that was told."""
    states = [
        (i.at, msgspec.json.decode(i.body, type=SensorStateBody)) for i in witness.items if i.kind == SENSOR_STATE
    ]
    return [((at - START) // MINUTE, state.trouble, state.over) for at, state in states]


def rising(at_ms: int) -> float:
    """A level in m that rises by 1 m an hour from 2 m."""
    return 2 + (at_ms - START) / HOUR


def spoil(board: SimBoard, clock: ScenarioClock, fault: AnalogFault) -> None:
    """The rising level on channel 0, 0 to 10 m, with a fault of the simulator."""
    measure = spoil_measure(rising, [fault], 0)
    board.attach(0, lambda: measure(clock.now()) / 10)


async def test_frozen_value_is_stuck_until_it_moves(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    spoil(board, clock, Frozen(kind="frozen", target="a/level", name="one", at=NOW.format("04:10:00"), for_s=1200))
    async with running_agent(make_settings(tmp_path, level(stuck_after_s=600)), board, clock, witness) as device:
        await clock.run(START + 25 * MINUTE)
        assert device.degraded == {"sensor level stuck"}
        await clock.run(START + 40 * MINUTE)
        assert device.degraded == set()
    assert told(witness) == [(20, SensorTrouble.STUCK, False), (30, SensorTrouble.STUCK, True)]
    assert len(witness.readings("level")) == 41


async def test_value_that_may_stand_still_is_never_stuck(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 0.5)
    async with running_agent(make_settings(tmp_path, level()), board, clock, witness):
        await clock.run(START + 5 * HOUR)
    assert told(witness) == []


async def test_drifting_value_is_out_of_range_once_the_sensor_could_not_give_it_and_is_still_reported(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    drift = Drift(kind="drift", target="a/level", name="one", at=NOW.format("04:00:00"), for_s=2400, per_hour=11.0)
    spoil(board, clock, drift)
    async with running_agent(make_settings(tmp_path, level(valid_high=7.05)), board, clock, witness) as device:
        await clock.run(START + 30 * MINUTE)
        assert device.degraded == {"sensor level out of range"}
        await clock.run(START + 45 * MINUTE)
        assert device.degraded == set()
    assert told(witness) == [(26, SensorTrouble.OUT_OF_RANGE, False), (40, SensorTrouble.OUT_OF_RANGE, True)]
    assert len(witness.readings("level")) == 46


async def test_value_of_a_broken_wire_is_out_of_range(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    board.set_ratio(0, 0.0)
    async with running_agent(make_settings(tmp_path, level(low=-2, valid_low=-0.5)), board, clock, witness) as device:
        await clock.run(START + MINUTE)
        assert device.degraded == {"sensor level out of range"}


def test_range_that_holds_no_value_is_refused() -> None:
    with pytest.raises(ValidationError, match="no value would be in range"):
        level(valid_low=3, valid_high=3)


async def test_converter_that_fails_is_silent_after_three_intervals_and_named_once(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    def broken() -> float:
        raise OSError("no answer on SPI")

    board.attach(0, broken)
    async with running_agent(make_settings(tmp_path, level()), board, clock, witness) as device:
        await clock.run(START + 5 * MINUTE)
        assert device.degraded == {"sensor level"}
        board.set_ratio(0, 0.5)
        await clock.run(START + 7 * MINUTE)
        assert device.degraded == set()
    assert told(witness) == [(3, SensorTrouble.SILENT, False), (6, SensorTrouble.SILENT, True)]


TABLE = "at,value\n1989-09-20T04:00:00Z,1.0\n1989-09-20T04:04:00Z,2.0\n"


async def test_tide_is_not_told_by_a_clock_that_is_not_set(tmp_path: Path, board: SimBoard, witness: Witness) -> None:
    file, clock = tmp_path / "tide.csv", ScenarioClock(START, quality=ClockQuality.UNSET)
    file.write_text(TABLE)
    async with running_agent(make_settings(tmp_path, level(), tide_table(file)), board, clock, witness):
        await clock.run(START + 4 * MINUTE)
        assert len(witness.readings("tide")) == 0
        clock.set_quality(ClockQuality.NTP)
        await clock.run(START + 4 * MINUTE + 1)
    assert len(witness.readings("level")) == 5


async def play(board: SimBoard, clock: ScenarioClock, changes: Changes) -> None:
    """Move the door's contact."""
    for at, closed in changes:
        await clock.sleep((at - clock.now()) / 1000)
        board.set_contact(27, closed)


async def live(
    folder: Path, board: SimBoard, clock: ScenarioClock, witness: Witness, sensor: AnySensor, changes: Changes
) -> list[set[str]]:
    """Two hours of a door; returns what was degraded, every 10 minutes."""
    degraded = []
    async with running_agent(make_settings(folder, sensor), board, clock, witness) as device:
        playing = asyncio.create_task(play(board, clock, changes))
        for part in range(1, 13):
            await clock.run(START + part * 10 * MINUTE)
            degraded.append(set(device.degraded))
        await playing
    return degraded


async def test_key_that_sticks_is_stuck_and_one_that_is_let_go_is_not(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    pressed = spans([(START + minute * MINUTE, START + minute * MINUTE + 5_000) for minute in (3, 40)])
    stuck = Stuck(kind="stuck", target="a/door", name="one", at=NOW.format("04:10:00"), for_s=3300, closed=True)
    sensor = door(stuck_after_s=1800)
    degraded = await live(tmp_path, board, clock, witness, sensor, spoil_contact(pressed, [stuck], 0))
    assert degraded == [set()] * 4 + [{"sensor door stuck"}] * 2 + [set()] * 6
    assert [(trouble, over) for _, trouble, over in told(witness)] == [
        (SensorTrouble.STUCK, False),
        (SensorTrouble.STUCK, True),
    ]


async def test_worn_contact_that_bounces_all_the_time_is_flapping_until_it_rests(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    worn = Bounce(
        kind="bounce", target="a/door", name="one", at=NOW.format("04:00:00"), for_s=7200, edges=41, within_ms=400
    )
    opened = spans([(START + second * 1000, START + second * 1000 + 5_000) for second in range(605, 665, 20)])
    degraded = await live(tmp_path, board, clock, witness, door(), spoil_contact(opened, [worn], 0))
    assert degraded == [set()] * 12
    assert [(trouble, over) for _, trouble, over in told(witness)] == [
        (SensorTrouble.FLAPPING, False),
        (SensorTrouble.FLAPPING, True),
    ]


async def test_door_in_ordinary_use_is_neither(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, witness: Witness
) -> None:
    used: Sequence[tuple[int, int]] = [(START + m * MINUTE, START + m * MINUTE + 8_000) for m in range(1, 115, 3)]
    worn = Bounce(kind="bounce", target="a/door", name="one", at=NOW.format("04:00:00"), for_s=7200, edges=9)
    sensor = door(stuck_after_s=1800)
    await live(tmp_path, board, clock, witness, sensor, spoil_contact(spans(used), [worn], 0))
    assert told(witness) == []
