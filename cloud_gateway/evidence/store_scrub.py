"""What scrubbing reads: stored nodes by level, texts and records beside their entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, String, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.records import EVIDENCED, RecordFact
from cloud_gateway.evidence.tables import evidence_entry, evidence_node, evidence_text
from cloud_gateway.ratings.tables import rating, rating_progress
from cloud_gateway.tables import record

_e, _n, _t, _r = evidence_entry.c, evidence_node.c, evidence_text.c, record.c
_LANES = [lane.value for lane in sorted(EVIDENCED)]

#: Device, epoch, lane, seq.
RecordKey = tuple[str, str, str, int]


class StoredText(NamedTuple):
    """A text as it is stored; salt and text are null once it is erased."""

    place: int
    path: str
    salt: bytes | None
    text: str | None
    erased_by: int | None


def _bytes(column: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """A column of bytes, also where an edit has left text in it."""
    return cast(column, LargeBinary)


async def read_level(connection: AsyncConnection, level: int, first: int, end: int) -> Mapping[int, bytes]:
    """Hashes of the nodes of a level from place `first` to below `end`; level 0 is the entries' leaf hashes."""
    query = select(_n.place, _bytes(_n.hash)).where(_n.level == level, _n.place >= first, _n.place < end)
    if level == 0:
        query = select(_e.place, _bytes(_e.leaf)).where(_e.place >= first, _e.place < end)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def count_nodes(connection: AsyncConnection) -> int:
    """How many inner nodes are stored."""
    return await connection.scalar(select(func.count()).select_from(evidence_node)) or 0


async def read_texts(connection: AsyncConnection, first: int, last: int) -> list[StoredText]:
    """The texts of the entries from `first` to `last`."""
    columns = (_t.place, _t.path, _bytes(_t.salt), cast(_t.text, String), _t.erased_by)
    query = select(*columns).where(_t.place >= first, _t.place <= last)
    return [StoredText(*row) for row in await connection.execute(query.order_by(_t.place, _t.path))]


async def read_bodies(connection: AsyncConnection, type_: str) -> list[tuple[int, bytes]]:
    """Places and bytes of all entries of a type that is rare."""
    query = select(_e.place, _bytes(_e.body)).where(_e.type == type_).order_by(_e.place)
    return [(row[0], row[1]) for row in await connection.execute(query)]


async def read_records(connection: AsyncConnection, keys: Sequence[RecordKey]) -> Mapping[RecordKey, RecordFact]:
    """The stored records of these keys, as their entries were made from them."""
    at, body = func.coalesce(_r.said_at, _r.at), _bytes(_r.body)
    columns = (_r.device, _r.epoch, _r.lane, _r.seq, _r.kind, at, _r.clock, body, _r.sig)
    lanes: dict[tuple[str, str, str], list[int]] = {}
    for device, epoch, lane, seq in keys:
        lanes.setdefault((device, epoch, lane), []).append(seq)
    found: dict[RecordKey, RecordFact] = {}
    for (device, epoch, lane), seqs in lanes.items():  # for a list of tuples SQLite would read the whole table
        these = (_r.device == device, _r.epoch == epoch, _r.lane == lane, _r.seq.in_(seqs))
        rows = await connection.execute(select(*columns).where(*these))
        found |= {(device, epoch, lane, fact.seq): fact for fact in (RecordFact(*row) for row in rows)}
    return found


async def count_records(connection: AsyncConnection, since: int) -> Mapping[str, int]:
    """How many records that should have entries were received from `since` on, ms UTC, by device."""
    query = select(_r.device, func.count()).where(_r.lane.in_(_LANES), _r.received_at >= since).group_by(_r.device)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def first_record_at(connection: AsyncConnection) -> int | None:
    """When the first record became an entry, ms UTC."""
    first: int | None = await connection.scalar(select(_e.at).where(_e.type == "record").order_by(_e.place).limit(1))
    return first


async def read_waiting(connection: AsyncConnection) -> tuple[set[str], int]:
    """The ids of ratings that wait for their batch, and the place below which all records were taken."""
    upto = await connection.scalar(select(rating_progress.c.place).where(rating_progress.c.id == 1)) or 0
    return set(await connection.scalars(select(rating.c.count).where(rating.c.place.is_(None)))), upto


def record_key(body: Mapping[str, object]) -> RecordKey:
    """The record that the entry of this body is about."""
    return str(body["device"]), str(body["epoch"]), str(body["lane"]), int(str(body["seq"]))
