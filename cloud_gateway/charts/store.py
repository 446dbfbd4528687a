"""Reads what charts need beside values: where devices stood, and which streams there are to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.devices.store import Stream
from cloud_gateway.tables import device, placement, site, stream
from edge_agent.web.paging import Time

#: Streams in the list to choose from; others are reached by typing their name.
MOST_CHOICES = 5000


@dataclass(frozen=True)
class Placement:
    """A device stood at a site (code) from `since` until `until`; null: it still does. `zone`: the site's, IANA."""

    device: str
    site: str
    zone: str
    since: Time
    until: Time | None


async def placements_between(
    connection: AsyncConnection, devices: Sequence[str], start: int, end: int
) -> list[Placement]:
    """Placements of the devices that touch start <= at < end, by device and beginning."""
    query = (
        select(placement.c.device, site.c.code.label("site"), site.c.zone, placement.c.since, placement.c.until)
        .join(site, site.c.id == placement.c.site)
        .where(placement.c.device.in_(devices), placement.c.since < end)
        .where(or_(placement.c.until.is_(None), placement.c.until > start))
        .order_by(placement.c.device, placement.c.since)
    )
    return [Placement(**row) for row in (await connection.execute(query)).mappings()]


async def list_choices(connection: AsyncConnection) -> list[Stream]:
    """The streams that can be chosen, by device and name; no more than a page can hold."""
    query = select(stream).order_by(stream.c.device, stream.c.name).limit(MOST_CHOICES)
    rows = (await connection.execute(query)).mappings()
    return [Stream(**{**row, "value": None}) for row in rows]


async def find_simulated(connection: AsyncConnection, devices: Sequence[str]) -> bool:
    """Whether one of the devices is simulated."""
    query = select(func.count()).where(device.c.id.in_(devices), device.c.simulated.is_(True))
    return bool(await connection.scalar(query))
