"""A fleet of SIMULATED devices in one process: the real agent on simulated boards, in scenario time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from edge_agent import app
from edge_agent.hardware.clock import Clock, SystemClock
from edge_agent.settings import AgentSettings
from edge_agent.storage.outbox import Observer
from edge_agent.tasks.device import Device
from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from firmware_sim.control import serving_board
from firmware_sim.counters import run_terminal
from firmware_sim.day import Act, list_acts
from firmware_sim.desk import SimDesk
from firmware_sim.handles import Handles
from firmware_sim.nature import Nature
from firmware_sim.scenario import Scenario, agent_settings
from firmware_sim.wallclock import make_clocks
from firmware_sim.world import World
from kiosk.settings import KioskSettings

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
    origin: str = "",
    screen: Callable[[str, int], None] | None = None,
    boards: Path | None = None,
) -> None:
    """Run `devices` (ids) from the clock's time to the scenario's end, each with its outbox in `state_dir`/id.

    `identities`/id is the folder that a device was provisioned with. `observer` makes each device's witness. `faults`
    names the set whose faults of sensors and clocks take place. At the end the agents stop once their outboxes are
    empty, or after `drain_s` real seconds; with `linger` they stay until cancelled. Receipts of rating terminals lead
    to `origin`; `screen` is told the port of each one's screen. Below `boards` each device has a socket for hands
    (`firmware_sim.control`). Raises KeyError for an unknown device or set, and what
    the agent raises, in an ExceptionGroup.
    """
    crew = _Crew()
    spoiling = scenario.faults[faults] if faults is not None else ()
    clocks = make_clocks(clock, devices, spoiling)
    nature = Nature(scenario, scenario.folders)
    settings = [
        agent_settings(scenario, d, state_dir / d, broker_host, broker_port, identities, origin) for d in devices
    ]
    async with AsyncExitStack() as sockets, asyncio.TaskGroup() as group:
        worlds = []
        for each in settings:
            board = make_board(f"SIM-{each.device}")
            form, handles = scenario.device_of(each.device), None
            if boards is not None:
                handles = Handles(form, clock, scenario.seed)
                handles.take(board)
                await sockets.enter_async_context(serving_board(boards, each.device, handles))
            world = World(form, nature, clock, spoiling, scenario.seed, handles)
            worlds.append(group.create_task(world.run(board), name=f"world of {each.device}"))
            witness = None if observer is None else observer(each.device)
            own, steps = clocks.get(each.device, (None, []))
            worlds += [group.create_task(own.suffer(step), name=step.name) for step in steps if own is not None]
            desk = SimDesk(each.rating, board, own or clock) if isinstance(each, KioskSettings) else None
            if handles is not None:
                handles.desk = desk
            if desk is not None:
                crew.desks.append(desk)
                acts = _list_acts(scenario, each.device, faults)
                desk.take_up(acts, clock.now())
                worlds.append(group.create_task(_open_desk(desk, acts, crew), name=f"day of {each.device}"))
            group.create_task(crew.live(each, board, own or clock, witness, desk, screen, handles), name=each.device)
        await crew.all_ready(len(settings))
        clock.add_gate(crew.keep_up)
        await clock.run(scenario.end_ms)
        await (asyncio.Event().wait() if linger else crew.drain(drain_s))
        crew.stop()
        for task in worlds:
            task.cancel()


def _list_acts(scenario: Scenario, device: str, faults: str | None) -> list[Act]:
    """The day at a counter, with an instant for the begin and end of each fault."""
    desk = scenario.device_of(device).rating
    assert desk is not None, "only a rating terminal has a day"
    stops = [at for fault in scenario.faults[faults] for at in (fault.at_ms, fault.until_ms)] if faults else []
    return list_acts(desk, scenario.station_of(desk).clerk, scenario.seed, stops)


async def _open_desk(desk: SimDesk, acts: Sequence[Act], crew: _Crew) -> None:
    await desk.ready()
    await crew.join_desk()
    await desk.play(acts)


class _Crew:
    """The devices of a fleet while they run."""

    def __init__(self) -> None:
        self._devices: list[Device] = []
        self._opened = 0
        self.desks: list[SimDesk] = []
        self._joined = asyncio.Condition()

    async def live(
        self,
        settings: AgentSettings,
        board: SimBoard,
        clock: Clock,
        observer: Observer | None,
        desk: SimDesk | None,
        screen: Callable[[str, int], None] | None,
        handles: Handles | None,
    ) -> None:
        async def join(device: Device) -> None:
            if handles is not None:
                handles.agent = device
            await self._join(device)

        settings.state_dir.mkdir(parents=True, exist_ok=True)
        machine = SystemClock()
        if desk is None or not isinstance(settings, KioskSettings):
            await app.run(settings, board, clock, (join,), observer=observer, machine_clock=machine)
        else:
            await run_terminal(settings, board, clock, desk, (join,), observer=observer, screen=screen)

    async def _join(self, device: Device) -> None:
        """A duty of every agent: its others have begun when it runs."""
        async with self._joined:
            self._devices.append(device)
            self._joined.notify_all()

    async def join_desk(self) -> None:
        """A counter is open: its day can begin."""
        async with self._joined:
            self._opened += 1
            self._joined.notify_all()

    async def all_ready(self, count: int) -> None:
        async with self._joined:
            await self._joined.wait_for(lambda: len(self._devices) == count and self._opened == len(self.desks))

    async def keep_up(self) -> None:
        """A gate of the clock: wait while a device's disk is behind its sensors."""
        await _until(lambda: all(d.outbox.waiting <= d.settings.outbox.queue * HOLD_SHARE for d in self._devices))
        await _until(lambda: not any(desk.held for desk in self.desks))

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
