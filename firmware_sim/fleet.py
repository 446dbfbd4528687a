"""A fleet of SIMULATED devices in one process: the real agent on simulated boards, in scenario time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_agent import app
from edge_agent.hardware.clock import Clock, SystemClock
from edge_agent.settings import AgentSettings
from edge_agent.storage.outbox import Observer
from edge_agent.tasks.device import Device
from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from firmware_sim.nature import Nature
from firmware_sim.scenario import Scenario, agent_settings
from firmware_sim.wallclock import make_clocks
from firmware_sim.world import World

logger = logging.getLogger(__name__)

#: The scenario is held while a device has more samples than this share of its queue waiting for the disk.
HOLD_SHARE = 0.25
POLL_S = 0.005
#: What was decided at the last instant of the story has reached the outbox after this, real seconds.
LAST_WORD_S = 0.2


async def run_fleet(
    scenario: Scenario,
    *,
    devices: Sequence[str],
    state_dir: Path,
    broker_host: str,
    broker_port: int,
    clock: ScenarioClock,
    identities: Path | None = None,
    observer: Callable[[str], Observer] | None = None,
    faults: str | None = None,
    linger: bool = False,
    drain_s: float = 60.0,
) -> None:
    """Run `devices` (ids) from the clock's time to the scenario's end, each with its outbox in `state_dir`/id.

    `identities`/id is the folder that a device was provisioned with. `observer` makes each device's witness. `faults`
    names the set whose faults of sensors and clocks take place. At the end the agents stop once their outboxes are
    empty, or after `drain_s` real seconds; with `linger` they stay until cancelled. Raises KeyError for an unknown
    device or set, and what the agent raises, in an ExceptionGroup.
    """
    crew = _Crew()
    spoiling = scenario.faults[faults] if faults is not None else ()
    clocks = make_clocks(clock, devices, spoiling)
    nature = Nature(scenario, scenario.folders)
    settings = [agent_settings(scenario, d, state_dir / d, broker_host, broker_port, identities) for d in devices]
    async with asyncio.TaskGroup() as group:
        worlds = []
        for each in settings:
            board = make_board(f"SIM-{each.device}")
            world = World(scenario.device_of(each.device), nature, clock, spoiling, scenario.seed)
            worlds.append(group.create_task(world.run(board), name=f"world of {each.device}"))
            witness = None if observer is None else observer(each.device)
            own, steps = clocks.get(each.device, (None, []))
            worlds += [group.create_task(own.suffer(step), name=step.name) for step in steps if own is not None]
            group.create_task(crew.live(each, board, own or clock, witness), name=each.device)
        await crew.all_ready(len(settings))
        clock.add_gate(crew.keep_up)
        await clock.run(scenario.end_ms)
        await (asyncio.Event().wait() if linger else crew.drain(drain_s))
        crew.stop()
        for task in worlds:
            task.cancel()


class _Crew:
    """The devices of a fleet while they run."""

    def __init__(self) -> None:
        self._devices: list[Device] = []
        self._joined = asyncio.Condition()

    async def live(self, settings: AgentSettings, board: SimBoard, clock: Clock, observer: Observer | None) -> None:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        machine = SystemClock()
        await app.run(settings, board, clock, (self._join,), observer=observer, machine_clock=machine)

    async def _join(self, device: Device) -> None:
        """A duty of every agent: its others have begun when it runs."""
        async with self._joined:
            self._devices.append(device)
            self._joined.notify_all()

    async def all_ready(self, count: int) -> None:
        async with self._joined:
            await self._joined.wait_for(lambda: len(self._devices) == count)

    async def keep_up(self) -> None:
        """A gate of the clock: wait while a device's disk is behind its sensors."""
        await _until(lambda: all(d.outbox.waiting <= d.settings.outbox.queue * HOLD_SHARE for d in self._devices))

    async def drain(self, limit_s: float) -> None:
        """Wait until the gateway has acknowledged everything, `limit_s` at most."""
        try:
            async with asyncio.timeout(limit_s):
                await _until(self._all_empty)
                await asyncio.sleep(LAST_WORD_S)
                await _until(self._all_empty)
        except TimeoutError:
            left = {d.settings.device: _depth(d) for d in self._devices}
            logger.warning("the story is over, but not all of it was acknowledged", extra={"depth": left})

    def _all_empty(self) -> bool:
        return not any(d.outbox.waiting or _depth(d) for d in self._devices)

    def stop(self) -> None:
        for device in self._devices:
            device.stopping.set()


def _depth(device: Device) -> int:
    return sum(device.outbox.depth.values())


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - an outbox has no event for these
        await asyncio.sleep(POLL_S)
