"""A real agent on a SIMULATED board in scenario time, watched at its outbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from deploy.servers import Server, credentials_of
from edge_agent import app
from edge_agent.hardware.board import Board
from edge_agent.hardware.clock import Clock
from edge_agent.settings import (
    AgentSettings,
    AnalogSensor,
    AnyRule,
    AnySensor,
    Broker,
    ContactSensor,
    IdentitySettings,
    OutboxSettings,
    Panel,
    PulseSensor,
    TableSensor,
    ThresholdRule,
)
from edge_agent.storage.facts import Item
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import ALARM, GAP, HEARTBEAT, READING, AlarmBody, GapBody, HeartbeatBody, LaneAck
from edge_agent.wire.senml import Value, decode_pack
from edge_agent.wire.topics import Lane

START = 622_267_200_000  # 1989-09-20T04:00Z
MINUTE = 60_000
NOBODY = 1  # a port at which nobody listens
SIREN, LAMP = 5, 6
LIMIT_S = 30.0


@dataclass
class Witness:
    """Remembers what the outbox has committed."""

    items: list[Item] = field(default_factory=list)

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        """Take in a commit."""
        self.items += [item for _, item in items]

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """Nothing to remember."""

    def readings(self, stream: str) -> list[tuple[int, Value]]:
        """(ms since the start, value) of a stream."""
        packs = [(i.at, decode_pack(i.body)) for i in self.items if i.kind == READING]
        return [(at - START, e.value) for at, pack in packs for e in pack if e.n == stream]

    def units(self) -> dict[str, str]:
        """The unit of each stream."""
        packs = [decode_pack(i.body) for i in self.items if i.kind == READING]
        return {e.n: e.u for pack in packs for e in pack}

    def alarms(self) -> list[tuple[int, str, str]]:
        """(ms since the start, rule, state) of each alarm."""
        return [(at - START, body.rule, body.state.value) for at, body in self.alarm_bodies()]

    def alarm_bodies(self) -> list[tuple[int, AlarmBody]]:
        """(at, body) of each alarm."""
        return [(i.at, msgspec.json.decode(i.body, type=AlarmBody)) for i in self.items if i.kind == ALARM]

    def gaps(self) -> list[GapBody]:
        """What was dropped."""
        return [msgspec.json.decode(i.body, type=GapBody) for i in self.items if i.kind == GAP]

    def heartbeats(self) -> list[HeartbeatBody]:
        """How the device said it stood."""
        return [msgspec.json.decode(i.body, type=HeartbeatBody) for i in self.items if i.kind == HEARTBEAT]


def level(**other: object) -> AnalogSensor:
    """A level of 0 to 10 m on channel 0, every minute."""
    given = {"kind": "analog", "stream": "level", "unit": "m", "channel": 0, "low": 0, "high": 10}
    return AnalogSensor.model_validate(given | {"label": "Level", "label_zh": "水位"} | other)


def rain(**other: object) -> PulseSensor:
    """A rain gauge on pin 17, 0.2 mm a tip, every minute."""
    given = {"kind": "pulse", "stream": "rain", "unit": "mm", "pin": 17, "per_pulse": 0.2}
    return PulseSensor.model_validate(given | other)


def door(**other: object) -> ContactSensor:
    """A door's contact on pin 27, looked at every minute."""
    return ContactSensor.model_validate({"kind": "contact", "stream": "door", "unit": "", "pin": 27} | other)


def tide_table(file: Path, **other: object) -> TableSensor:
    """A tide table beside the level."""
    given = {"kind": "table", "stream": "tide", "unit": "m", "file": file, "predicts": "level"}
    return TableSensor.model_validate(given | other)


def flood(**other: object) -> ThresholdRule:
    """Raised at 5 m, cleared at 4 m."""
    given = {"type": "threshold", "name": "flood", "stream": "level", "above": 5, "clear": 4}
    return ThresholdRule.model_validate(given | other)


def make_settings(
    folder: Path,
    *sensors: AnySensor,
    rules: Sequence[AnyRule] = (),
    device: str = "agent-01",
    broker: Server | None = None,
    port: int | None = None,
    heartbeat_s: float = 60,
    outbox: OutboxSettings | None = None,
) -> AgentSettings:
    """Settings of an agent with siren and lamp; without a `broker` it has nobody to speak to.

    `port` leads to the broker by another way.
    """
    identity = None if broker is None else credentials_of(broker, device)
    return AgentSettings(
        device=device,
        state_dir=folder,
        heartbeat_s=heartbeat_s,
        broker=Broker(port=port or (NOBODY if broker is None else broker.port)),
        identity=IdentitySettings(folder=identity),
        outbox=outbox or OutboxSettings(),
        panel=Panel(siren_pin=SIREN, lamp_pin=LAMP),
        sensor=sensors,
        rule=tuple(rules),
    )


@asynccontextmanager
async def running_agent(
    settings: AgentSettings, board: Board, clock: Clock, witness: Witness | None = None
) -> AsyncIterator[Device]:
    """An agent while it runs; stopped in order at the end. What it raises is raised here."""
    devices: list[Device] = []
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def join(device: Device) -> None:
        devices.append(device)
        begun.set_result(None)

    task = asyncio.create_task(app.run(settings, board, clock, (join,), observer=witness))
    await asyncio.wait([task, begun], return_when=asyncio.FIRST_COMPLETED, timeout=LIMIT_S)
    if task.done():
        task.result()
    begun.result()
    try:
        yield devices[0]
    finally:
        devices[0].stopping.set()
        await task
