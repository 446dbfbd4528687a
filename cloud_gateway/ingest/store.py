"""The ingest transaction: what one batch changes, committed together; and the ledger that makes it once only."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, insert, select, text
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway import tables as t
from cloud_gateway.database import reading, transaction
from cloud_gateway.enrolment.store import newest_version, read_changes
from cloud_gateway.ingest.admission import Changes
from cloud_gateway.ingest.batch import Life, Unreadable, frame_letter
from cloud_gateway.ingest.clocks import Boot, Candidate
from cloud_gateway.ingest.store_clocks import fix_offsets
from cloud_gateway.ingest.store_devices import Events, Latest, store_births, store_heard, store_latest, store_presences
from cloud_gateway.ingest.store_facts import Facts, store_unreadable
from cloud_gateway.ingest.store_lives import store_lives
from cloud_gateway.ingest.validation import Accepted
from cloud_gateway.twin.store import store_reports
from edge_agent.wire.messages import Birth, Frame, LaneAck, Presence, PresenceState, Rejection, Reported
from edge_agent.wire.ranges import Ranges, runs
from edge_agent.wire.topics import Lane

#: Gaps in one line of the ledger. A device has a window's worth; one with so many is wrong, and would slow all.
MAX_SPARSE = 1000
#: Lanes of which a device may drop facts, when it names them.
HAVE_GAPS = frozenset({Lane.READING, Lane.DIAGNOSTIC})
#: Lanes whose rows a device keeps until they are safe in a backup.
KEPT = frozenset({Lane.ALARM, Lane.RECORD})
#: Epochs of one device. It makes one when it loses its storage; one that has made so many is wrong.
MAX_EPOCHS = 1000
#: Events older than this many are of no use to a page.
MAX_EVENTS = 20_000


_CLAIM = text(
    "INSERT INTO device_epoch (epoch, device, first_seen_at) SELECT :e, :d, :first"
    " WHERE (SELECT count(*) FROM device_epoch WHERE device = :d) < :most ON CONFLICT DO NOTHING"
)


class Key(NamedTuple):
    """Which line of the ledger."""

    device: str
    epoch: str
    lane: Lane


class Line(NamedTuple):
    """A line of the ledger: what is stored, and up to where the last backup holds it."""

    stored: Ranges
    safe: int = 0


@dataclass
class Work:
    """One transaction's worth. `now` is the gateway's time, ms UTC."""

    now: int
    frames: Sequence[Accepted] = ()
    unreadable: Sequence[Unreadable] = ()
    births: dict[str, Birth] = field(default_factory=dict)
    lives: Sequence[Life] = ()
    presences: Sequence[tuple[str, Presence, bool]] = ()
    reports: dict[str, Reported] = field(default_factory=dict)
    latest: dict[tuple[str, str], Latest] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    news: Events = field(default_factory=list)  # for live pages, beside what the facts themselves say


class IngestStore:
    """The relational side of ingest. All methods are transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read_register(self, after: int) -> Changes:
        """What the register of devices has new after a version; all of it when it was put back to an older state."""
        async with reading(self._engine) as c:
            version = await newest_version(c)
            whole = version < after
            return Changes(await read_changes(c, 0 if whole else after) if version != after else (), version, whole)

    @property
    def engine(self) -> AsyncEngine:
        """The database, for what is only read beside the batches."""
        return self._engine

    async def fix_clocks(self, candidates: Mapping[Boot, Candidate], now: int) -> dict[Boot, int]:
        """The offset (ms) of each boot whose clock was unset; one that has none gets it for good."""
        async with transaction(self._engine) as c:
            return await fix_offsets(c, candidates, now)

    async def claim_epochs(self, pairs: Iterable[tuple[str, str]], now: int) -> dict[str, str]:
        """Give each (device, epoch) that nobody has to that device, up to MAX_EPOCHS; returns {epoch: its device}."""
        epochs: dict[str, str] = {}
        for device, epoch in pairs:
            epochs.setdefault(epoch, device)
        async with transaction(self._engine) as c:
            rows = [{"e": e, "d": d, "first": now, "most": MAX_EPOCHS} for e, d in epochs.items()]
            await c.execute(_CLAIM, rows)
            query = select(t.device_epoch.c.epoch, t.device_epoch.c.device).where(t.device_epoch.c.epoch.in_(epochs))
            return {row.epoch: row.device for row in await c.execute(query)}

    async def commit(self, work: Work) -> dict[Key, LaneAck]:
        """Store a batch; what it returns may be acknowledged, because it is committed."""
        async with transaction(self._engine) as c:
            events: Events = list(work.news)
            letters = list(work.unreadable)
            acks = await self._store_frames(c, work, events, letters)
            await store_births(c, work.births, work.now, events)
            await store_lives(c, work.lives, work.now, events)
            await store_presences(c, work.presences, work.now, events)
            await store_reports(c, work.reports, work.now, events)
            await store_unreadable(c, letters, work.now, events)
            await store_heard(c, work.heard, work.now)
            await store_latest(c, work.latest, work.now, events)
            await store_events(c, work.now, events)
        return acks

    async def standing(self, device: str, epoch: str) -> dict[Key, LaneAck]:
        """What of an epoch is stored: the answer to a birth.

        Of lanes that devices keep it says so too when that is nothing: a restored gateway may lack all of them.
        """
        async with reading(self._engine) as c:
            where = (t.ledger.c.device == device) & (t.ledger.c.epoch == epoch)
            lines = {Key(device, epoch, lane): Line(Ranges()) for lane in KEPT} | await _read_ledger(c, where)
        return {key: _ack(key, line) for key, line in lines.items()}

    async def tell_storage(self, now: int, body: dict[str, object]) -> None:
        """Append the event that the disk is full, or has room again."""
        async with transaction(self._engine) as c:
            await store_events(c, now, [("storage", body)])

    async def stored_readings(self, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], Ranges]:
        """What the ledger has of the lane `reading` for these (device, epoch)."""
        wanted = {Key(device, epoch, Lane.READING) for device, epoch in pairs}
        async with reading(self._engine) as c:
            lines = await _read_lines(c, wanted)
        return {(key.device, key.epoch): line.stored for key, line in lines.items()}

    async def newest_backup(self) -> str | None:
        """The id of the backup that was finished last."""
        query = select(t.backup.c.id).where(t.backup.c.finished_at.is_not(None))
        async with reading(self._engine) as c:
            newest = query.order_by(t.backup.c.finished_at.desc(), t.backup.c.id).limit(1)
            return (await c.execute(newest)).scalar()

    async def safe_lines(self) -> dict[Key, LaneAck]:
        """What the lines say of which a backup holds something, for the devices that are there to hear it."""
        online = select(t.device.c.id).where(t.device.c.presence == PresenceState.ONLINE.value)
        async with reading(self._engine) as c:
            where = (t.ledger.c.safe > 0) & t.ledger.c.device.in_(online)
            return {key: _ack(key, line) for key, line in (await _read_ledger(c, where)).items()}

    async def _store_frames(
        self, c: AsyncConnection, work: Work, events: Events, letters: list[Unreadable]
    ) -> dict[Key, LaneAck]:
        if not work.frames:
            return {}
        keys = {_key(accepted) for accepted in work.frames}
        ledger = {key: Line(Ranges()) for key in keys} | await _read_lines(c, keys)
        rejections: dict[Key, list[Rejection]] = {key: [] for key in keys}
        facts = Facts(work.now, events)
        for accepted in work.frames:
            key = _key(accepted)
            if _scatters(accepted, ledger[key].stored):
                letters.append(_scattered_letter(accepted))
                continue
            self._take_new(accepted, ledger[key].stored, facts)
            rejections[key] += [Rejection(r.record.seq, r.code) for r in accepted.rejected]
        for accepted, rejected, *_ in await facts.write(c):
            rejections[_key(accepted)].append(Rejection(rejected.record.seq, rejected.code))
        await _write_ledger(c, ledger)
        return {key: _ack(key, ledger[key], rejections[key]) for key in keys}

    def _take_new(self, accepted: Accepted, ranges: Ranges, facts: Facts) -> None:
        """The ledger check: only what was never stored becomes a row, and then it is in the ledger."""
        records = accepted.frame.records
        rows, refused = accepted.rows, accepted.rejected
        if records[0].seq <= ranges.upto or ranges.sparse:  # else all of it is new
            rows = [r for r in accepted.rows if r.record.seq not in ranges]
            refused = [r for r in accepted.rejected if r.record.seq not in ranges]
            if len(rows) + len(refused) < len(accepted.rows) + len(accepted.rejected):
                _note_repeats(accepted, ranges, facts)
        facts.add_rows(accepted, rows)
        facts.add_rejected(accepted, refused)
        if records[-1].seq - records[0].seq == len(records) - 1 and not records[0].skip:
            ranges.add(records[0].seq, records[-1].seq)
        else:
            _account(accepted.frame, ranges)


