"""Publications in the database, and the released ratings and services that they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.tables import evidence_entry
from cloud_gateway.ratings.cells import Row, ServiceDay
from cloud_gateway.ratings.tables import publication

_e, _p = evidence_entry.c, publication.c


class Edition(NamedTuple):
    """A publication of a period, as it was signed."""

    period: str
    edition: int
    size: int
    document: bytes
    note: str
    at: int
    place: int


@dataclass(frozen=True)
class Released:
    """What the entries of a part of the log say of ratings and services."""

    rows: Sequence[Row]
    services: Sequence[ServiceDay]

    def without(self, clerk: str) -> Released:
        """The same without one clerk's."""
        rows = [row for row in self.rows if row.clerk != clerk]
        return Released(rows, [one for one in self.services if one.clerk != clerk])


class _Count(Struct):
    rows: list[Row]


class _CountEntry(Struct):
    body: _Count


class _DayEntry(Struct):
    body: ServiceDay


_counts, _days = msgspec.json.Decoder(_CountEntry), msgspec.json.Decoder(_DayEntry)


async def read_released(connection: AsyncConnection, size: int, first: int = 0) -> Released:
    """From the entries `first` to `size` - 1."""
    places = (_e.place >= first, _e.place < size)
    counts = await connection.scalars(select(_e.body).where(_e.type == "count", *places).order_by(_e.place))
    days = await connection.scalars(select(_e.body).where(_e.type == "service-day", *places).order_by(_e.place))
    rows = [row for body in counts for row in _counts.decode(body).body.rows]
    return Released(rows, [_days.decode(body).body for body in days])


async def newest_edition(connection: AsyncConnection, period: str) -> Edition | None:
    """The newest publication of a period."""
    query = select(publication).where(_p.period == period).order_by(_p.edition.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else Edition(**row)


async def find_edition(connection: AsyncConnection, period: str, edition: int) -> Edition | None:
    """One publication."""
    query = select(publication).where(_p.period == period, _p.edition == edition)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else Edition(**row)


async def list_editions(connection: AsyncConnection, limit: int) -> list[Edition]:
    """The newest publications, the newest first."""
    query = select(publication).order_by(_p.at.desc(), _p.period, _p.edition.desc()).limit(limit)
    return [Edition(**row) for row in (await connection.execute(query)).mappings()]


async def add_edition(connection: AsyncConnection, made: Edition) -> None:
    """Keep a publication."""
    await connection.execute(insert(publication).values(**made._asdict()))
