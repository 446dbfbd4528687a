"""Writes what frames say: records, gaps, alarms, heartbeats and dead letters, in the ingest transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.evidence.records import EVIDENCED, RecordFact, record_entry
from cloud_gateway.evidence.store import append
from cloud_gateway.evidence.store_keys import append_device_keys
from cloud_gateway.evidence.store_witnesses import Word as HeadWord
from cloud_gateway.evidence.store_witnesses import hear
from cloud_gateway.ingest.batch import Unreadable
from cloud_gateway.ingest.store_alarms import Word, store_alarms
from cloud_gateway.ingest.store_clocks import compare_clock
from cloud_gateway.ingest.store_conflicts import SEQ_CONFLICT, Letter, Repeats
from cloud_gateway.ingest.store_devices import Events, upsert_device
from cloud_gateway.ingest.validation import Accepted, Rejected, Row
from edge_agent.proof.digest import digest
from edge_agent.wire.frames import UNREADABLE
from edge_agent.wire.messages import HEARTBEAT, AlarmBody, GapBody, HeartbeatBody, Record
from edge_agent.wire.ratings import HeadSeenBody
from edge_agent.wire.topics import Lane

#: Unreadable messages kept; the oldest go first. Rejected records are never dropped here.
MAX_UNREADABLE = 10_000

_letter = t.dead_letter.c
_COUNT_AGAIN = (
    update(t.dead_letter)
    .where(_letter.topic == bindparam("t"), _letter.sha256 == bindparam("h"), _letter.seq.is_(None))
    .values(times=_letter.times + bindparam("n"), received_at=bindparam("now"))
)


class Facts:
    """New rows of one transaction, by table."""

    def __init__(self, now: int, events: Events) -> None:
        self._now = now
        self._events = events
        self._records: list[dict[str, object]] = []
        self._gaps: list[dict[str, object]] = []
        self._dead: list[dict[str, object]] = []
        self._alarms: list[Word] = []
        self._heartbeats: list[tuple[Accepted, Row, HeartbeatBody]] = []
        self._repeats = Repeats()
        self._evidence: list[RecordFact] = []
        self._heads: list[HeadWord] = []

    def add_rows(self, accepted: Accepted, rows: Sequence[Row]) -> None:
        """Records of the lanes alarm, record and diagnostic, and gaps of any lane."""
        for row in rows:
            self._records.append(_record_row(accepted, row, self._now))
            if accepted.frame.lane in EVIDENCED:
                self._evidence.append(_record_fact(accepted, row))
            if isinstance(row.body, GapBody):
                self._add_gap(accepted, row, row.body)
            elif isinstance(row.body, AlarmBody):
                self._add_alarm(accepted, row, row.body)
            elif isinstance(row.body, HeartbeatBody):
                self._heartbeats.append((accepted, row, row.body))
            elif isinstance(row.body, HeadSeenBody):
                self._heads.append(HeadWord(accepted.device, row.body.origin, row.body.size, row.body.root))

    def _add_gap(self, accepted: Accepted, row: Row, gap: GapBody) -> None:
        self._gaps.append(
            _identity(accepted, row.record.seq)
            | {"reason": gap.reason, "count": gap.count, "first": gap.first, "last": gap.last}
            | {"since": gap.since, "until": gap.until}
        )
        body = {"device": accepted.device, "lane": accepted.frame.lane.value, "count": gap.count}
        self._events.append(("gap", body))

    def _add_alarm(self, accepted: Accepted, row: Row, alarm: AlarmBody) -> None:
        device, epoch, seq = accepted.device, accepted.frame.epoch, row.record.seq
        self._alarms.append(Word(device, epoch, seq, row.record.at, alarm))
        said = {"device": device, "epoch": epoch, "seq": seq, "rule": alarm.rule, "state": alarm.state.value}
        self._events.append(("alarm", said | {"at": row.record.at, "value": alarm.value}))

    def add_rejected(self, accepted: Accepted, rejected: Sequence[Rejected]) -> None:
        """Records refused for good become dead letters."""
        for one in rejected:
            body = bytes(one.record.body)
            self._add_letter(Letter(accepted, one, body, digest(body)))

    def add_repeats(self, accepted: Accepted, rows: Iterable[Row], rejected: Iterable[Rejected]) -> None:
        """Records whose numbers the ledger has: they are compared with what is stored."""
        self._repeats.add(accepted, (row.record for row in rows), rejected)

    def _add_letter(self, letter: Letter) -> None:
        accepted, (record, code, detail), payload, sha256 = letter
        self._dead.append(
            _identity(accepted, record.seq)
            | {"received_at": self._now, "topic": f"{accepted.device} {record.kind}", "code": code}
            | {"detail": detail, "payload": payload, "size": len(payload), "times": 1}
            | {"sha256": sha256, "boot": accepted.frame.boot, "record": _whole(accepted, record)}
        )
        self._events.append(("dead_letter", {"device": accepted.device, "code": code}))

    async def write(self, c: AsyncConnection) -> list[Letter]:
        """Insert everything. A row that already exists is an error: the ledger should have held it back.

        Returns what was said under a number that another record has.
        """
        for table, rows in ((t.record, self._records), (t.gap, self._gaps), (t.dead_letter, self._dead)):
            if rows:
                await c.execute(insert(table), rows)
        await self._write_evidence(c)
        conflicts = await self._write_conflicts(c)
        await store_alarms(c, self._alarms, self._now)
        for accepted, row, heartbeat in self._heartbeats:
            await _apply_heartbeat(c, accepted, row, heartbeat)
            await compare_clock(c, accepted, row.record, self._now, self._events)
        return conflicts

    async def _write_evidence(self, c: AsyncConnection) -> None:
        """The keys of the devices, if the log does not name them yet, then what they signed."""
        if self._evidence:
            await append_device_keys(c, {fact.device for fact in self._evidence}, self._now)
            await append(c, [record_entry(fact) for fact in self._evidence], self._now)
        for device, dissent in await hear(c, self._heads, self._now):
            self._events.append(("evidence", {"device": device, "dissent": dissent.value}))

    async def _write_conflicts(self, c: AsyncConnection) -> list[Letter]:
        """After what is new, so that two records of one number in one batch are seen, too."""
        found = await self._repeats.find(c)
        self._dead = []
        for letter, new in found:
            if new:
                self._add_letter(letter)
        if self._dead:
            await c.execute(insert(t.dead_letter), self._dead)
        return [letter for letter, _ in found if letter.rejected.code == SEQ_CONFLICT]


def _whole(accepted: Accepted, record: Record) -> bytes:
    """The record as its device said it, to be decided on again; of one that could not be read, what came."""
    if record.kind == UNREADABLE:
        return bytes(record.body)
    return msgspec.json.encode(msgspec.structs.replace(record, at=accepted.said_at(record)))


def _identity(accepted: Accepted, seq: int) -> dict[str, object]:
    frame = accepted.frame
    return {"device": accepted.device, "epoch": frame.epoch, "lane": frame.lane.value, "seq": seq}


def _record_row(accepted: Accepted, row: Row, now: int) -> dict[str, object]:
    record = row.record
    return _identity(accepted, record.seq) | {
        "kind": record.kind,
        "at": record.at,
        "said_at": said_at if (said_at := accepted.said_at(record)) != record.at else None,
        "clock": record.clock.value,
        "boot": accepted.frame.boot,
        "mono": record.mono,
        "body": bytes(record.body),
        "sig": record.sig,
        "received_at": now,
    }


def _record_fact(accepted: Accepted, row: Row) -> RecordFact:
    record, frame = row.record, accepted.frame
    at, body = accepted.said_at(record), bytes(record.body)
    who = (accepted.device, frame.epoch, frame.lane.value, record.seq)
    return RecordFact(*who, record.kind, at, record.clock.value, body, record.sig)


async def _apply_heartbeat(c: AsyncConnection, accepted: Accepted, row: Row, body: HeartbeatBody) -> None:
    """How the outbox stands, unless a later heartbeat of the epoch came before this one."""
    device, seq, r = accepted.device, row.record.seq, t.record.c
    where = (r.device == device) & (r.epoch == accepted.frame.epoch) & (r.lane == Lane.DIAGNOSTIC.value)
    later = select(r.seq).where(where & (r.seq > seq) & (r.kind == HEARTBEAT)).limit(1)
    if (await c.execute(later)).first() is None:
        depth = sum(body.depth.values())
        values: dict[str, object] = {"heartbeat_at": row.record.at, "depth": depth, "oldest_at": body.oldest_at}
        values["health"] = msgspec.json.encode(body).decode()
        await c.execute(upsert_device(device, values))


async def store_unreadable(c: AsyncConnection, letters: Sequence[Unreadable], now: int, events: Events) -> None:
    """Whole messages that could not be read: the same one again is counted, and the oldest make room."""
    if not letters:
        return
    times: Counter[tuple[str, str]] = Counter()
    for letter in letters:
        times[letter.topic, letter.sha256] += letter.times
    known = await _known_letters(c, list(times))
    again = [{"t": topic, "h": digest, "n": times[topic, digest], "now": now} for topic, digest in known]
    if again:
        await c.execute(_COUNT_AGAIN, again)
    new = {(letter.topic, letter.sha256): letter for letter in letters if (letter.topic, letter.sha256) not in known}
    if new:
        rows = [_letter_row(letter) | {"times": times[key], "received_at": now} for key, letter in new.items()]
        await c.execute(insert(t.dead_letter), rows)
    events += [("dead_letter", {"device": letter.device, "code": letter.code}) for letter in new.values()]
    await _make_room(c)


async def _known_letters(c: AsyncConnection, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    d = t.dead_letter.c
    topics, digests = ({key[part] for key in keys} for part in (0, 1))  # for pairs SQLite would read the table through
    same = select(d.topic, d.sha256).where(d.topic.in_(topics), d.sha256.in_(digests), d.seq.is_(None))
    return {(row.topic, row.sha256) for row in await c.execute(same)} & set(keys)


def _letter_row(letter: Unreadable) -> dict[str, object]:
    row = {"topic": letter.topic, "device": letter.device, "code": letter.code, "detail": letter.detail}
    return row | {"payload": letter.payload, "size": letter.size, "sha256": letter.sha256}


async def _make_room(c: AsyncConnection) -> None:
    d = t.dead_letter.c
    newest = select(d.id).where(d.seq.is_(None)).order_by(d.id.desc()).offset(MAX_UNREADABLE).limit(1)
    await c.execute(delete(t.dead_letter).where(d.seq.is_(None), d.id <= newest.scalar_subquery()))
