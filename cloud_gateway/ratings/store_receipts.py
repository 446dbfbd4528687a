"""What the gateway's database knows about a receipt, and the row of the count that a secret opens."""

from __future__ import annotations

import base64
import json
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence import store, store_heads
from cloud_gateway.evidence.records import RecordFact, record_leaf
from cloud_gateway.evidence.tables import evidence_key
from cloud_gateway.evidence.witnessing import Dissent, judge
from cloud_gateway.ratings.proving import Proven, prove_entry, read_keys
from cloud_gateway.ratings.receipts import Facts, Verdict, is_genuine, read_head
from cloud_gateway.ratings.tables import rating
from cloud_gateway.tables import dead_letter, enrolment, ledger, record
from edge_agent.proof.checkpoints import Checkpoint, LogKey, NoteError
from edge_agent.proof.digest import digest
from edge_agent.wire.ranges import Ranges
from edge_agent.wire.receipts import Receipt
from edge_agent.wire.topics import Lane

_r, _k, _e, _d, _l = record.c, evidence_key.c, enrolment.c, dead_letter.c, ledger.c
_LANE = Lane.RECORD.value


class Found(NamedTuple):
    """The facts about a receipt, and what is shown of them. `received_at` ms UTC, None when nothing came."""

    facts: Facts
    proven: Proven | None = None
    received_at: int | None = None


class CountedRow(NamedTuple):
    """A row of the count; `place` is the entry that holds it, None while it waits for its batch."""

    channel: str
    stage: str
    scale: int
    score: int
    station: str
    counter: str
    day: str
    place: int | None


async def gather(c: AsyncConnection, receipt: Receipt) -> Found:
    """What is known about a receipt. Raises BrokenLog where the log cannot prove anything."""
    keys = await _device_keys(c, receipt.d)
    if not is_genuine(receipt, keys):
        return Found(Facts(device_known=bool(keys), signed=False))
    head = await _judge_head(c, receipt, await read_keys(c))
    where = (_r.device == receipt.d, _r.epoch == receipt.e, _r.lane == _LANE, _r.seq == receipt.s)
    row = (await c.execute(select(record).where(*where))).first()
    if row is None:
        refusal, confirmed = await _find_refusal(c, receipt), await _is_confirmed(c, receipt)
        return Found(Facts(True, True, confirmed=confirmed, refusal=refusal, head=head))
    at = row.at if row.said_at is None else row.said_at
    fact = RecordFact(row.device, row.epoch, row.lane, row.seq, row.kind, at, row.clock, row.body, row.sig)
    place = await store.find_leaf(c, record_leaf(fact, row.received_at))
    proven = None if place is None else await prove_entry(c, place)
    logged = proven is not None
    said = (row.kind, at, digest(row.body))
    facts = Facts(True, True, said, logged, proven is not None and proven.holds, confirmed=True, head=head)
    return Found(facts, proven, row.received_at)


async def find_counted(c: AsyncConnection, count: str) -> CountedRow | None:
    """The row of the count with this id."""
    r = rating.c
    columns = (r.channel, r.stage, r.scale, r.score, r.station, r.counter, r.day, r.place)
    row = (await c.execute(select(*columns).where(r.count == count))).first()
    return None if row is None else CountedRow(*row)


async def _find_refusal(c: AsyncConnection, receipt: Receipt) -> str:
    """Why the record was refused; empty when it was not."""
    where = (_d.device == receipt.d, _d.epoch == receipt.e, _d.lane == _LANE, _d.seq == receipt.s)
    return str(await c.scalar(select(_d.code).where(*where).order_by(_d.id).limit(1)) or "")


async def _device_keys(c: AsyncConnection, device: str) -> list[bytes]:
    """Keys that the log names, and those of the enrolment, which the log names once they sign."""
    named = set(await c.scalars(select(_k.public_key).where(_k.role == "device", _k.name == device)))
    for row in await c.execute(select(_e.public_key, _e.former_key).where(_e.device == device)):
        named |= {key for key in row if key is not None}
    return [base64.b64decode(key) for key in sorted(named)]


async def _is_confirmed(c: AsyncConnection, receipt: Receipt) -> bool:
    where = (_l.device == receipt.d, _l.epoch == receipt.e, _l.lane == _LANE)
    row = (await c.execute(select(_l.upto, _l.ranges).where(*where))).first()
    return row is not None and receipt.s in Ranges(row.upto, json.loads(row.ranges))


async def _judge_head(c: AsyncConnection, receipt: Receipt, keys: list[LogKey]) -> Verdict | None:
    """What is wrong with the receipt's checkpoint; None when nothing is, or there is none."""
    try:
        head = read_head(receipt, keys)
    except NoteError:
        return Verdict.FORGED_CHECKPOINT
    return None if head is None else await _compare_head(c, head)


async def _compare_head(c: AsyncConnection, head: Checkpoint) -> Verdict | None:
    size, lives = (await store.read_state(c)).frontier.size, await store_heads.list_lives(c)
    own = await store.root_at(c, head.size) if head.size <= size else None
    dissent = judge(head, lives, size, own)
    if dissent is None:
        return None
    return Verdict.RESTORED if dissent is Dissent.RESTORED else Verdict.LOG_FORK
