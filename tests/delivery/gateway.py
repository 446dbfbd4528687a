"""The gateway under test: the real ingest and its two stores over real files, across kills."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import open_database
from cloud_gateway.ingest.app import Ingest
from cloud_gateway.ingest.store import IngestStore, Key, Work
from cloud_gateway.readings.series import Point, Refusal, StoreUnavailable
from cloud_gateway.readings.sqlite import SqliteStore
from cloud_gateway.settings import Devices, GatewaySettings
from cloud_gateway.settings import Ingest as IngestSettings
from edge_agent.wire.messages import LaneAck
from edge_agent.wire.session import Connect
from tests.delivery.book import Book
from tests.delivery.facts import REFUSED_STREAM
from tests.delivery.kills import Side, Snares
from tests.delivery.loop import ImaginedLoop, Life, this_life

READINGS_FILE = "readings.db"


class Outage(StrEnum):
    """What the series store does just now."""

    NONE = "none"
    DOWN = "down"  # takes nothing
    DEAF = "deaf"  # takes all and says that it did not: an answer that timed out


@dataclass
class SeriesState:
    """How the series store stands; shared by its lives."""

    outage: Outage = Outage.NONE


class SnaredSeries(SqliteStore):
    """The series store with places around its write, with outages, and with a stream that it refuses."""

    def __init__(self, file: Path, snares: Snares, state: SeriesState) -> None:
        super().__init__(file)
        self._snares = snares
        self._state = state

    async def write(self, points: Sequence[Point]) -> list[Refusal]:
        await self._snares.cross("store", Side.BEFORE)
        refused = [Refusal(p, "bad_tag", "of another type") for p in points if p.stream == REFUSED_STREAM]
        if self._state.outage is Outage.DOWN:
            raise StoreUnavailable("503")
        refused += await super().write([p for p in points if p.stream != REFUSED_STREAM])
        if self._state.outage is Outage.DEAF:
            raise StoreUnavailable("timed out")
        await self._snares.cross("store", Side.AFTER)
        return refused


class SnaredStore(IngestStore):
    """The relational store with places around its transactions."""

    def __init__(self, engine: AsyncEngine, snares: Snares) -> None:
        super().__init__(engine)
        self._snares = snares

    async def claim_epochs(self, pairs: Any, now: int) -> dict[str, str]:
        await self._snares.cross("claim", Side.BEFORE)
        owners = await super().claim_epochs(pairs, now)
        await self._snares.cross("claim", Side.AFTER)
        return owners

    async def commit(self, work: Work) -> dict[Key, LaneAck]:
        await self._snares.cross("ledger", Side.BEFORE)
        acks = await super().commit(work)
        await self._snares.cross("ledger", Side.AFTER)
        return dict(sorted(acks.items()))  # a seed decides the order of sending, too

    async def standing(self, device: str, epoch: str) -> dict[Key, LaneAck]:
        await self._snares.cross("standing", Side.BEFORE)
        acks = await super().standing(device, epoch)
        await self._snares.cross("standing", Side.AFTER)
        return acks


class Gateway:
    """The ingest program and its files, from life to life."""

    def __init__(
        self,
        folder: Path,
        lots: random.Random,
        book: Book,
        snares: Snares,
        connect: Connect,
        ingest: type[Ingest],
        store: type[SnaredStore],
    ) -> None:
        self.snares = snares
        self.series = SeriesState()
        self.life: Life | None = None
        self.lives: list[Life] = []
        self._lots = lots
        self._book = book
        self._connect = connect
        self._ingest_class, self._store_class = ingest, store
        taking = IngestSettings(receive_maximum=lots.choice((10, 20, 100)), flush_ms=lots.choice((5, 50)))
        self.settings = GatewaySettings(data_dir=folder, ingest=taking, devices=Devices(admit="any", burst_s=3600))

    async def live(self) -> None:
        """Start, and start again a while after every death."""
        while True:
            life = self.life = Life("gateway", random.Random(self._lots.random()))
            self.lives.append(life)
            life.start(self._run(life))
            await life.ended.wait()
            await asyncio.sleep(self._lots.uniform(0.1, 2.0))

    def kill(self) -> None:
        """kill -9."""
        if self.life is not None:
            self.life.kill()

    @property
    def client_id(self) -> str:
        """Its name at the broker."""
        return self.settings.broker.client_id

    async def _run(self, life: Life) -> None:
        try:
            engine = open_database(self.settings.database)
            _work_in_loop(engine, self.snares)
            series = SnaredSeries(self.settings.data_dir / READINGS_FILE, self.snares, self.series)
            await series.open()
            store = self._store_class(engine, self.snares)
            await self._ingest_class(self.settings, series, store, connect=self._connect).run()
        except Exception as exc:
            self._book.findings.append(f"the gateway ended by itself: {exc!r}")
            life.kill()


# -- the database's threads, as turns of the loop -----------------------------------------------------------------


class _LoopQueue:
    """Stands where aiosqlite has the queue to its thread."""

    def __init__(self, snares: Snares) -> None:
        self._snares = snares

    def put_nowait(self, entry: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        self._snares.reach("statement", Side.BEFORE)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ImaginedLoop)
        future, job = entry
        loop.work(self, job, future or loop.create_future())


class _LoopConnection(aiosqlite.Connection):
    """An aiosqlite connection that needs no thread, and that is let go of when its program dies."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], snares: Snares) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._tx = _LoopQueue(snares)  # type: ignore[assignment]  # of the queue it uses this method only
        this_life().hold(self._forget)

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        return self._connect().__await__()

    def _forget(self) -> None:
        self._connection = None


def _work_in_loop(engine: AsyncEngine, snares: Snares) -> None:
    """Have the engine's connections work in the loop. Waiting for a lock is the loop's affair, too."""

    def choose(_dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
        options["async_creator_fn"] = lambda *args, **kw: _LoopConnection(lambda: sqlite3.connect(*args, **kw), snares)

    def never_block(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=0")
        cursor.close()

    event.listen(engine.sync_engine, "do_connect", choose)
    event.listen(engine.sync_engine, "connect", never_block)
