"""Terminals that stand at no counter of a station: what they say waits, and staff are told."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Column, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.ratings.tables import rating, service

_r, _s = rating.c, service.c


class Unplaced(NamedTuple):
    """A terminal, and what of it waits; `since` ms UTC of the oldest."""

    device: str
    ratings: int
    services: int
    since: int


async def list_unplaced(connection: AsyncConnection) -> list[Unplaced]:
    """The terminals whose ratings or services are in no figure before somebody enters their station, by name."""
    found: dict[str, Unplaced] = {}
    for row in await connection.execute(_strays(_r.device, _r.place, _r.station, _r.at)):
        found[row.device] = Unplaced(row.device, row.n, 0, row.since)
    for row in await connection.execute(_strays(_s.device, _s.place, _s.station, _s.closed_at)):
        known = found.get(row.device, Unplaced(row.device, 0, 0, row.since))
        found[row.device] = known._replace(services=row.n, since=min(known.since, row.since))
    return [found[device] for device in sorted(found)]


def _strays(device: Column[Any], place: Column[Any], station: Column[Any], at: Column[Any]) -> Select[Any]:
    query = select(device, func.count().label("n"), func.min(at).label("since"))
    return query.where(place.is_(None), station == "", device.is_not(None)).group_by(device)
