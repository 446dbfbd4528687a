"""A device under test: the real outbox and uplink over real files, across kills, on an imagined clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from edge_agent.hardware.board import AnalogInput, DigitalInput, HardwareError, LineReader, Output, Printer
from edge_agent.settings import AgentSettings, OutboxSettings
from edge_agent.storage.commit import Result
from edge_agent.storage.group import Group
from edge_agent.storage.outbox import Item, Outbox, OutboxFull, Pending
from edge_agent.tasks.device import Device
from edge_agent.tasks.uplink import Uplink
from edge_agent.wire.messages import ClockQuality, LaneAck
from edge_agent.wire.session import Connect
from edge_agent.wire.topics import Lane
from firmware_sim.machine import SimMachine
from tests.delivery.book import Book
from tests.delivery.facts import MEMORY, START, Fact, Speaker
from tests.delivery.kills import DEVICE_PLACES, Side, Snares
from tests.delivery.loop import Life

T = TypeVar("T")

#: Samples that may wait for the disk: few, so that bursts overflow.
QUEUE = 12


class ImaginedClock:
    """The loop's time as a device's clock."""

    def now(self) -> int:
        return START + int(asyncio.get_running_loop().time() * 1000)

    def mono(self) -> int:
        return int(asyncio.get_running_loop().time() * 1e9)

    def quality(self) -> ClockQuality:
        return ClockQuality.NTP

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class NoPins:
    """A board to which nothing is wired."""

    serial = "10000000a1b2c3d4"
    simulated = True
    machine = SimMachine()

    def analog(self, channel: int) -> AnalogInput:
        raise HardwareError(f"channel {channel}: there is no converter")

    def digital(self, pin: int, *, pull_up: bool) -> DigitalInput:
        raise HardwareError(f"pin {pin}: there is none")

    def output(self, pin: int) -> Output:
        raise HardwareError(f"pin {pin}: there is none")

    def reader(self, path: Path) -> LineReader:
        raise HardwareError(f"card reader {path}: there is none")

    def printer(self, path: Path) -> Printer:
        raise HardwareError(f"receipt printer {path}: there is none")

    def close(self) -> None:
        """Nothing to let go of."""


class SnaredOutbox(Outbox):
    """The outbox with places around its commits and reads."""

    snares = Snares(DEVICE_PLACES)

    async def _commit_group(self, group: Group) -> None:
        for step in ["put"] * bool(group.items) + ["delete"] * bool(group.acks):
            await self.snares.cross(step, Side.BEFORE)
        await super()._commit_group(group)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        result = await super()._in_thread(work)
        if isinstance(result, Result):
            for step in ["put"] * bool(result.stored) + ["delete"] * bool(result.deleted):
                await self.snares.cross(step, Side.AFTER)
        return result

    async def pending(self, lane: Lane, after: int, limit: int) -> list[Pending]:
        await self.snares.cross("read", Side.BEFORE)
        rows = await super().pending(lane, after, limit)
        await self.snares.cross("read", Side.AFTER)
        return rows

    async def next_connection(self) -> int:
        await self.snares.cross("connect", Side.BEFORE)
        number = await super().next_connection()
        await self.snares.cross("connect", Side.AFTER)
        return number


class FieldDevice:
    """One device and its outbox file, from life to life. Also the observer of its outbox."""

    def __init__(
        self,
        name: str,
        number: int,
        folder: Path,
        lots: random.Random,
        book: Book,
        snares: Snares,
        connect: Connect,
        outbox: type[SnaredOutbox],
        uplink: type[Uplink],
    ) -> None:
        self.name = name
        self.file = folder / name / "outbox.db"
        self.snares = snares
        self.outbox: SnaredOutbox | None = None
        self.life: Life | None = None
        self.lives: list[Life] = []
        self.ready = asyncio.Event()
        self.speaker = Speaker(lots, ImaginedClock().now, number * 1_000_000)
        self._asking: list[asyncio.Task[None]] = []
        self._lots = lots
        self._book = book
        self._connect = connect
        self._outbox_class, self._uplink_class = outbox, uplink
        bounds = OutboxSettings(window=lots.choice((1, 2, 4, 8)), ack_timeout_s=lots.choice((0.5, 1, 3)), queue=QUEUE)
        self._settings = AgentSettings(device=name, state_dir=folder / name, outbox=bounds)

    # -- lives --------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Start, and start again a while after every death."""
        while True:
            life = self.life = Life(self.name, random.Random(self._lots.random()))
            self.lives.append(life)
            self._asking = []
            life.start(self._run(life))
            await life.ended.wait()
            self.outbox = None
            self.ready.clear()
            await asyncio.sleep(self._lots.uniform(0.1, 2.0))

    def kill(self) -> None:
        """The power is cut, so to speak; the disk keeps what was written."""
        if self.life is not None:
            self.life.kill()

    async def _run(self, life: Life) -> None:
        try:
            boot = f"boot-{len(self.lives)}"
            outbox = await self._outbox_class.open(self.file, boot=boot, queue=QUEUE, observer=self)
            assert isinstance(outbox, SnaredOutbox)
            outbox.snares = self.snares
            self.speaker.remember(await outbox.recall(MEMORY))
            self.outbox = outbox
            self.ready.set()
            device = Device(self._settings, NoPins(), ImaginedClock(), outbox)
            await self._uplink_class(device, [], connect=self._connect).run()
        except Exception as exc:
            self._book.findings.append(f"{self.name} ended by itself: {exc!r}")
            life.kill()

    # -- what it says -------------------------------------------------------------------------------------

    def put(self, fact: Fact, patience_s: float | None = None) -> None:
        """Put it, as a part of the device; with `patience_s`, give up waiting after that."""
        if self.outbox is not None and self.life is not None:
            asking = self.life.start(self._put(self.outbox, self._book.say(fact), patience_s))
            self._asking.append(asking)

    def offer(self, fact: Fact) -> None:
        """Offer a sample."""
        if self.outbox is not None:
            self.outbox.offer(self._book.say(fact).item)

    async def _put(self, outbox: Outbox, fact: Fact, patience_s: float | None) -> None:
        try:
            async with asyncio.timeout(patience_s):
                seq = await outbox.put(fact.item)
        except (OutboxFull, TimeoutError):
            return
        self._book.returned(self.name, outbox.epoch, fact, seq)

    @property
    def client_id(self) -> str:
        """Its name at the broker."""
        return self.name

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left to say or to send."""
        outbox = self.outbox
        if outbox is None or outbox.waiting or any(outbox.depth.values()):
            return False
        return all(asking.done() for asking in self._asking)

    # -- observer -----------------------------------------------------------------------------------------

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        if self.life is None or self.life.dead:
            return
        for seq, item in items:
            self._book.committed(self.name, epoch, item.lane, seq, item.kind, item.body)

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """The verdict is read from the stores, not from acknowledgements."""