def _key(accepted: Accepted) -> Key:
    return Key(accepted.device, accepted.frame.epoch, accepted.frame.lane)


def _note_repeats(accepted: Accepted, ranges: Ranges, facts: Facts) -> None:
    rows = [r for r in accepted.rows if r.record.seq in ranges]
    facts.add_repeats(accepted, rows, [r for r in accepted.rejected if r.record.seq in ranges])


def _account(frame: Frame, ranges: Ranges) -> None:
    """Enter the records, and the numbers that the device says it will never send: without these, a line that was
    thinned in an outage would have a hole for each reading that was dropped."""
    for first, last in runs(r.seq for r in frame.records):
        ranges.add(first, last)
    for record in frame.records if frame.lane in HAVE_GAPS else ():
        if record.skip:
            ranges.add(max(1, record.seq - record.skip), record.seq)


def _scatters(accepted: Accepted, ranges: Ranges) -> bool:
    """Whether the frame would tear more holes into a line than it may have; one that fills holes never does."""
    records = accepted.frame.records
    span = records[-1].seq - records[0].seq
    if len(ranges.sparse) + min(len(records), span - len(records) + 2) <= MAX_SPARSE:
        return False  # it has no more runs than that
    after = ranges.copy()
    _account(accepted.frame, after)
    return len(after.sparse) > max(MAX_SPARSE, len(ranges.sparse))


