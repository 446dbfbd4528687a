"""The world around a board: sensors sense the story, faults included, at the story's own times."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from firmware_sim.nature import Nature
from firmware_sim.scenario import Scenario, load_scenario
from firmware_sim.world import World
from tests.firmware_sim.stories import STORY, write_story

MINUTE = 60_000
DOOR, RAIN = 17, 18


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return load_scenario(write_story(tmp_path))


@pytest.fixture
def board() -> SimBoard:
    return make_board("SIM-1")


def _world(scenario: Scenario, clock: ScenarioClock, faults: str | None = None) -> World:
    nature = Nature(scenario, scenario.folders)
    return World(scenario.device[0], nature, clock, scenario.faults[faults] if faults else (), scenario.seed)


async def test_a_replayed_gauge_reads_its_figures_at_the_hour_and_between(scenario: Scenario, board: SimBoard) -> None:
    clock = ScenarioClock(scenario.start_ms)
    _world(scenario, clock).connect(board)
    gauge = board.analog(0)
    resolution_m = 4 / 1023 / 2
    assert gauge.read() * 4 == pytest.approx(1.0, abs=resolution_m)
    await clock.run(scenario.start_ms + 15 * MINUTE)
    assert gauge.read() * 4 == pytest.approx(1.25, abs=resolution_m)
    await clock.run(scenario.end_ms)
    assert gauge.read() * 4 == pytest.approx(2.0, abs=resolution_m)


async def test_a_door_opens_and_shuts_on_its_schedule(scenario: Scenario, board: SimBoard) -> None:
    clock = ScenarioClock(scenario.start_ms)
    edges: list[tuple[int, bool]] = []
    board.digital(DOOR, pull_up=True).on_change(lambda active: edges.append((clock.now(), active)))
    async with asyncio.TaskGroup() as group:
        group.create_task(_world(scenario, clock).run(board))
        group.create_task(clock.run(scenario.end_ms))
    assert edges == [
        (scenario.start_ms + 20 * MINUTE, True),
        (scenario.start_ms + 40 * MINUTE, False),
    ]


async def test_the_bucket_tips_at_the_times_of_the_rain(scenario: Scenario, board: SimBoard) -> None:
    clock = ScenarioClock(scenario.start_ms)
    tips: list[int] = []
    board.digital(RAIN, pull_up=True).on_change(lambda active: tips.append(clock.now()) if active else None)
    async with asyncio.TaskGroup() as group:
        group.create_task(_world(scenario, clock).run(board))
        group.create_task(clock.run(scenario.end_ms))
    # 60 mm/h for 20 minutes is 20 mm, a tip of 0.2 mm every 12 s.
    assert tips == [scenario.start_ms + 10 * MINUTE + n * 12_000 for n in range(1, 101)]


async def test_a_world_that_joins_late_finds_the_state_of_that_time(scenario: Scenario, board: SimBoard) -> None:
    clock = ScenarioClock(scenario.start_ms + 30 * MINUTE)
    door = board.digital(DOOR, pull_up=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(_world(scenario, clock).run(board))
        await asyncio.sleep(0)
        assert door.active
        group.create_task(clock.run(scenario.end_ms))
    assert not door.active


async def test_a_fault_stands_between_the_world_and_the_board(scenario: Scenario, board: SimBoard) -> None:
    clock = ScenarioClock(scenario.start_ms)
    edges: list[tuple[int, bool]] = []
    board.digital(DOOR, pull_up=True).on_change(lambda active: edges.append((clock.now(), active)))
    async with asyncio.TaskGroup() as group:
        group.create_task(_world(scenario, clock, "sensors").run(board))
        group.create_task(clock.run(scenario.end_ms))
    assert edges[:2] == [(scenario.start_ms + 10 * MINUTE, True), (scenario.start_ms + 11 * MINUTE, False)]


async def test_a_drain_floods_and_its_float_closes(tmp_path: Path, board: SimBoard) -> None:
    schedule = STORY[STORY.index("door = {") : STORY.index("rain = { source")]
    wired = STORY.replace(
        schedule, 'door = { source = "float", catchment = "yard", closes_m = 0.5, opens_m = 0.3 }\n'
    ).replace('name = "yard"', 'name = "yard"\noutfall_m2 = 0.005')
    scenario = load_scenario(write_story(tmp_path, wired))
    clock = ScenarioClock(scenario.start_ms)
    float_switch = board.digital(DOOR, pull_up=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(_world(scenario, clock).run(board))
        await clock.run(scenario.start_ms + 10 * MINUTE)
        assert not float_switch.active
        await clock.run(scenario.start_ms + 35 * MINUTE)
        assert float_switch.active
        await clock.run(scenario.end_ms)
