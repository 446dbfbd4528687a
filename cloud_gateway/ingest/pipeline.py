"""One batch from messages to acknowledgements: series store, then rows and ledger, then `ack`, then PUBACK.

Nothing is acknowledged before it is committed, and everything that is committed is acknowledged; a crash anywhere
means that devices send again, to the same effect.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy.exc import OperationalError

from cloud_gateway.database import can_pass
from cloud_gateway.ingest.batch import Batch, Unreadable, frame_letter, refusal_letters
from cloud_gateway.ingest.clocks import Boot, Candidate, Clocks
from cloud_gateway.ingest.gate import Gate
from cloud_gateway.ingest.store import MAX_EPOCHS, IngestStore, Key, Work
from cloud_gateway.ingest.store_devices import Latest
from cloud_gateway.ingest.validation import Accepted, Rejected
from cloud_gateway.readings.series import Point, Refusal, SeriesStore, StoreUnavailable
from edge_agent.wire.messages import Ack, LaneAck
from edge_agent.wire.topics import Lane, Leaf, Topic

logger = logging.getLogger(__name__)

#: Newest values reach the tables of the console at most this often.
LATEST_EVERY_S = 0.25
KNOWN_EPOCHS = 100_000
KNOWN_DEVICES = 100_000
#: How soon after a backup devices hear of it.
BACKUP_EVERY_S = 5.0

RETRY_S = 1.0
#: Points written at once: InfluxDB takes two such parts side by side.
PART_POINTS = 10_000

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def now_ms() -> int:
    """The gateway's time, ms UTC."""
    return time.time_ns() // 1_000_000


