"""SIMULATED devices in real time: each with its board, its world, its agent, and hands that may move it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent import app
from edge_agent.hardware.clock import SystemClock
from edge_agent.settings import AgentSettings, Broker
from edge_agent.storage.outbox import Observer
from edge_agent.tasks.device import Device as Agent
from firmware_sim.board import make_board
from firmware_sim.control import serving_board
from firmware_sim.counters import keep_open, run_terminal
from firmware_sim.desk import SimDesk
from firmware_sim.handles import Handles, Line
from firmware_sim.nature import Nature
from firmware_sim.scenario import Scenario, agent_settings
from firmware_sim.world import World
from kiosk.settings import KioskSettings


@dataclass(frozen=True)
class Ground:
    """What devices stand on. `state_dir`/id holds a device's outbox, `identities`/id what it was provisioned with.

    `origin` is where receipts lead; `observer` makes each device's witness; `screen` is told the port of each
    terminal's screen; below `boards` each board has a socket for hands (`firmware_sim.control`).
    """

    state_dir: Path
    broker_host: str
    broker_port: int
    identities: Path | None = None
    origin: str = ""
    observer: Callable[[str], Observer] | None = None
    screen: Callable[[str, int], None] | None = None
    boards: Path | None = None


class Cabled(Line, Protocol):
    """A cable of its own for one device, and the port of this machine that it begins at."""

    port: int


class Lives:
    """Devices in real time. One with a cable reaches the broker through it."""

    def __init__(
        self,
        scenario: Scenario,
        devices: Sequence[str],
        ground: Ground,
        *,
        cables: Mapping[str, Cabled] | None = None,
        heartbeat_s: float | None = None,
    ) -> None:
        """Raises KeyError for an unknown device, SeriesError for weather that cannot be read."""
        clock, nature, lines = SystemClock(), Nature(scenario, scenario.folders), cables or {}
        self._boards = ground.boards
        self._lives = {
            device: Life(scenario, device, ground, clock, nature, lines.get(device), heartbeat_s) for device in devices
        }

    @property
    def linked(self) -> int:
        """How many have a connection to the broker."""
        agents = [life.handles.agent for life in self._lives.values()]
        return sum(agent is not None and agent.linked for agent in agents)

    async def run(self, spread_s: float = 0.0) -> None:
        """Run until cancelled, the starts spread over so many seconds. Raises ExceptionGroup of what agents raise."""
        async with AsyncExitStack() as sockets, asyncio.TaskGroup() as group:
            for place, (device, life) in enumerate(self._lives.items()):
                group.create_task(life.run(place * spread_s / len(self._lives)), name=device)
                if self._boards is not None:
                    await sockets.enter_async_context(serving_board(self._boards, device, life.handles))


class Life:
    """One device, from one power cut to the next."""

    def __init__(
        self,
        scenario: Scenario,
        device: str,
        ground: Ground,
        clock: SystemClock,
        nature: Nature,
        cable: Cabled | None = None,
        heartbeat_s: float | None = None,
    ) -> None:
        self._scenario, self._ground, self._clock, self._nature = scenario, ground, clock, nature
        self._form = scenario.device_of(device)
        self.handles = Handles(self._form, clock, scenario.seed)
        self._cable = self.handles.line = cable
        self.handles.cut_power = self._cut if cable is not None else None
        self._heartbeat_s = heartbeat_s
        self._dark_s: float | None = None
        self._living: asyncio.Task[None] | None = None

    async def run(self, wait_s: float = 0.0) -> None:
        """Live, after `wait_s`, until cancelled; dark for as long as each power cut lasts."""
        await asyncio.sleep(wait_s)
        settings = self._settings()
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        while True:
            async with asyncio.TaskGroup() as group:
                self._living = group.create_task(self._live(settings))
            if self._dark_s is None:
                return
            await self._stay_dark(self._dark_s)

    def _settings(self) -> AgentSettings:
        ground, device = self._ground, self._form.id
        host, port = ground.broker_host, ground.broker_port
        made = agent_settings(
            self._scenario, device, ground.state_dir / device, host, port, ground.identities, ground.origin
        )
        changed: dict[str, object] = {}
        if self._cable is not None:
            changed["broker"] = Broker(host="127.0.0.1", port=self._cable.port)
        if self._heartbeat_s is not None:
            changed["heartbeat_s"] = self._heartbeat_s
        return made.model_copy(update=changed)

    def _cut(self, for_s: float) -> None:
        """The power goes: the cable is dead at once, and the agent ends without a word to anybody."""
        if self._living is None or self._living.done() or self._cable is None:
            return
        self._dark_s = for_s
        self._cable.cut()
        self.handles.take(None)
        self._living.cancel()

    async def _stay_dark(self, for_s: float) -> None:
        self._dark_s = None
        await asyncio.sleep(for_s)
        if self._cable is not None and self.handles.look().link:
            self._cable.mend()

    async def _live(self, settings: AgentSettings) -> None:
        board = make_board(f"SIM-{settings.device}")
        self.handles.take(board)
        witness = None if self._ground.observer is None else self._ground.observer(settings.device)
        world = World(self._form, self._nature, self._clock, seed=self._scenario.seed, hands=self.handles)
        async with asyncio.TaskGroup() as group:
            group.create_task(world.run(board), name=f"world of {settings.device}")
            if isinstance(settings, KioskSettings):
                desk = self.handles.desk = SimDesk(settings.rating, board, self._clock)
                group.create_task(keep_open(self._scenario, settings.device, desk, self._clock))
                await run_terminal(
                    settings, board, self._clock, desk, (self._join,), observer=witness, screen=self._ground.screen
                )
            else:
                await app.run(settings, board, self._clock, (self._join,), observer=witness)

    async def _join(self, agent: Agent) -> None:
        """A duty of the agent, by which its board can be seen to be linked."""
        self.handles.agent = agent
