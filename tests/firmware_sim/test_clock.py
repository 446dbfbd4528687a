"""Scenario time: exact instants, nobody skipped, real pace when asked for."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from edge_agent.hardware.clock import Clock
from edge_agent.wire.messages import ClockQuality
from firmware_sim.clock import ScenarioClock

HOUR_MS = 3_600_000
LIMIT_S = 60.0


async def _beat(clock: ScenarioClock, every_s: float, seen: list[int], limit: int) -> None:
    for _ in range(limit):
        await clock.sleep(every_s)
        seen.append(clock.now())


async def test_sleepers_wake_at_exactly_their_instants_and_in_order() -> None:
    clock = ScenarioClock(HOUR_MS)
    slow: list[int] = []
    fast: list[int] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(_beat(clock, 60, slow, 3))
        group.create_task(_beat(clock, 0.05, fast, 4))
        group.create_task(clock.run(HOUR_MS + 180_000))
    assert slow == [HOUR_MS + 60_000, HOUR_MS + 120_000, HOUR_MS + 180_000]
    assert fast == [HOUR_MS + 50, HOUR_MS + 100, HOUR_MS + 150, HOUR_MS + 200]


async def test_the_last_instant_belongs_to_the_run_and_the_next_does_not() -> None:
    clock = ScenarioClock(0)
    seen: list[int] = []
    beat = asyncio.create_task(_beat(clock, 10, seen, 99))
    await clock.run(30_000)
    assert seen == [10_000, 20_000, 30_000]
    assert clock.now() == 30_000
    await clock.run(40_000)
    assert seen[-1] == 40_000
    beat.cancel()


async def test_a_run_without_sleepers_ends_at_its_end() -> None:
    clock = ScenarioClock(5)
    await clock.run(10)
    assert clock.now() == 10


async def test_time_stands_still_while_code_runs_and_mono_goes_on_with_it() -> None:
    clock: Clock = ScenarioClock(1000)
    before = clock.mono()
    await asyncio.sleep(0.01)
    assert (clock.now(), clock.mono()) == (1000, before)
    assert before > 0


async def test_mono_counts_the_scenario_in_ns() -> None:
    clock = ScenarioClock(1000)
    before = clock.mono()
    await clock.run(2500)
    assert clock.mono() - before == 1_500_000_000


async def test_a_sleep_of_nothing_returns_at_once() -> None:
    clock = ScenarioClock(1000)
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.now() == 1000


async def test_a_sleep_begun_by_a_chain_of_callbacks_is_not_passed_over() -> None:
    clock = ScenarioClock(0)
    edge = asyncio.Event()
    settled: list[int] = []

    async def debounce() -> None:
        await edge.wait()
        await clock.sleep(0.05)
        settled.append(clock.now())

    async def press() -> None:
        await clock.sleep(1)
        asyncio.get_running_loop().call_soon_threadsafe(edge.set)

    async with asyncio.TaskGroup() as group:
        group.create_task(debounce())
        group.create_task(press())
        group.create_task(_beat(clock, 1, [], 10))
        group.create_task(clock.run(10_000))
    assert settled == [1050]


async def test_a_task_with_a_beat_misses_none_though_it_waits_for_something_real() -> None:
    clock = ScenarioClock(0)
    seen: list[int] = []

    async def sample() -> None:
        while True:
            await clock.sleep(60 - clock.now() / 1000 % 60)
            seen.append(clock.now())
            if clock.now() == 600_000:
                await asyncio.sleep(0.1)  # a disk

    sampling = asyncio.create_task(sample())
    await clock.run(HOUR_MS)
    sampling.cancel()
    assert seen == list(range(60_000, HOUR_MS + 1, 60_000))


async def test_cancelled_sleepers_leave_the_clock() -> None:
    clock = ScenarioClock(0)
    tasks = [asyncio.create_task(clock.sleep(100 + n)) for n in range(500)]
    await asyncio.sleep(0)
    assert clock.sleepers == 500
    for task in tasks[:499]:
        task.cancel()
    await asyncio.gather(*tasks[:499], return_exceptions=True)
    assert clock.sleepers == 1
    await clock.run(1_000_000)
    assert tasks[499].done()
    assert clock.sleepers == 0


async def test_a_thousand_sleepers_of_one_instant_all_wake_in_it() -> None:
    clock = ScenarioClock(0)
    seen: list[int] = []
    tasks = [asyncio.create_task(_beat(clock, 60, seen, 10)) for _ in range(1000)]
    await clock.run(600_000)
    assert Counter(seen) == dict.fromkeys(range(60_000, 600_001, 60_000), 1000)
    assert all(task.done() for task in tasks)


async def test_a_pace_is_never_outrun() -> None:
    clock = ScenarioClock(0, speed=100)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        group.create_task(_beat(clock, 1, [], 20))
        group.create_task(clock.run(20_000))
    assert loop.time() - began >= 0.2


async def test_a_sleep_begun_during_a_paced_wait_is_not_late() -> None:
    clock = ScenarioClock(0, speed=100)
    beat = asyncio.create_task(_beat(clock, 3600, [], 1))
    run = asyncio.create_task(clock.run(HOUR_MS))  # an hour at this pace is 36 s
    await asyncio.sleep(0.05)
    async with asyncio.timeout(LIMIT_S):
        await clock.sleep(1)
    assert clock.now() == 1000
    run.cancel()
    beat.cancel()


async def test_a_gate_holds_the_scenario() -> None:
    opened = asyncio.Event()

    async def gate() -> None:
        await opened.wait()

    clock = ScenarioClock(0, gate=gate)
    run = asyncio.create_task(clock.run(1000))
    done, _ = await asyncio.wait({run}, timeout=0.05)
    assert not done
    assert clock.now() == 0
    opened.set()
    async with asyncio.timeout(LIMIT_S):
        await run
    assert clock.now() == 1000


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pace_must_be_a_number_above_zero(speed: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        ScenarioClock(0, speed=speed)


def test_the_quality_of_the_clock_can_change() -> None:
    clock = ScenarioClock(0)
    assert clock.quality() is ClockQuality.NTP
    clock.set_quality(ClockQuality.UNSET)
    assert clock.quality() is ClockQuality.UNSET
