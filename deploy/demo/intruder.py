"""Those who speak with a device's identity beside it: a second agent with a copied card, and a flood of messages."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from deploy.demo.cable import Cable
from deploy.demo.programs import Program
from deploy.demo.stage import Fleet, Stage
from deploy.demo.witness import Ear
from deploy.servers import tls_of
from edge_agent.wire.link import connect
from edge_agent.wire.session import Delivery, LinkError, LinkOptions
from edge_agent.wire.topics import Lane, Topic

#: What a flood is made of: no frame, and large, so that a device's share of bytes is soon used up.
FLOOD = b"SIMULATED flood / " + bytes(100 * 1024)
#: Messages sent at once, before the broker is asked whether it has them.
AT_ONCE = 20
#: Before it tries again, s.
PAUSE_S = 0.2


@asynccontextmanager
async def make_clone(stage: Stage, fleet: Fleet, device: str) -> AsyncIterator[Fleet]:
    """A second agent with the device's identity, copied, and an outbox of its own, which the witness hears too."""
    folder = stage.folder / f"clone-of-{device}"
    identities = folder / "identities"
    shutil.copytree(Path(fleet.orders.identities) / device, identities / device)
    cable = Cable(stage.broker.port)
    await cable.open()
    state, orders_file = folder / "devices", folder / "fleet.json"
    orders = msgspec.structs.replace(
        fleet.orders,
        devices=[device],
        state_dir=str(state),
        identities=str(identities),
        broker_port=cable.port,
        faults=None,
        linger=True,
        after=None,
    )
    program = Program(f"clone of {device}", ("deploy.demo.fleet_process", str(orders_file)), folder / "clone.log")
    clone = Fleet(fleet.site, [device], cable, Ear(stage.witness), program, orders, orders_file)
    stage.clones.append(clone)
    clone.start(fleet.ear.now)
    try:
        yield clone
    finally:
        await clone.end(kill=True)


@asynccontextmanager
async def flooding(stage: Stage, device: str) -> AsyncIterator[None]:
    """Somebody with the device's certificate sends as much as the broker takes."""
    task = asyncio.create_task(_flood(stage, device))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _flood(stage: Stage, device: str) -> None:
    """The device and the flood throw each other off: they have one identity."""
    options = LinkOptions(stage.broker.host, stage.broker.port, device, tls=tls_of(stage.broker, device))
    topic = str(Topic(device, Lane.DIAGNOSTIC))
    while True:
        with contextlib.suppress(LinkError):
            async with connect(options, _ignore) as session:
                while True:
                    await asyncio.gather(*(session.publish(topic, FLOOD) for _ in range(AT_ONCE)))
        await asyncio.sleep(PAUSE_S)


def _ignore(_delivery: Delivery) -> None:
    """What is meant for the device is not acknowledged, and comes to it again."""