def _scattered_letter(accepted: Accepted) -> Unreadable:
    frame = accepted.frame
    detail = f"lane {frame.lane.value} of epoch {frame.epoch} has {MAX_SPARSE} gaps; send what is missing first"
    return frame_letter(accepted, "too_scattered", detail)


def _ack(key: Key, line: Line, rejected: Sequence[Rejection] = ()) -> LaneAck:
    """Bounded, so that an ack is always a small message; what does not fit is said by a later one."""
    stored, safe = line.stored, line.safe if key.lane in KEPT else None
    return LaneAck(stored.upto, [(r.first, r.last) for r in stored.sparse[:64]], list(rejected[:200]), safe)


async def _read_ledger(c: AsyncConnection, where: ColumnElement[bool]) -> dict[Key, Line]:
    rows = await c.execute(select(t.ledger).where(where))
    return {Key(r.device, r.epoch, Lane(r.lane)): Line(Ranges(r.upto, json.loads(r.ranges)), r.safe) for r in rows}


async def _read_lines(c: AsyncConnection, keys: Collection[Key]) -> dict[Key, Line]:
    """These lines, as far as there are such; asked for by parts, for whole keys SQLite would read the table through."""
    of = t.ledger.c
    devices, epochs, lanes = {k.device for k in keys}, {k.epoch for k in keys}, {k.lane.value for k in keys}
    lines = await _read_ledger(c, of.device.in_(devices) & of.epoch.in_(epochs) & of.lane.in_(lanes))
    return {key: lines[key] for key in keys if key in lines}


async def _write_ledger(c: AsyncConnection, lines: dict[Key, Line]) -> None:
    """Write what is stored; `safe` is the backup's to change."""
    rows = [
        {"device": k.device, "epoch": k.epoch, "lane": k.lane.value, "upto": r.upto, "ranges": json.dumps(r.sparse)}
        for k, (r, _) in lines.items()
    ]
    statement = upsert(t.ledger)
    changed = {"upto": statement.excluded.upto, "ranges": statement.excluded.ranges}
    await c.execute(statement.on_conflict_do_update(index_elements=["device", "epoch", "lane"], set_=changed), rows)


async def store_events(c: AsyncConnection, now: int, events: Events) -> None:
    """Append what live pages are told, and drop what is too old for them."""
    if not events:
        return
    rows = [{"at": now, "topic": topic, "body": json.dumps(body)} for topic, body in events]
    await c.execute(insert(t.event), rows)
    await c.execute(
        text("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - :kept").bindparams(
            bindparam("kept", MAX_EVENTS)
        )
    )
