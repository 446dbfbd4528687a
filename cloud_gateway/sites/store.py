"""Insured sites and the dated placements of devices on them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.tables import placement, site


@dataclass(frozen=True)
class NewSite:
    """A site as it is entered; the position is WGS-84, `zone` an IANA name."""

    code: str
    name: str
    name_zh: str
    latitude: float
    longitude: float
    zone: str
    simulated: bool = False


@dataclass(frozen=True)
class Site:
    """An insured place."""

    id: str
    code: str
    name: str
    name_zh: str
    latitude: float
    longitude: float
    zone: str
    simulated: bool

    def as_entered(self) -> NewSite:
        """The same without its id."""
        return NewSite(**{name: getattr(self, name) for name in NewSite.__dataclass_fields__})


class SiteConflict(Exception):
    """Another site has this code."""


async def add_site(connection: AsyncConnection, new: NewSite) -> Site:
    """Enter a site; entering the same again changes nothing. Raises SiteConflict for other content."""
    if known := await find_site(connection, new.code):
        if known.as_entered() != new:
            raise SiteConflict(new.code)
        return known
    made = Site(id=str(uuid7()), **vars(new))
    await connection.execute(insert(site).values(**vars(made)))
    return made


async def find_site(connection: AsyncConnection, code: str) -> Site | None:
    """The site of that code."""
    row = (await connection.execute(select(site).where(site.c.code == code))).mappings().first()
    return None if row is None else Site(**row)


async def devices_at(connection: AsyncConnection, code: str) -> list[str]:
    """The ids of the devices that stand at the site now, in order."""
    here = select(placement.c.device).join(site, site.c.id == placement.c.site)
    query = here.where(site.c.code == code, placement.c.until.is_(None)).order_by(placement.c.device)
    return list(await connection.scalars(query))


async def list_sites(connection: AsyncConnection, after: str, limit: int) -> list[Site]:
    """Sites by code, above `after`."""
    query = select(site).where(site.c.code > after).order_by(site.c.code).limit(limit)
    return [Site(**row) for row in (await connection.execute(query)).mappings()]


async def place_device(connection: AsyncConnection, device: str, code: str, since: int) -> None:
    """Say that `device` stands at the site `code` from `since` (ms UTC, device time) on.

    Ends its earlier placement; the same again changes nothing. Raises LookupError without such a site.
    """
    where = await find_site(connection, code)
    if where is None:
        raise LookupError(f"there is no site {code!r}")
    standing = (placement.c.device == device) & placement.c.until.is_(None)
    now = (await connection.execute(select(placement).where(standing))).mappings().first()
    if now is not None and (now["site"] == where.id or now["since"] >= since):
        await _move(connection, device, now["since"], where.id)
        return
    await connection.execute(update(placement).where(standing).values(until=since))
    await connection.execute(insert(placement).values(device=device, site=where.id, since=since))


async def _move(connection: AsyncConnection, device: str, since: int, where: str) -> None:
    """Correct the placement that began at `since`."""
    key = (placement.c.device == device) & (placement.c.since == since)
    await connection.execute(update(placement).where(key).values(site=where))
