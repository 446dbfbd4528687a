"""A real agent on a machine whose clock is set while it runs, and one that was off for a while."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from time import time_ns

import msgspec
import pytest

from deploy.servers import Server
from edge_agent.hardware.clock import SystemClock
from edge_agent.hardware.timefloor import RELEASED_MS
from edge_agent.wire.messages import CLOCK_STEP, ClockQuality, ClockStepBody
from firmware_sim.board import make_board
from tests.edge_agent.hardware.hand_time import DAY, HOUR, NOW, SECOND, HandTime
from tests.edge_agent.tasks.agents import Witness, level, make_settings, running_agent
from tests.edge_agent.tasks.ear import listening
from tests.edge_agent.wire.relay import open_relay
from tests.waiting import until


def steps(witness: Witness) -> list[ClockStepBody]:
    """What the device told of its clock."""
    return [msgspec.json.decode(i.body, type=ClockStepBody) for i in witness.items if i.kind == CLOCK_STEP]


def qualities(witness: Witness) -> Iterable[ClockQuality]:
    """How far each fact's time can be trusted."""
    return (item.clock for item in witness.items)


JUMPS = {"to 1970": -NOW, "90 days on": 90 * DAY, "an hour back": -HOUR}


@pytest.mark.parametrize("by", JUMPS.values(), ids=JUMPS)
async def test_clock_set_while_running_is_told_and_the_times_of_facts_go_on(tmp_path: Path, by: int) -> None:
    time, witness = HandTime(synchronized=True), Witness()
    settings = make_settings(tmp_path, level(interval_s=0.05), heartbeat_s=0.05)
    async with running_agent(settings, make_board("SIM-1"), SystemClock(time), witness) as device:
        await until(lambda: len(witness.readings("level")) >= 2)
        time.set_by(by)
        time.pass_by(10 * SECOND)
        await until(lambda: ClockQuality.HOLDOVER in qualities(witness))
        await until(lambda: steps(witness))
        await until(lambda: "clock" in device.degraded)
        assert set(qualities(witness)) == {ClockQuality.NTP, ClockQuality.HOLDOVER}
    assert steps(witness) == [ClockStepBody(by, taken=False, clock=ClockQuality.HOLDOVER)]
    assert {item.at for item in witness.items} == {NOW, NOW + 10 * SECOND}
    assert [item.mono for item in witness.items] == sorted(item.mono for item in witness.items)


async def test_device_that_begins_in_1970_says_so_and_follows_a_time_server(tmp_path: Path) -> None:
    time, witness = HandTime(wall_ms=0), Witness()
    settings = make_settings(tmp_path, level(interval_s=0.05), heartbeat_s=0.05)
    async with running_agent(settings, make_board("SIM-1"), SystemClock(time), witness) as device:
        await until(lambda: "clock" in device.degraded)
        await until(lambda: ClockQuality.UNSET in qualities(witness))
        time.set_by(NOW, synchronized=True)
        await until(lambda: steps(witness) and "clock" not in device.degraded)
    assert steps(witness) == [ClockStepBody(NOW, taken=True, clock=ClockQuality.NTP)]


def real_now() -> int:
    """The broker's certificate holds by real time."""
    return time_ns() // 1_000_000


@pytest.mark.parametrize("by", [-real_now(), 90 * DAY, -HOUR], ids=[*JUMPS])
async def test_clock_set_while_running_keeps_no_device_from_its_broker(
    tmp_path: Path, broker: Server, device: str, by: int
) -> None:
    time = HandTime(wall_ms=real_now(), synchronized=True)
    async with listening(broker, device) as ear, open_relay(broker.port) as relay:
        settings = make_settings(tmp_path, device=device, broker=broker, port=relay.port)
        async with running_agent(settings, make_board("SIM-1"), SystemClock(time)):
            await until(lambda: ear.births)
            time.set_by(by)
            relay.cut()
            await until(lambda: len(ear.births) >= 2)
    assert abs(ear.births[-1].at - ear.births[0].at) < SECOND


async def test_device_in_1970_reaches_its_broker_and_says_how_its_clocks_stand(
    tmp_path: Path, broker: Server, device: str
) -> None:
    settings = make_settings(tmp_path, device=device, broker=broker)
    clock = SystemClock(HandTime(wall_ms=5_000))
    async with listening(broker, device) as ear, running_agent(settings, make_board("SIM-1"), clock) as agent:
        await until(lambda: ear.births)
        assert agent.certificate_time().floor_ms > RELEASED_MS
    assert (ear.births[0].at, ear.births[0].mono) == (5_000, 60_000_000_000)


async def test_time_that_was_kept_is_known_at_the_next_start(tmp_path: Path) -> None:
    settings, witness = make_settings(tmp_path, heartbeat_s=0.05), Witness()
    async with running_agent(settings, make_board("SIM-1"), SystemClock(HandTime(synchronized=True)), witness):
        await until(witness.heartbeats)
    before = SystemClock(HandTime(wall_ms=NOW - HOUR, rtc=True))
    async with running_agent(settings, make_board("SIM-1"), before) as device:
        assert device.clock.quality() is ClockQuality.UNSET
        assert device.certificate_time().floor_ms == NOW
        assert not device.certificate_time().trusted
