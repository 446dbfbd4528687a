"""Takes what terminals have said from the stored records into the tables of ratings, each record once.

The evidence log gives the order: its places only grow, whenever a record comes. How far it has been taken is kept in
the transaction that takes it, so that nothing is taken twice or left out, whenever the process ends.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Table, and_, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.tables import evidence_entry, evidence_log
from cloud_gateway.ratings.days import local_day
from cloud_gateway.ratings.store import add_rating
from cloud_gateway.ratings.tables import press, rating, rating_more, rating_progress, service, shift
from cloud_gateway.ratings.taking import (
    DECODERS,
    Body,
    Row,
    Said,
    Stands,
    Unreadable,
    decode,
    more_row,
    new_rating,
    press_row,
    service_row,
    shift_row,
)
from cloud_gateway.stations.store import list_stands
from cloud_gateway.stations.tables import station, terminal
from cloud_gateway.tables import record
from edge_agent.wire.ratings import PressBody, RatingBody, RatingMoreBody, ServiceBody
from edge_agent.wire.topics import Lane

logger = logging.getLogger(__name__)

#: Entries of one look.
LOOK = 1000
_e, _r, _p, _t = evidence_entry.c, record.c, rating_progress.c, terminal.c


class Taken(NamedTuple):
    """What a look has found: how many records were taken, and whether there are more."""

    records: int
    more: bool


class _Named(Struct):
    """What of a `record` entry names the record."""

    device: str
    epoch: str
    lane: str
    seq: int
    kind: str


class _Entry(Struct):
    body: _Named


_entries = msgspec.json.Decoder(_Entry)


async def has_new(connection: AsyncConnection) -> bool:
    """Whether the log has grown since the last look."""
    size = await connection.scalar(select(evidence_log.c.size)) or 0
    return bool(size > await _taken_upto(connection))


async def take_records(connection: AsyncConnection, zone: str, now: int) -> Taken:
    """Take the next records, at most `LOOK`. `zone` holds for terminals that no station has; `now` ms UTC."""
    size = int(await connection.scalar(select(evidence_log.c.size)) or 0)
    first = await _taken_upto(connection)
    named, after = await _next_entries(connection, first, size)
    said = await _read_records(connection, [one for one in named if one.kind in DECODERS])
    stands = Stands(await list_stands(connection, sorted({one.device for one in said})), zone)
    for one in said:
        await _take(connection, one, stands, zone, now)
    statement = upsert(rating_progress).values(id=1, place=after)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"place": after}))
    return Taken(len(said), after < size)


async def _taken_upto(c: AsyncConnection) -> int:
    return int(await c.scalar(select(_p.place).where(_p.id == 1)) or 0)


async def _next_entries(c: AsyncConnection, first: int, size: int) -> tuple[list[_Named], int]:
    """The records that entries from `first` on name, and the place after the last one looked at."""
    query = select(_e.place, _e.body).where(_e.type == "record", _e.place >= first, _e.place < size)
    rows = (await c.execute(query.order_by(_e.place).limit(LOOK))).all()
    after = rows[-1].place + 1 if len(rows) == LOOK else size
    return [_entries.decode(row.body).body for row in rows], after


async def _read_records(c: AsyncConnection, named: Sequence[_Named]) -> list[Said]:
    """The stored records, in the order of their entries."""
    keys = [(one.device, one.epoch, one.seq) for one in named if one.lane == Lane.RECORD.value]
    if not keys:
        return []
    columns = (_r.device, _r.epoch, _r.seq, _r.kind, _r.at, _r.body)
    rows = await c.execute(select(*columns).where(_r.lane == Lane.RECORD.value, _are_in(keys)))
    found = {(row.device, row.epoch, row.seq): Said(*row) for row in rows}
    return [found[key] for key in keys if key in found]


def _are_in(keys: Sequence[tuple[str, str, int]]) -> ColumnElement[bool]:
    """One condition for each life of a terminal: for a list of whole keys SQLite would read the records through."""
    lives: dict[tuple[str, str], list[int]] = {}
    for device, epoch, seq in keys:
        lives.setdefault((device, epoch), []).append(seq)
    return or_(
        *(
            and_(_r.device == device, _r.epoch == epoch, _r.seq.in_(numbers))
            for (device, epoch), numbers in lives.items()
        )
    )


async def _take(c: AsyncConnection, said: Said, stands: Stands, zone: str, now: int) -> None:
    try:
        body = decode(said)
    except Unreadable as exc:
        who = {"device": said.device, "epoch": said.epoch, "seq": said.seq}
        logger.warning("a record that does not count: %s: %s", said.kind, exc, extra=who)
        return
    await _store(c, said, body, stands, zone, now)


async def _store(c: AsyncConnection, said: Said, body: Body, stands: Stands, zone: str, now: int) -> None:
    place = stands.find(said.device, said.at)
    if isinstance(body, RatingBody):
        if not await add_rating(c, new_rating(said, body, place), zone, now):
            who = {"device": said.device, "epoch": said.epoch, "seq": said.seq}
            logger.warning("a second rating of one window, or of one id, does not count", extra=who)
    elif isinstance(body, ServiceBody):
        await _add(c, service, service_row(said, body, place, now))
    elif isinstance(body, PressBody):
        await _add(c, press, press_row(said, body, place))
    elif isinstance(body, RatingMoreBody):
        await _add(c, rating_more, more_row(body))
    else:
        await _add(c, shift, shift_row(said, body, place))


async def _add(c: AsyncConnection, table: Table, row: Row) -> None:
    """A row that is there already stays as it is."""
    await c.execute(upsert(table).values(row).on_conflict_do_nothing())


async def place_strays(connection: AsyncConnection) -> int:
    """Find the station of what came before its terminal had been entered; returns of how much, a bounded number."""
    columns = ((rating, rating.c.at), (service, service.c.closed_at), (press, press.c.at), (shift, shift.c.at))
    return sum([await _place_strays(connection, table, at) for table, at in columns])


async def _place_strays(c: AsyncConnection, table: Table, at: ColumnElement[int]) -> int:
    """Only what a terminal said where it stood: the rest stays a stray, and must not be in the way."""
    t = table.c
    stray = (t.station == "", *((t.place.is_(None),) if "place" in t else ()))
    stood = and_(_t.device == t.device, _t.since <= at, or_(_t.until.is_(None), at < _t.until))
    found = select(t.device, at.label("at"), _t.station, station.c.zone).join(terminal, stood)
    found = found.join(station, station.c.code == _t.station).where(*stray).distinct().limit(LOOK)
    placed = 0
    for row in (await c.execute(found)).all():
        fresh: Row = {"station": row.station} | ({"day": local_day(row.at, row.zone)} if "day" in t else {})
        these = update(table).where(*stray, t.device == row.device, at == row.at)
        placed += (await c.execute(these.values(fresh))).rowcount
    return placed
