"""The process that runs simulated devices of the demo, and tells the witness. Started with a file of its orders."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import shutil
import signal
import sys
from pathlib import Path

import msgspec

from deploy.demo.cable import Cable
from deploy.demo.leash import Leash
from deploy.demo.witness import Ended, PipeObserver, Screen, Tick, send_line
from deploy.logs import LogForm, set_up_logging
from edge_agent.hardware.clock import SystemClock
from firmware_sim.clock import ScenarioClock
from firmware_sim.fleet import run_fleet
from firmware_sim.lives import Ground, Lives
from firmware_sim.scenario import load_scenario

TICK_S = 0.2


class Orders(msgspec.Struct, frozen=True):
    """What to run. `speed` None is as fast as possible; `start_ms` is scenario time; `linger`: stay when it is over.

    `after`: where to copy the devices' files at the end, because nobody else sees the disk that they are on. `leash`:
    the file that says how far the story may go. `origin`: the gateway's address, which receipts lead to.
    `boards`: run the devices in real time, each to be seen and moved by its socket in that folder; their starts are
    spread over `spread_s`, and they tell of themselves every `heartbeat_s` when that is given. `hands`:
    where the boards of a story have their sockets.
    """

    scenario: str
    devices: list[str]
    state_dir: str
    identities: str
    broker_port: int
    speed: float | None
    start_ms: int
    linger: bool
    faults: str | None
    pipe: int
    after: str | None = None
    leash: str | None = None
    origin: str = ""
    boards: str | None = None
    spread_s: float = 0.0
    heartbeat_s: float | None = None
    hands: str | None = None


async def _run(orders: Orders) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if orders.boards is not None:
        await _run_lives(orders, Path(orders.boards))
    else:
        await _run_story(orders)


async def _run_lives(orders: Orders, boards: Path) -> None:
    clock = SystemClock()
    ground = Ground(
        Path(orders.state_dir),
        "127.0.0.1",
        orders.broker_port,
        Path(orders.identities),
        orders.origin,
        observer=lambda device: PipeObserver(device, orders.pipe, clock.now),
        screen=lambda device, port: send_line(orders.pipe, Screen(device, port)),
        boards=boards,
    )
    cables = {device: Cable(orders.broker_port) for device in orders.devices}
    for cable in cables.values():
        await cable.open()
    lives = Lives(load_scenario(orders.scenario), orders.devices, ground, cables=cables, heartbeat_s=orders.heartbeat_s)
    async with asyncio.TaskGroup() as group:
        group.create_task(_tick_lives(lives, clock, orders.pipe))
        await lives.run(orders.spread_s)


async def _tick_lives(lives: Lives, clock: SystemClock, pipe: int) -> None:
    while True:
        send_line(pipe, Tick(clock.now(), lives.linked))
        await asyncio.sleep(1.0)


async def _run_story(orders: Orders) -> None:
    scenario = load_scenario(orders.scenario)
    clock = ScenarioClock(orders.start_ms, orders.speed)
    if orders.leash is not None:
        clock.add_gate(Leash(Path(orders.leash), clock.now).hold)
    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(_tick(clock, orders.pipe))
        await run_fleet(
            scenario,
            devices=orders.devices,
            state_dir=Path(orders.state_dir),
            broker_host="127.0.0.1",
            broker_port=orders.broker_port,
            clock=clock,
            identities=Path(orders.identities),
            observer=lambda device: PipeObserver(device, orders.pipe, clock.now),
            linger=orders.linger,
            faults=orders.faults,
            origin=orders.origin,
            screen=lambda device, port: send_line(orders.pipe, Screen(device, port)),
            boards=None if orders.hands is None else Path(orders.hands),
        )
        ticking.cancel()
    send_line(orders.pipe, Tick(clock.now()))
    send_line(orders.pipe, Ended())


async def _tick(clock: ScenarioClock, pipe: int) -> None:
    while True:
        send_line(pipe, Tick(clock.now()))
        await asyncio.sleep(TICK_S)


def _take_handles() -> None:
    """Hundreds of devices have thousands of files and sockets: as many as this user may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """The process's entry: `python -m deploy.demo.fleet_process ORDERS.json`."""
    set_up_logging(LogForm.JSON)
    _take_handles()
    orders = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Orders)
    logging.getLogger(__name__).info("fleet starts", extra={"devices": orders.devices})
    try:
        with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
            asyncio.run(_run(orders))
    finally:
        if orders.after is not None:
            shutil.copytree(orders.state_dir, orders.after)


if __name__ == "__main__":
    main()
