"""A gateway that only listens to an agent, and answers what a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import msgspec

from deploy.servers import Server
from edge_agent.settings import OutboxSettings
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.wire.frames import decode_frame
from edge_agent.wire.link import Connection, connect
from edge_agent.wire.messages import READING, Ack, Birth, ClockQuality, Frame, LaneAck, Presence
from edge_agent.wire.senml import encode_pack, entry
from edge_agent.wire.session import Delivery
from edge_agent.wire.topics import Lane, Leaf, parse_topic
from tests.edge_agent.tasks.agents import START
from tests.links import ear_of, secured

#: Little patience.
BURST = OutboxSettings(window=3, ack_timeout_s=0.4)


@dataclass
class Ear:
    """A gateway that only listens, unless it is told to answer."""

    device: str
    connection: Connection | None = None
    frames: list[Frame] = field(default_factory=list)
    births: list[Birth] = field(default_factory=list)
    presences: list[tuple[str, int, bool]] = field(default_factory=list)

    def hear(self, delivery: Delivery) -> None:
        """Take in what the device says."""
        _, part = parse_topic(delivery.topic)
        if isinstance(part, Lane):
            self.frames.append(decode_frame(part, delivery.payload))
        elif part is Leaf.BIRTH:
            self.births.append(msgspec.json.decode(delivery.payload, type=Birth))
        elif part is Leaf.PRESENCE:
            said = msgspec.json.decode(delivery.payload, type=Presence)
            self.presences.append((said.state.value, said.conn, delivery.retain))

    def seqs(self, lane: Lane = Lane.READING) -> list[tuple[int, int]]:
        """(first, last) of each frame of the lane in order of arrival."""
        return [(f.records[0].seq, f.records[-1].seq) for f in self.frames if f.lane is lane]

    def say(self, payload: bytes) -> None:
        """Send something on the topic of acks."""
        assert self.connection is not None
        self.connection.send(f"weiran/1/{self.device}/ack", payload)

    def acknowledge(self, epoch: str, ack: LaneAck, lane: Lane = Lane.READING) -> None:
        """Say what is stored."""
        self.say(msgspec.json.encode(Ack(epoch, {lane: ack})))


@asynccontextmanager
async def listening(broker: Server, device: str) -> AsyncIterator[Ear]:
    """An ear that has subscribed."""
    ear = Ear(device)
    options = replace(secured(broker, ear_of(device)), session_expiry_s=0)
    async with connect(options, ear.hear) as connection:
        ear.connection = connection
        await connection.subscribe([f"weiran/1/{device}/{leaf}" for leaf in ("up/+", "presence", "birth")])
        yield ear


def readings(first: int, last: int) -> list[Item]:
    """Readings of these numbers, each of a value of its own."""
    return [
        Item(Lane.READING, READING, encode_pack([entry("level", "m", n / 4)]), START + n, ClockQuality.NTP, n)
        for n in range(first, last + 1)
    ]


async def put_all(outbox: Outbox, items: list[Item]) -> None:
    """Put them all, in order."""
    await asyncio.gather(*(outbox.put(item) for item in items))
