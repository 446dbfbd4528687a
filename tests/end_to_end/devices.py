"""Devices that speak to a gateway over a real broker: a gauge that says what it is told, and a real agent's outbox."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from deploy.servers import Server, credentials_of
from edge_agent.app import find_identity
from edge_agent.hardware.clock import SystemClock
from edge_agent.proof.signatures import Statement
from edge_agent.settings import AgentSettings, Broker, IdentitySettings, OutboxSettings
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.tasks.device import Device
from edge_agent.tasks.uplink import Uplink
from edge_agent.wire.frames import encode_frame
from edge_agent.wire.link import Connection, connect
from edge_agent.wire.messages import (
    ALARM,
    READING,
    Ack,
    AlarmBody,
    AlarmState,
    ClockQuality,
    Frame,
    LaneAck,
    Record,
)
from edge_agent.wire.senml import encode_pack, entry
from edge_agent.wire.session import Delivery
from edge_agent.wire.topics import Lane
from firmware_sim.board import make_board
from tests.cloud_gateway.ingest.pieces import AT, frame, pack, record
from tests.links import secured
from tests.waiting import until

LIMIT_S = 40.0


class Gauge:
    """Sends what it is told to, and knows what has been acknowledged to it."""

    connection: Connection

    def __init__(self, device: str) -> None:
        self.device = device
        self.epoch = secrets.token_hex(8)
        self.stands: dict[Lane, LaneAck] = {}

    def publish(self, payload: bytes, part: str = "up/reading", *, retain: bool = False) -> asyncio.Future[None]:
        """Put a payload on a topic of this device."""
        return self.connection.publish(f"weiran/1/{self.device}/{part}", payload, retain=retain)

    def read(self, first: int, last: int) -> asyncio.Future[None]:
        """Send readings first..last in one frame; the value of each is its number."""
        records = (record(seq, pack(seq), at=AT + seq) for seq in range(first, last + 1))
        return self.publish(frame(*records, epoch=self.epoch))

    def on_delivery(self, delivery: Delivery) -> None:
        """Take in an ack."""
        ack = msgspec.json.decode(delivery.payload, type=Ack)
        if ack.epoch == self.epoch:
            self.stands |= ack.lanes

    async def until_stored(self, upto: int, lane: Lane = Lane.READING) -> None:
        """Wait until the gateway says that all up to `upto` is stored."""
        await until(lambda: lane in self.stands and self.stands[lane].upto >= upto, LIMIT_S)

    async def until_heard(self) -> None:
        """Say something small until the gateway answers: from then on it is listening."""
        while Lane.DIAGNOSTIC not in self.stands:
            self.publish(frame(record(1, "{}", kind="hello/1"), lane="diagnostic", epoch=self.epoch), "up/diagnostic")
            await asyncio.sleep(0.1)


@asynccontextmanager
async def open_gauge(broker: Server, device: str) -> AsyncIterator[Gauge]:
    """A connected gauge."""
    gauge = Gauge(device)
    options = replace(secured(broker, device), session_expiry_s=0)
    async with connect(options, gauge.on_delivery) as connection:
        gauge.connection = connection
        await connection.subscribe([f"weiran/1/{device}/ack"])
        yield gauge


@asynccontextmanager
async def open_agent(broker: Server, device: str, folder: Path) -> AsyncIterator[Outbox]:
    """A real outbox with its real uplink; what is put in goes to the gateway."""
    bounds = OutboxSettings(ack_timeout_s=1.0)
    settings = AgentSettings(
        device=device,
        state_dir=folder,
        broker=Broker(port=broker.port),
        identity=IdentitySettings(folder=credentials_of(broker, device)),
        outbox=bounds,
    )
    outbox = await Outbox.open(folder / f"{device}.db", boot=secrets.token_hex(8))
    board = make_board("SIM-1")
    agent = Device(settings, board, SystemClock(), outbox, find_identity(settings))
    task = asyncio.create_task(Uplink(agent, [], connect=connect).run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.wait([task])
        await outbox.close()
        board.close()


def reading(number: int) -> Item:
    """A reading whose value is its number."""
    body = encode_pack([entry("level", "m", float(number))])
    return Item(Lane.READING, READING, body, AT + number, ClockQuality.NTP, number)


def alarm_item(number: int) -> Item:
    """An alarm whose value is its number."""
    body = AlarmBody("flood", "level", AlarmState.RAISED, number, 1.0, "m", AT + number)
    return Item(Lane.ALARM, ALARM, msgspec.json.encode(body), AT + number, ClockQuality.NTP, number)


def signed_alarms(broker: Server, gauge: Gauge, last: int) -> bytes:
    """A frame of the alarms 1..last, signed by the gauge's own key."""
    folder = IdentitySettings(folder=credentials_of(broker, gauge.device))
    identity = find_identity(AgentSettings(device=gauge.device, state_dir=Path(), identity=folder))
    assert identity is not None
    records = []
    for seq in range(1, last + 1):
        item = alarm_item(seq)
        statement = Statement(gauge.device, gauge.epoch, Lane.ALARM, seq, item.kind, item.at, item.body)
        body, sig = msgspec.Raw(item.body), identity.sign(statement)
        records.append(Record(seq, item.kind, item.at, item.clock, item.mono, body, sig))
    return encode_frame(Frame(gauge.epoch, Lane.ALARM, "boot-1", records))


async def until_empty(outbox: Outbox, limit_s: float = LIMIT_S) -> None:
    """Wait until the gateway has acknowledged all that was put."""
    await until(lambda: not outbox.waiting and not any(outbox.depth.values()), limit_s)
