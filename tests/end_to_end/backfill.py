"""Alarms while a backlog drains: how long each takes from `put()` to the gateway's ack, with the backlog and without.

Run by hand for the whole of it: python -m tests.end_to_end.backfill FOLDER --readings 200000
"""

from __future__ import annotations

import argparse
import asyncio
import math
import secrets
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from cloud_gateway.settings import Devices, GatewaySettings, Series
from deploy.servers import Server, start_mosquitto
from edge_agent.app import OUTBOX_FILE
from edge_agent.hardware.clock import SystemClock
from edge_agent.settings import AgentSettings
from edge_agent.storage.outbox import Outbox
from edge_agent.tasks.device import Device
from edge_agent.wire.link import Connection, connect
from edge_agent.wire.messages import ALARM, Ack, AlarmBody, AlarmState, LaneAck
from edge_agent.wire.session import Delivery
from edge_agent.wire.topics import Lane, Leaf, Topic
from firmware_sim.board import make_board
from tests.edge_agent.tasks.agents import flood, level, running_agent
from tests.edge_agent.tasks.agents import make_settings as make_agent_settings
from tests.end_to_end.devices import open_gauge, reading
from tests.end_to_end.gateway import Books, make_program, make_settings
from tests.links import EARS, FREE_TOPICS, secured
from tests.waiting import until

DEVICE = "agent-01"
ACK_TOPIC = str(Topic(DEVICE, Leaf.ACK))
LIMIT_S = 1800.0
TIMES_SLOWER, MORE_S = 5.0, 1.0


@dataclass
class Listener:
    """Hears the gateway's acks to the device as they come: what is stored of each lane, and when each alarm was.

    `readings_heard` counts the device's frames of readings, stored or not.
    """

    connection: Connection | None = None
    readings_heard: int = 0
    stands: dict[Lane, LaneAck] = field(default_factory=dict)
    stored_s: dict[int, float] = field(default_factory=dict)
    readings_at_alarm: dict[int, int] = field(default_factory=dict)

    def on_delivery(self, delivery: Delivery) -> None:
        """Take in an ack; the time is noted for the alarms that it is the first to name."""
        if self.connection is not None and delivery.token >= 0:
            self.connection.acknowledge([delivery.token])
        if delivery.topic != ACK_TOPIC:
            self.readings_heard += 1
            return
        self.stands |= msgspec.json.decode(delivery.payload, type=Ack).lanes
        for seq in range(len(self.stored_s) + 1, self.upto(Lane.ALARM) + 1):
            self.stored_s[seq] = time.monotonic()
            self.readings_at_alarm[seq] = self.upto(Lane.READING)

    def upto(self, lane: Lane) -> int:
        """All up to this seq is stored; 0 before the first."""
        return self.stands[lane].upto if lane in self.stands else 0


class Delays(NamedTuple):
    """Seconds from `put()` of an alarm to the gateway's ack."""

    alarms: int
    median: float
    p95: float
    largest: float


class Story(NamedTuple):
    """What came of it. `lost`: alarms that were put and are not stored. `points`: readings that are."""

    busy: Delays
    quiet: Delays
    backfill_s: float
    lost: int
    points: int


@asynccontextmanager
async def listening(broker: Server, *more: str) -> AsyncIterator[Listener]:
    """Somebody who hears what the gateway tells the device, and topics beside it."""
    listener = Listener()
    options = replace(secured(broker, EARS[0]), session_expiry_s=0)
    async with connect(options, listener.on_delivery) as connection:
        listener.connection = connection
        await connection.subscribe([ACK_TOPIC, *more])
        yield listener


async def fill(path: Path, readings: int) -> None:
    """An outbox file with so many readings that nobody has heard of."""
    outbox = await Outbox.open(path, boot=secrets.token_hex(8), queue=readings)
    for number in range(1, readings + 1):
        assert outbox.offer(reading(number))
    await outbox.close()


async def put_alarm(device: Device) -> int:
    """An alarm of now; its seq once it is on disk."""
    body = AlarmBody("flood", "level", AlarmState.RAISED, 3.0, 2.0, "m", device.clock.now())
    return await device.outbox.put(device.stamp(Lane.ALARM, ALARM, msgspec.json.encode(body)))


async def put_alarms(device: Device, put_s: dict[int, float], interval_s: float, most: float = math.inf) -> None:
    """Put an alarm every so often; `put_s` gets when by seq."""
    while len(put_s) < most:
        before = time.monotonic()
        put_s[await put_alarm(device)] = before
        await asyncio.sleep(interval_s)


