"""Programs with one mistake each, which the model must find; were it to miss one, it would prove nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from cloud_gateway.ingest.app import Ingest
from cloud_gateway.ingest.batch import Batch
from cloud_gateway.ingest.pipeline import Pipeline
from cloud_gateway.ingest.store import Key
from cloud_gateway.ingest.store_facts import Facts
from cloud_gateway.ingest.validation import Accepted
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.tasks.uplink import Uplink
from edge_agent.wire.messages import Frame, LaneAck
from edge_agent.wire.ranges import Ranges, runs
from edge_agent.wire.session import Session
from tests.delivery.device import SnaredOutbox
from tests.delivery.gateway import SnaredStore
from tests.delivery.model import Build

_frame_decoder = msgspec.json.Decoder(Frame)


class ForgetfulStore(SnaredStore):
    """The ledger check is gone: every frame is taken for new."""

    def _take_new(self, accepted: Accepted, ranges: Ranges, facts: Facts) -> None:
        super()._take_new(accepted, Ranges(), facts)
        ranges.update(record.seq for record in accepted.frame.records)


class EarlyPipeline(Pipeline):
    """The device is told before the rows and the ledger are committed."""

    async def store_rows(self, batch: Batch) -> dict[Key, LaneAck]:
        seqs: dict[Key, set[int]] = {}
        for accepted in batch.frames:
            frame = accepted.frame
            key = Key(accepted.device, frame.epoch, frame.lane)
            seqs.setdefault(key, set()).update(record.seq for record in frame.records)
        self.acknowledge({key: LaneAck(0, [(r.first, r.last) for r in runs(sorted(s))]) for key, s in seqs.items()})
        return await super().store_rows(batch)


class LedgerFirstPipeline(Pipeline):
    """Readings are in the ledger and acknowledged before the series store has them."""

    async def process(self, batch: Batch) -> None:
        await super().process(batch)
        await super().store_series(batch.frames)

    async def store_series(self, frames: Iterable[Accepted]) -> None:
        """Not yet."""


class EarlyIngest(Ingest):
    """Ingest with the early pipeline."""

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._pipeline = EarlyPipeline(self._pipeline._series, self._pipeline._store, self._reply, self._pipeline._gate)


class LedgerFirstIngest(Ingest):
    """Ingest with the pipeline in the wrong order."""

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._pipeline = LedgerFirstPipeline(
            self._pipeline._series, self._pipeline._store, self._reply, self._pipeline._gate
        )


class TrustingUplink(Uplink):
    """The device deletes at PUBACK, as if the broker were the gateway."""

    async def _serve(self, connection: Session) -> None:
        await super()._serve(TrustingSession(connection, self._device.outbox))


class TrustingSession:
    """A session that takes PUBACK for the gateway's word."""

    def __init__(self, session: Session, outbox: Outbox) -> None:
        self._session = session
        self._outbox = outbox

    @property
    def receive_maximum(self) -> int:
        return self._session.receive_maximum

    async def keep_alive(self) -> str:
        return await self._session.keep_alive()

    async def subscribe(self, filters: Iterable[str]) -> None:
        await self._session.subscribe(filters)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> asyncio.Future[None]:
        future = self._session.publish(topic, payload, retain=retain)
        if not retain:
            future.add_done_callback(lambda done: self._delete(done, payload))
        return future

    def send(self, topic: str, payload: bytes) -> None:
        self._session.send(topic, payload)

    def acknowledge(self, tokens: Iterable[int]) -> None:
        self._session.acknowledge(tokens)

    def _delete(self, done: asyncio.Future[None], payload: bytes) -> None:
        if done.exception() is None:
            frame = _frame_decoder.decode(payload)
            self._outbox.acknowledge(frame.lane, LaneAck(0, [(frame.records[0].seq, frame.records[-1].seq)]))


class RecyclingOutbox(SnaredOutbox):
    """A seq is the greatest that is left plus one, as a plain rowid would be: deleted ones are given again."""

    def _insert(self, c: sqlite3.Connection, items: Sequence[Item]) -> list[int]:
        left = "SELECT coalesce(max(seq), 0) + 1 FROM pending WHERE pending.lane = lane.name"
        c.execute(f"UPDATE lane SET next = ({left})")
        return super()._insert(c, items)


#: Each with words that a finding must have.
MUTANTS: dict[str, tuple[Build, str]] = {
    "ledger check removed": (Build(store=ForgetfulStore), "set a message aside"),
    "acknowledged before the commit": (Build(ingest=EarlyIngest), "is lost"),
    "ledger before the series store": (Build(ingest=LedgerFirstIngest), " reading "),
    "deleted at PUBACK": (Build(uplink=TrustingUplink), "is lost"),
    "seq given again": (Build(outbox=RecyclingOutbox), "was given to two facts"),
}
