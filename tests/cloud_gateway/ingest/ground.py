"""A gateway's ingest without its broker: real stores, and the replies that devices would get."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import open_database
from cloud_gateway.ingest.admission import Admission
from cloud_gateway.ingest.batch import Sorter
from cloud_gateway.ingest.gate import Gate
from cloud_gateway.ingest.pipeline import Pipeline
from cloud_gateway.ingest.store import IngestStore
from cloud_gateway.readings.series import Point, SeriesStore
from cloud_gateway.settings import Devices
from edge_agent.wire.messages import Ack, LaneAck
from edge_agent.wire.session import Delivery
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.pieces import DEVICE, EPOCH


@dataclass
class Ground:
    """The pipeline over its stores; `replies` are (topic, payload) in order."""

    file: Path
    engine: AsyncEngine
    series: SeriesStore
    store: IngestStore
    pipeline: Pipeline
    admission: Admission
    replies: list[tuple[str, bytes]]

    async def take(self, *deliveries: Delivery) -> None:
        """Let the messages come in as one batch."""
        sorter = Sorter(self.admission)
        for delivery in deliveries:
            sorter.add(delivery)
        await self.pipeline.process(sorter.take())

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What another process reads from the database."""
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(sql).fetchall()

    async def points(self, device: str = DEVICE) -> list[Point]:
        """What is stored of a device, by time."""
        return sorted([p async for p in self.series.scan(device)], key=lambda p: (p.time_ns, p.stream))

    def ack(self, lane: Lane, *, device: str = DEVICE, epoch: str = EPOCH) -> LaneAck:
        """The newest word to the device about a lane of the epoch."""
        topic = f"weiran/1/{device}/ack"
        acks = [msgspec.json.decode(payload, type=Ack) for to, payload in self.replies if to == topic]
        return [a.lanes[lane] for a in acks if a.epoch == epoch and lane in a.lanes][-1]


@asynccontextmanager
async def open_ground(
    file: Path, series: SeriesStore, admission: Admission | None = None, checkpoint: Callable[[], str] = str
) -> AsyncIterator[Ground]:
    """Ingest on a migrated database file, over a series store that is open; anybody may speak unless told otherwise."""
    engine = open_database(file)
    replies: list[tuple[str, bytes]] = []
    store = IngestStore(engine)
    admission = admission or Admission(Devices(admit="any", burst_s=3600))
    gate = Gate(admission)
    pipeline = Pipeline(
        series, store, lambda topic, payload: replies.append((topic, payload)), gate, checkpoint=checkpoint
    )
    try:
        yield Ground(file, engine, series, store, pipeline, admission, replies)
    finally:
        await engine.dispose()
