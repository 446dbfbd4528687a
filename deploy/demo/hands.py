"""Counters of a demo that somebody watches: two terminals in real time, with keys and screens for people."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from pathlib import Path

from deploy.demo.cable import Cable
from deploy.demo.fleet_process import Orders
from deploy.demo.folder import BOARDS, PREFIX
from deploy.demo.programs import Program
from deploy.demo.stage import DEVICES_FOLDER, Fleet, Stage
from deploy.demo.witness import Ear
from deploy.servers import provision_of
from edge_agent.hardware.clock import SystemClock
from firmware_sim.scenario import Scenario, load_scenario

#: Whose counters stand in a story that has none.
COUNTERS = "counter-day"
#: A screen is served within this, real seconds; a slow machine's is not announced.
SCREEN_LIMIT_S = 60.0
POLL_S = 0.1


def with_counters(scenario: Scenario) -> Scenario:
    """The story with two counters at its first site, unless it has some."""
    if scenario.station:
        return scenario
    lent, site = load_scenario(COUNTERS), scenario.site[0]
    desks = tuple(form.model_copy(update={"site": site.code}) for form in lent.device if form.rating is not None)
    stations = tuple(station.model_copy(update={"zone": site.zone}) for station in lent.station)
    return scenario.model_copy(update={"station": stations, "device": (*scenario.device, *desks)})


async def make_counters(stage: Stage, scenario: str) -> None:
    """One process with all counters, behind a cable of its own; not yet started. `scenario` is the story's name."""
    cable = Cable(stage.broker.port)
    await cable.open()
    desks = [form for form in stage.scenario.device if form.rating is not None]
    name, file = "counters", stage.folder / "fleet-counters.json"
    orders = Orders(
        scenario=scenario if load_scenario(scenario).station else COUNTERS,
        devices=[form.id for form in desks],
        state_dir=str(stage.folder / DEVICES_FOLDER / name),
        identities=str(provision_of(stage.broker).devices),
        broker_port=cable.port,
        speed=None,
        start_ms=SystemClock().now(),
        linger=True,
        faults=None,
        pipe=-1,
        origin=stage.origin,
        boards=str(stage.folder / BOARDS),
    )
    program = Program(f"fleet {name}", ("deploy.demo.fleet_process", str(file)), stage.folder / f"fleet-{name}.log")
    ear = Ear(stage.witness)
    stage.counters.append(Fleet(desks[0].site, orders.devices, cable, ear, program, orders, file))


async def say_counters(stage: Stage, fleet: Fleet, say: Callable[[str], None]) -> None:
    """Say where the screens are, and how the keys are pressed."""
    try:
        async with asyncio.timeout(SCREEN_LIMIT_S):
            while len(fleet.ear.screens) < len(fleet.devices) and fleet.program.running:  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)  # ports are read from a pipe; there is no event to wait for
    except TimeoutError:
        return
    for device, port in sorted(fleet.ear.screens.items()):
        desk = stage.scenario.device_of(device).rating
        assert desk is not None, "only rating terminals have screens"
        say(f"Counter {desk.counter} (SIMULATED / 模拟): http://{desk.host}:{port}/")
        say(f"  press a key: weiran sim press {device} {desk.scale}{where(stage.folder)}")


def where(folder: Path) -> str:
    """What `weiran sim press` has to be told to find the demo of this folder: nothing for a temporary one."""
    return "" if folder.name.startswith(PREFIX) else f" --folder {shlex.quote(str(folder))}"


def find_boards(place: Path, prefix: str, socket_name: str) -> list[Path]:
    """The sockets of that name in the folders of this user's running demos."""
    return sorted(path for path in place.glob(f"{prefix}*/{BOARDS}/{socket_name}") if path.is_socket())