class Pipeline:
    """The steps of ingest over the two stores. `reply(topic, payload)` sends an ack to a device.

    `checkpoint` gives the newest head of the evidence log; each device is told it once, and again at its birth.
    """

    def __init__(
        self,
        series: SeriesStore,
        store: IngestStore,
        reply: Callable[[str, bytes], None],
        gate: Gate,
        clocks: Clocks | None = None,
        checkpoint: Callable[[], str] = str,
    ) -> None:
        self._series = series
        self._store = store
        self._reply = reply
        self._gate = gate
        self._clocks = clocks or Clocks()
        self._checkpoint = checkpoint
        self._told: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._latest: dict[tuple[str, str], Latest] = {}
        self._heard: set[str] = set()
        self._latest_due = 0.0

    async def process(self, batch: Batch) -> None:
        """Store a batch and tell the devices. Retries while a store is unavailable; returns when all is committed."""
        self._gate.drop_refused(batch)
        for life in batch.lives:
            self._clocks.note_birth(life)
        await self._refuse_foreign(batch)
        batch.frames = await self._clocks.settle(batch.frames, self._fix_clocks)
        await self._gate.verify(batch)
        await self.store_series(batch.frames)
        self._note_latest(batch)
        acks = await self.store_rows(batch)
        self.acknowledge(acks)
        for device, birth in batch.births.items():
            self._told.pop(device, None)  # a new life may have heard nothing
            self.acknowledge(await self._standing(device, birth.epoch))

    async def store_series(self, frames: Iterable[Accepted]) -> None:
        """Write the readings; what the store refuses for good becomes a rejection of its record."""
        points = [point for accepted in frames for point in accepted.points]
        if not points:
            return
        parts = [points[i : i + PART_POINTS] for i in range(0, len(points), PART_POINTS)]
        refusals = await asyncio.gather(*(self._write_part(part) for part in parts))
        if any(refusals):
            _reject(frames, [refusal for part in refusals for refusal in part])

    async def _fix_clocks(self, candidates: Mapping[Boot, Candidate]) -> Mapping[Boot, int]:
        return await persist("database", lambda: self._store.fix_clocks(candidates, now_ms()))

    async def _write_part(self, points: Sequence[Point]) -> list[Refusal]:
        return await persist("series store", lambda: self._series.write(points))

    async def store_rows(self, batch: Batch) -> dict[Key, LaneAck]:
        """Commit rows and ledger; returns what may now be acknowledged."""
        now = now_ms()
        latest, heard = self._take_latest()
        letters = batch.unreadable + refusal_letters(batch.refused)
        work = Work(
            now,
            batch.frames,
            letters,
            batch.births,
            batch.lives,
            batch.presences,
            batch.reports,
            latest,
            heard,
            self._gate.news(batch),
        )
        return await self._commit(work)

    async def _standing(self, device: str, epoch: str) -> dict[Key, LaneAck]:
        return await persist("database", lambda: self._store.standing(device, epoch))

    async def _commit(self, work: Work) -> dict[Key, LaneAck]:
        return await persist("database", lambda: self._store.commit(work))

    def acknowledge(self, acks: dict[Key, LaneAck]) -> None:
        """One `ack` to each device and epoch."""
        lanes: dict[tuple[str, str], dict[Lane, LaneAck]] = {}
        for key, ack in acks.items():
            lanes.setdefault((key.device, key.epoch), {})[key.lane] = ack
        for (device, epoch), by_lane in lanes.items():
            receipt = Ack(epoch, by_lane, checkpoint=self._newer_checkpoint(device))
            self._reply(str(Topic(device, Leaf.ACK)), _encoder.encode(receipt))

    def _newer_checkpoint(self, device: str) -> str:
        """The newest head, when the device was not told it yet; else nothing."""
        newest = self._checkpoint()
        if self._told.get(device, "") == newest:
            return ""
        if len(self._told) >= KNOWN_DEVICES:
            self._told.clear()
        self._told[device] = newest
        return newest

    async def keep_safe_known(self) -> None:
        """The duty that tells devices when a backup holds what they still keep; once at its start, too."""
        told = None
        while True:
            newest = await persist("database", self._store.newest_backup)
            if newest != told:
                self.acknowledge(await persist("database", self._store.safe_lines))
                told = newest
            await asyncio.sleep(BACKUP_EVERY_S)

    async def keep_latest_fresh(self) -> None:
        """The duty that writes newest values when no batch comes to carry them."""
        while True:
            await asyncio.sleep(LATEST_EVERY_S)
            latest, heard = self._take_latest()
            if latest or heard:
                await self._write_latest(Work(now_ms(), latest=latest, heard=heard))

    async def _write_latest(self, work: Work) -> None:
        try:
            await self._commit(work)
        except Exception:  # the edge of a duty: newest values come again, the process stays
            logger.exception("newest values could not be written")

    # -- who may say it -------------------------------------------------------------------------------------

    async def _refuse_foreign(self, batch: Batch) -> None:
        """An epoch belongs to the device that used it first; another's, or one too many, is set aside whole."""
        pairs = dict.fromkeys((f.device, f.frame.epoch) for f in batch.frames)  # in order: the first has it
        unknown = [pair for pair in pairs if pair[1] not in self._owners]
        if unknown:
            if len(self._owners) > KNOWN_EPOCHS:
                self._owners.clear()
                unknown = list(pairs)
            self._owners |= await persist("database", lambda: self._store.claim_epochs(unknown, now_ms()))
        refused = [f for f in batch.frames if self._owners.get(f.frame.epoch) != f.device]
        if refused:
            batch.frames = [f for f in batch.frames if self._owners.get(f.frame.epoch) == f.device]
            batch.unreadable += [self._refusal(f) for f in refused]

    def _refusal(self, accepted: Accepted) -> Unreadable:
        if accepted.frame.epoch in self._owners:
            detail = "its epoch belongs to another device; its records were not stored"
            return frame_letter(accepted, "foreign_epoch", detail)
        detail = f"its device has used {MAX_EPOCHS} epochs; its records were not stored"
        return frame_letter(accepted, "too_many_epochs", detail)

    # -- newest values --------------------------------------------------------------------------------------

    def _note_latest(self, batch: Batch) -> None:
        for accepted in batch.frames:
            self._heard.add(accepted.device)
            newest = {point.stream: point for point in accepted.points}  # the last one said
            for stream, point in newest.items():
                self._note_point(accepted.device, stream, point)
        self._heard.update(batch.births, (device for device, _, retained in batch.presences if not retained))

    def _note_point(self, device: str, stream: str, point: Point) -> None:
        at, known = point.time_ns // 1_000_000, self._latest.get((device, stream))
        if known is None or at >= known.at:
            self._latest[device, stream] = Latest(at, point.value, point.unit)

    def _take_latest(self) -> tuple[dict[tuple[str, str], Latest], set[str]]:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._latest_due:
            return {}, set()
        self._latest_due = now_s + LATEST_EVERY_S
        taken = self._latest, self._heard
        self._latest, self._heard = {}, set()
        return taken


def _reject(frames: Iterable[Accepted], refusals: Iterable[Refusal]) -> None:
    by_record = {(r.point.device, r.point.epoch, r.point.seq): r for r in refusals}
    for accepted in frames:
        if accepted.frame.lane is not Lane.READING:
            continue
        for record in accepted.frame.records:
            refusal = by_record.get((accepted.device, accepted.frame.epoch, record.seq))
            if refusal is not None:
                accepted.rejected.append(Rejected(record, refusal.code, refusal.detail[:300]))
                accepted.points = [p for p in accepted.points if p.seq != record.seq]


async def persist(what: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """Try until the store takes it: meanwhile nothing is acknowledged, and the broker holds the rest back."""
    told = False
    while True:
        try:
            result = await attempt()
        except StoreUnavailable as exc:
            reason, wait_s = exc.reason, exc.retry_after_s
        except OperationalError as exc:
            if not can_pass(exc):
                raise
            reason, wait_s = str(exc.orig), RETRY_S
        else:
            if told:
                logger.info("%s is back", what)
            return result
        if not told:
            logger.error("%s is unavailable, nothing is acknowledged: %s", what, reason)
            told = True
        await asyncio.sleep(wait_s)