@contextmanager
def gateway(settings: GatewaySettings, folder: Path) -> Iterator[None]:
    """The real ingest process while it runs."""
    program = make_program(settings, folder)
    program.start()
    try:
        yield
    finally:
        program.stop()


async def drain(device: Device, listener: Listener, readings: int, interval_s: float, put_s: dict[int, float]) -> float:
    """Put alarms from the first ack of readings to that of the last; returns the seconds between the two."""
    await until(lambda: Lane.READING in listener.stands, LIMIT_S)
    begun = time.monotonic()
    await put_alarms(device, put_s, interval_s, 1)
    putting = asyncio.create_task(put_alarms(device, put_s, interval_s))
    await until(lambda: listener.upto(Lane.READING) >= readings or putting.done(), LIMIT_S)
    seconds = time.monotonic() - begun
    putting.cancel()
    await asyncio.wait([putting])
    if not putting.cancelled():
        putting.result()
    return seconds


async def make_device(broker: Server, folder: Path, readings: int) -> AgentSettings:
    """Settings of a device that has a backlog."""
    settings = make_agent_settings(folder / "state", level(), rules=[flood()], broker=broker, device=DEVICE)
    settings.state_dir.mkdir()
    await fill(settings.state_dir / OUTBOX_FILE, readings)
    return settings


async def play(broker: Server, folder: Path, readings: int, interval_s: float, burst_s: int, quiet: int) -> Story:
    """Connect a device with a backlog; alarms go on until it is over, and then `quiet` more."""
    devices = Devices(admit="any", burst_s=burst_s)
    settings = make_settings(broker, folder, Series()).model_copy(update={"devices": devices})
    agent = await make_device(broker, folder, readings)
    busy: dict[int, float] = {}
    after: dict[int, float] = {}
    with gateway(settings, folder):
        async with open_gauge(broker, "gauge-01") as gauge:
            await gauge.until_heard()
        async with (
            listening(broker) as listener,
            running_agent(agent, make_board("SIM-1"), SystemClock()) as device,
        ):
            seconds = await drain(device, listener, readings, interval_s, busy)
            await until(lambda: not any(device.outbox.depth.values()), LIMIT_S)
            await put_alarms(device, after, interval_s, quiet)
            await until(lambda: set(after) <= set(listener.stored_s), LIMIT_S)
    stored = Books(settings).rows("SELECT seq FROM record WHERE lane = 'alarm'")
    lost = len((set(busy) | set(after)) - {seq for (seq,) in stored})
    points = len(await Books(settings).points(DEVICE))
    return Story(delays(busy, listener), delays(after, listener), seconds, lost, points)


def delays(put_s: dict[int, float], listener: Listener) -> Delays:
    """From each `put()` to the ack that first named it."""
    took = sorted(listener.stored_s[seq] - at for seq, at in put_s.items() if seq in listener.stored_s)
    p95 = took[math.ceil(0.95 * len(took)) - 1]
    return Delays(len(took), statistics.median(took), p95, took[-1])


def tell(story: Story, readings: int) -> str:
    """The lines for people."""
    rate = readings / story.backfill_s
    return "".join(
        [
            *(
                f"{name}: {d.alarms} alarms, put to ack: median {d.median * 1000:.0f} ms, "
                f"95th {d.p95 * 1000:.0f} ms, largest {d.largest * 1000:.0f} ms\n"
                for name, d in (("with backlog", story.busy), ("without     ", story.quiet))
            ),
            f"back-fill: {readings} readings in {story.backfill_s:.1f} s, {rate:.0f}/s; {story.points} points stored; "
            f"alarms lost: {story.lost}\n",
        ]
    )


def main() -> int:
    """Print the delays; 1 when an alarm was lost or the backlog held alarms up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readings", type=int, default=200_000)
    parser.add_argument("--interval", type=float, default=0.5, help="seconds between alarms")
    parser.add_argument("--quiet", type=int, default=40, help="alarms without a backlog")
    parser.add_argument("--burst-s", type=int, default=Devices().burst_s, help="devices.burst_s of the gateway")
    options = parser.parse_args()
    with start_mosquitto(options.folder / "broker", extra_rights=FREE_TOPICS) as broker:
        story = asyncio.run(
            play(broker, options.folder, options.readings, options.interval, options.burst_s, options.quiet)
        )
    sys.stdout.write(tell(story, options.readings))
    slow = story.busy.median > TIMES_SLOWER * story.quiet.median + MORE_S
    return 1 if story.lost or slow else 0


if __name__ == "__main__":
    sys.exit(main())
