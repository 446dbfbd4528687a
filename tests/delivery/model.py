"""One run of the delivery model: devices, a bad broker and a gateway in one imagined hour, decided by a seed.

What is real: outbox, uplink, ingest, both stores, and their files. What is imagined: time, threads, the broker, and
death. Afterwards everything is healed, the rest is delivered, and the stores are compared with what was promised.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from cloud_gateway.ingest.app import Ingest
from edge_agent.tasks.uplink import Uplink
from edge_agent.wire.session import Connect, Delivery, LinkOptions, Session
from edge_agent.wire.topics import Lane, Leaf, Topic
from tests.delivery.book import Book
from tests.delivery.broker import Broker, Message
from tests.delivery.device import FieldDevice, SnaredOutbox
from tests.delivery.facts import Fact
from tests.delivery.gateway import READINGS_FILE, Gateway, Outage, SnaredStore
from tests.delivery.kills import DEVICE_PLACES, GATEWAY_PLACES, Place, SnaredSession, Snares
from tests.delivery.loop import ImaginedLoop, this_life
from tests.delivery.verdict import compare, compare_outbox, read_holdings

#: Turns of fate in one run, and the mean pause between two, seconds.
TURNS = 120
PAUSE_S = 0.4
#: After healing everything must be delivered within this, imagined seconds.
DRAIN_LIMIT_S = 600.0


@dataclass(frozen=True)
class Build:
    """What the programs are made of. A mutant replaces one part."""

    outbox: type[SnaredOutbox] = SnaredOutbox
    uplink: type[Uplink] = Uplink
    ingest: type[Ingest] = Ingest
    store: type[SnaredStore] = SnaredStore


@dataclass
class Report:
    """What a run did and found."""

    seed: int
    put: int = 0
    promised: int = 0
    stored: int = 0
    rejected: int = 0
    gaps: int = 0
    imagined_s: float = field(default=0.0, compare=False)  # the machine's own clock has a part in the last second of it
    turns: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    sprung: Counter[Place] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        deaths = " ".join(f"{name} {count}" for name, count in sorted(self.deaths.items()))
        return (
            f"seed {self.seed}: {len(self.findings)} findings; {sum(self.turns.values())} turns of "
            f"{len(self.turns)} kinds, snares {sum(self.sprung.values())}; lives ended: {deaths}; "
            f"promised {self.promised}, stored {self.stored}, rejected {self.rejected}, gap records {self.gaps}; "
            f"{self.imagined_s:.0f} s imagined"
        )


def run(seed: int, folder: Path, template: Path, build: Build) -> Report:
    """Run the model once in an empty folder; `template` is an empty database of the newest revision."""
    lots = random.Random(seed)
    random.seed(seed)  # the jitter of reconnecting
    # The loop's debug mode looks for slow steps and strange threads: here time is imagined, and there are none.
    with asyncio.Runner(debug=False, loop_factory=lambda: ImaginedLoop(random.Random(seed))) as runner:
        return runner.run(_Run(seed, lots, folder, template, build).play())


class _Run:
    """The state of one run."""

    def __init__(self, seed: int, lots: random.Random, folder: Path, template: Path, build: Build) -> None:
        self._lots = lots
        self._folder = folder
        self._book = Book()
        self._report = Report(seed)
        self._broker = Broker(self._split(), lots.choice((1, 3, 20)))
        self._devices = [self._device(i, build) for i in range(lots.randint(2, 3))]
        self._gateway = self._make_gateway(build)
        self._parts: list[FieldDevice | Gateway] = [self._gateway, *self._devices]
        self._places = self._shuffled_places()
        shutil.copy(template, self._gateway.settings.database)

    def _split(self) -> random.Random:
        """Lots of its own for a part, so that one part's draws do not change another's."""
        return random.Random(self._lots.random())

    def _device(self, number: int, build: Build) -> FieldDevice:
        snares = Snares(DEVICE_PLACES)
        return FieldDevice(
            f"dev-{number}",
            number,
            self._folder,
            self._split(),
            self._book,
            snares,
            plug(self._broker, snares),
            build.outbox,
            build.uplink,
        )

    def _make_gateway(self, build: Build) -> Gateway:
        snares = Snares(GATEWAY_PLACES)
        connect = plug(self._broker, snares)
        return Gateway(self._folder, self._split(), self._book, snares, connect, build.ingest, build.store)

    def _shuffled_places(self) -> list[tuple[FieldDevice | Gateway, Place]]:
        """Every place of the gateway, and of some device: each is somewhere in the deck."""
        deck: list[tuple[FieldDevice | Gateway, Place]] = [(self._gateway, place) for place in GATEWAY_PLACES]
        deck += [(self._lots.choice(self._devices), place) for place in DEVICE_PLACES]
        self._lots.shuffle(deck)
        return deck

    # -- the play -----------------------------------------------------------------------------------------

    async def play(self) -> Report:
        lives = [asyncio.create_task(part.live()) for part in self._parts]
        turns: dict[Callable[[], None], int] = {
            self._put: 30,
            self._burst: 8,
            self._offer: 14,
            self._poison: 8,
            self._impatience: 3,
            self._set_snare: 16,
            self._kill: 4,
            self._cut_link: 5,
            self._go_silent: 2,
            self._kill_broker: 2,
            self._series_outage: 3,
            self._lock_database: 2,
            self._garbage: 2,
        }
        for _ in range(TURNS):
            await asyncio.sleep(self._lots.expovariate(1 / PAUSE_S))
            turn = self._lots.choices(list(turns), list(turns.values()))[0]
            self._report.turns[turn.__name__.strip("_")] += 1
            turn()
        await self._heal()
        await self._drain()
        await self._end(lives)
        return self._report

    async def _heal(self) -> None:
        """Nothing goes wrong any more; one more fact in each lane shakes out what waits for company."""
        self._broker.faults.heal()
        self._broker.start()
        self._gateway.series.outage = Outage.NONE
        for part in self._parts:
            part.snares.take_up()
        for device in self._devices:
            await device.ready.wait()
            for say in (device.speaker.alarm, device.speaker.record, device.speaker.reading, device.speaker.heartbeat):
                device.put(say())

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        limit = loop.time() + DRAIN_LIMIT_S
        while not all(device.is_drained for device in self._devices):
            if loop.time() > limit:
                self._book.findings.append(f"not all was delivered {DRAIN_LIMIT_S} s after everything was healed")
                return
            await asyncio.sleep(1.0)

    async def _end(self, lives: list[asyncio.Task[None]]) -> None:
        """Everybody dies; the files are read; what stands still is taken down."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ImaginedLoop)
        for task in lives:
            task.cancel()
        for part in self._parts:
            part.kill()
        self._report.imagined_s = loop.time()
        await self._judge()
        await loop.bury([life for part in self._parts for life in part.lives])

    async def _judge(self) -> None:
        report, book = self._report, self._book
        names = [device.name for device in self._devices]
        held = await read_holdings(self._gateway.settings.database, self._folder / READINGS_FILE, names)
        report.findings = [*book.findings, *compare(book, held)]
        for device in self._devices:
            report.findings += compare_outbox(device.name, device.file, held)
            report.sprung += device.snares.sprung
            report.deaths["device"] += len(device.lives) - 1
        report.sprung += self._gateway.snares.sprung
        report.deaths["gateway"] = len(self._gateway.lives) - 1
        report.put, report.promised = book.put, len(book.promised)
        report.stored = len(held.records) + len(held.points)
        report.rejected, report.gaps = len(held.letters), len(held.gaps)

    # -- turns: what devices say --------------------------------------------------------------------------

    def _fact(self, device: FieldDevice) -> Fact:
        speaker = device.speaker
        return self._lots.choice((speaker.alarm, speaker.record, speaker.record, speaker.reading, speaker.heartbeat))()

    def _put(self) -> None:
        device = self._lots.choice(self._devices)
        device.put(self._fact(device))

    def _burst(self) -> None:
        device = self._lots.choice(self._devices)
        for _ in range(self._lots.randint(5, 30)):
            device.put(self._fact(device))

    def _impatience(self) -> None:
        """The caller of a put gives up; its fact is stored all the same, or not."""
        device = self._lots.choice(self._devices)
        device.put(self._fact(device), patience_s=self._lots.choice((0.0, 0.001, 0.01)))

    def _offer(self) -> None:
        """Samples, at times more than the queue takes."""
        device = self._lots.choice(self._devices)
        for _ in range(self._lots.randint(1, 18)):
            device.offer(device.speaker.reading())

    def _poison(self) -> None:
        device = self._lots.choice(self._devices)
        device.put(device.speaker.poison())

    # -- turns: what goes wrong ---------------------------------------------------------------------------

    def _any_program(self) -> FieldDevice | Gateway:
        return self._lots.choice([self._gateway, *self._parts])

    def _set_snare(self) -> None:
        """At the next place of the deck the program dies, or the broker with it, or its link breaks."""
        if not self._places:
            self._places = self._shuffled_places()
        part, place = self._places.pop()
        springs = (part.kill, lambda: self._cut(part), lambda: self._kill_with_broker(part))
        spring = self._lots.choices(springs, (5, 2, 3))[0]
        passes = self._lots.randint(0, 40) if place.step == "statement" else self._lots.choice((0, 0, 1, 3))
        part.snares.lay(place, passes, spring)

    def _kill(self) -> None:
        self._any_program().kill()

    def _kill_with_broker(self, part: FieldDevice | Gateway) -> None:
        """They stood on one machine, and its power is gone."""
        part.kill()
        self._kill_broker()

    def _cut_link(self) -> None:
        self._cut(self._any_program())

    def _cut(self, part: FieldDevice | Gateway) -> None:
        connection = self._broker.connection(part.client_id)
        if connection is not None:
            connection.sever("the line is cut")

    def _go_silent(self) -> None:
        """A half-open connection: nothing passes, and for a while nobody knows."""
        connection = self._broker.connection(self._any_program().client_id)
        if connection is not None:
            connection.mute(self._lots.uniform(1, 8))

    def _kill_broker(self) -> None:
        self._report.deaths["broker"] += 1
        self._broker.kill()
        asyncio.get_running_loop().call_later(self._lots.uniform(0.1, 4), self._broker.start)

    def _series_outage(self) -> None:
        state = self._gateway.series
        state.outage = self._lots.choice((Outage.DOWN, Outage.DEAF))
        asyncio.get_running_loop().call_later(self._lots.uniform(0.5, 4), setattr, state, "outage", Outage.NONE)

    def _lock_database(self) -> None:
        """Another program holds the gateway's database, at times longer than anybody waits for it."""
        other = sqlite3.connect(self._gateway.settings.database, timeout=0, isolation_level=None)
        with contextlib.suppress(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
        asyncio.get_running_loop().call_later(self._lots.choice((0.5, 2, 2, 12)), other.close)

    def _garbage(self) -> None:
        """Messages that are nothing at all."""
        part = self._lots.choice((*Lane, Leaf.BIRTH, Leaf.PRESENCE, Leaf.NOTICE))
        payload = self._lots.choice((b"", b"{", b'{"v":1}', b'{"v":7,"records":[]}', b"\xff\x00"))
        self._broker.take(Message(str(Topic(self._devices[0].name, part)), payload, False, 1))


def plug(broker: Broker, snares: Snares) -> Connect:
    """How a program connects to the imagined broker, past its own snares."""

    @contextlib.asynccontextmanager
    async def connect(options: LinkOptions, on_delivery: Callable[[Delivery], None]) -> AsyncIterator[Session]:
        await asyncio.sleep(this_life().lots.uniform(0.005, 0.05))
        session = broker.connect(options, on_delivery)
        try:
            yield SnaredSession(session, snares)
        finally:
            session.sever("closed")

    return connect
