"""Runs a fleet from the first device to the figures: so many real agents, in a few processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cloud_gateway.settings import GatewaySettings
from deploy.demo.cable import Cable
from deploy.demo.ending import Ending
from deploy.demo.fleet_process import Orders
from deploy.demo.folder import BOARDS, demo_folder, kept_folder
from deploy.demo.hands import where
from deploy.demo.holdings import read_held
from deploy.demo.programs import Program
from deploy.demo.stage import DEVICES_FOLDER, Fleet
from deploy.demo.witness import Ear, Witness
from deploy.fleet.figures import Figures, Pulse, add_trial, look_at_memory, make_figures, measure
from deploy.fleet.gateway import Gateway, find_gateway, start_gateway
from deploy.fleet.lives import EVERY_S, Look, tell_lives
from deploy.fleet.outages import ORDER, Looking, Outage, Trial, Viewer
from edge_agent.hardware.clock import SystemClock
from firmware_sim.crowd import Crowd, write_crowd
from firmware_sim.scenario import Scenario, load_scenario

#: Each device tells of itself so often, real seconds.
HEARTBEAT_S = 60.0
LOOK_S = 1.0
#: In the fleet's folder: its invented scenario.
SCENARIO = "scenario"
SIMULATED = "SIMULATED / 模拟"


@dataclass(frozen=True)
class FleetOptions:
    """What `weiran sim fleet` was asked for. With `gateway` and `provision` it speaks to one that is there.

    The starts are spread over `spread_s`; it ends after `for_s`, or when it is told to.
    """

    devices: int = 300
    processes: int | None = None
    seed: int = 1
    every_s: float = 10.0
    spread_s: float = 30.0
    for_s: float | None = None
    say_every_s: float = 5.0
    store: str = "sqlite"
    port: int | None = None
    keep: Path | None = None
    gateway: GatewaySettings | None = None
    provision: Path | None = None
    #: looks at the page while gateway and broker are killed at thirds of `for_s`; without it nothing is killed
    looking: Looking | None = None


class FleetFailed(Exception):
    """A part of the fleet ended or did not start; the text holds the end of its log."""


Say = Callable[[Pulse], None]
Tell = Callable[[str], None]


def run_fleet(options: FleetOptions, say: Say, tell: Tell) -> Figures | None:
    """Run it; None when it was interrupted before it had begun.

    `say` is given a look every few seconds, `tell` words for people. Raises FolderTaken, ServerMissing, ServerFailed,
    SiteConflict, NotHere, FleetFailed.
    """
    with kept_folder(options.keep) if options.keep is not None else demo_folder() as folder:
        return asyncio.run(_run_until_told(options, folder, say, tell))


async def _run_until_told(options: FleetOptions, folder: Path, say: Say, tell: Tell) -> Figures | None:
    ending, found = Ending(), list[Figures]()

    async def run() -> int:
        found.append(await play(options, folder, ending, say, tell))
        return 0

    ending.listen()
    ending.task = asyncio.create_task(run())
    with contextlib.suppress(asyncio.CancelledError):
        await ending.task
    return found[0] if found else None


async def play(options: FleetOptions, folder: Path, ending: Ending, say: Say, tell: Tell) -> Figures:
    """The fleet from its first word to its figures, in `folder`, until `ending` is told. Raises as `run_fleet`."""
    crowd = Crowd(options.devices, options.seed, SystemClock().now() // 1000 * 1000, options.every_s)
    scenario = load_scenario(write_crowd(folder / SCENARIO, crowd))
    tell(f"{SIMULATED}: {scenario.title} / {scenario.title_zh} ({options.devices})")
    gateway = await _set_up(options, scenario, folder)
    witness = Witness(folder / "witness.jsonl")
    try:
        await gateway.enter(scenario)
        tell(f"Open {await gateway.open()}")
        tell(f"Press keys and move sensors: weiran sim board{where(folder)}. Stop with Ctrl-C.")
        watched = _Watched(gateway, make_fleets(options, scenario, folder, gateway, witness), witness)
        try:
            async with _looking_on(options, gateway) as viewer:
                for fleet in watched.fleets:
                    fleet.start(crowd.start_ms)
                ending.plays, watched.began = True, time.monotonic()
                outages = await _watch_on(watched, options, ending, say, tell, viewer)
            tell("Stopping; what is on its way is let through first.")
        finally:
            await asyncio.gather(*(fleet.end() for fleet in watched.fleets))
        seconds = watched.seconds
        await gateway.end_programs()
        holdings = await read_held(gateway.settings, scenario, watched.fleets)
        figures = make_figures(
            witness, holdings, devices=options.devices, processes=len(watched.fleets), seconds=seconds
        )
        starts = [outage.restarted_s for outage in outages if outage.what == "gateway"]
        planned = len(ORDER) if options.looking else 0
        return add_trial(figures, outages, tell_lives(watched.looks, starts), planned)
    finally:
        ending.task = None  # what ends is not interrupted once more
        await gateway.close()
        witness.close()


@asynccontextmanager
async def _looking_on(options: FleetOptions, gateway: Gateway) -> AsyncIterator[Viewer | None]:
    """Somebody who looks at the page from before the first device speaks, where outages were asked for."""
    if options.looking is None:
        yield None
        return
    async with options.looking(await gateway.admit_viewer()) as viewer:
        yield viewer


async def _set_up(options: FleetOptions, scenario: Scenario, folder: Path) -> Gateway:
    if options.gateway is not None and options.provision is not None:
        return find_gateway(options.gateway, options.provision)
    return await start_gateway(scenario, folder, store=options.store, port=options.port)


def make_fleets(
    options: FleetOptions, scenario: Scenario, folder: Path, gateway: Gateway, witness: Witness
) -> list[Fleet]:
    """The processes with their devices; not yet started."""
    names = [device.id for device in scenario.device]
    count = min(options.processes or os.cpu_count() or 1, len(names))
    return [_make_fleet(number, names[number::count], options, folder, gateway, witness) for number in range(count)]


def _make_fleet(
    number: int, devices: Sequence[str], options: FleetOptions, folder: Path, gateway: Gateway, witness: Witness
) -> Fleet:
    file = folder / f"fleet-{number}.json"
    orders = Orders(
        scenario=str(folder / SCENARIO),
        devices=list(devices),
        state_dir=str(folder / DEVICES_FOLDER),
        identities=str(gateway.provision.devices),
        broker_port=gateway.settings.broker.port,
        speed=None,
        start_ms=0,
        linger=True,
        faults=None,
        pipe=-1,
        origin=gateway.origin,
        boards=str(folder / BOARDS),
        spread_s=options.spread_s,
        heartbeat_s=HEARTBEAT_S,
    )
    program = Program(f"fleet {number}", ("deploy.demo.fleet_process", str(file)), folder / f"fleet-{number}.log")
    cable = Cable(orders.broker_port)  # each device has one of its own, in its process
    return Fleet("", orders.devices, cable, Ear(witness), program, orders, file)


@dataclass
class _Watched:
    """A running fleet."""

    gateway: Gateway
    fleets: Sequence[Fleet]
    witness: Witness
    began: float = 0.0
    looks: list[Look] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Since the fleet's begin."""
        return round(time.monotonic() - self.began, 1)

    def look_at_memory(self) -> None:
        """Note what the gateway's processes take, when it is time; while one is away there is nothing to note."""
        due = not self.looks or self.seconds >= self.looks[-1].seconds + EVERY_S
        if due and self.gateway.programs and all(program.running for program in self.gateway.programs):
            self.looks.append(look_at_memory(self.gateway.programs, self.seconds))

    def look(self) -> Pulse:
        put, acked = len(self.witness.put), len(self.witness.acked)
        return Pulse(
            seconds=self.seconds,
            devices=sum(len(fleet.devices) for fleet in self.fleets),
            linked=sum(fleet.ear.linked for fleet in self.fleets),
            put=put,
            acknowledged=acked,
            waiting=put - acked,
            worst_delay_s=round(self.witness.worst_delay_s, 3),
            agents=measure(fleet.program for fleet in self.fleets),
            gateway=measure(self.gateway.programs) if self.gateway.programs else None,
        )

    def check_alive(self) -> None:
        """Raise FleetFailed for a process that has ended although nobody ended it."""
        for program in (*(fleet.program for fleet in self.fleets), *self.gateway.programs):
            if not program.running and not program.killed:
                raise FleetFailed(f"{program.name} ended with status {program.status}: {program.last_words()}")


async def _watch_on(
    watched: _Watched, options: FleetOptions, ending: Ending, say: Say, tell: Tell, viewer: Viewer | None
) -> Sequence[Outage]:
    """Watch until the end; with a viewer, outages are played meanwhile."""
    if viewer is None or options.for_s is None:
        await _watch(watched, options, ending, say)
        return ()
    trial = Trial(watched.gateway, watched.fleets, viewer, watched.began, tell)
    playing = asyncio.create_task(trial.run(options.for_s), name="outages")
    try:
        await _watch(watched, options, ending, say)
        if not ending.told.is_set():
            await playing
    finally:
        playing.cancel()
        await asyncio.wait([playing])
    return trial.outages


async def _watch(watched: _Watched, options: FleetOptions, ending: Ending, say: Say) -> None:
    said = watched.began
    while not ending.told.is_set():
        now = time.monotonic()
        if options.for_s is not None and now >= watched.began + options.for_s:
            return
        watched.check_alive()
        watched.look_at_memory()
        if now >= said + options.say_every_s:
            said = now
            say(watched.look())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await ending.told.wait()


def say_plainly(text: str) -> None:
    """Words for people, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
