"""Lists sites for people, writes a changed site with who changed it, and retires sites."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, or_, select
from sqlalchemy.dialects.sqlite import insert as insert_or_update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.exposures.store_sites import Risk, find_portfolio, write_portfolio
from cloud_gateway.exposures.tables import hazard_event, site_risk
from cloud_gateway.sites.changes import Changed, Facts, compare_facts
from cloud_gateway.sites.store import Site
from cloud_gateway.sites.tables import site_change, site_retirement
from cloud_gateway.tables import site
from cloud_gateway.warnings.model import Level


@dataclass(frozen=True)
class Author:
    """Who changes a site; `staff` is None and the name empty for an import from the command line."""

    staff: str | None
    name: str


IMPORT = Author(None, "")


@dataclass(frozen=True)
class Entered:
    """One entry of a site's history; `by` is "" for an import."""

    at: int
    by: str
    fields: tuple[Changed, ...]


@dataclass(frozen=True)
class Listed:
    """A site in the list; `level` is the gravest of its open events, None without any."""

    site: Site
    insured_minor: int
    currency: str
    geocodes: tuple[tuple[str, str], ...]
    level: Level | None
    retired_at: int | None


async def find_facts(connection: AsyncConnection, code: str) -> Facts | None:
    """All that can be changed of a site; None without such a site."""
    known = (await find_portfolio(connection, [code])).get(code)
    if known is None:
        return None
    where, risk = known
    retired_at = await connection.scalar(select(site_retirement.c.at).where(site_retirement.c.site == where.id))
    return Facts(where.as_entered(), risk, retired_at)


async def write_facts(
    connection: AsyncConnection, before: Facts | None, after: Facts, author: Author, now: int
) -> tuple[Changed, ...]:
    """Put `after` in the place of `before` (None: a new site) and keep what changed; gives the changed fields."""
    changed = compare_facts(before, after)
    if not changed:
        return ()
    id_ = str(uuid7()) if before is None else await _id_of(connection, after.site.code)
    pair = (Site(id=id_, **vars(after.site)), after.risk)
    await write_portfolio(connection, [pair] if before is None else [], [] if before is None else [pair], now)
    await _retire(connection, id_, after.retired_at)
    await note_changes(connection, [(id_, changed)], author, now)
    return changed


async def note_difference(
    connection: AsyncConnection, before: Facts | None, code: str, author: Author, now: int
) -> None:
    """Keep how a site differs from what it was before the writes of this transaction."""
    after = await find_facts(connection, code)
    if after is not None:
        await note_changes(connection, [(await _id_of(connection, code), compare_facts(before, after))], author, now)


async def note_changes(
    connection: AsyncConnection, changes: Iterable[tuple[str, Sequence[Changed]]], author: Author, now: int
) -> None:
    """Keep what somebody changed of sites (ids)."""
    by = {"at": now, "staff": author.staff, "name": author.name}
    rows = [by | {"site": one, "fields": json.dumps(changed)} for one, changed in changes if changed]
    if rows:
        await connection.execute(insert(site_change), rows)


async def list_changes(connection: AsyncConnection, site_id: str, most: int) -> list[Entered]:
    """The newest changes of a site first."""
    query = select(site_change).where(site_change.c.site == site_id).order_by(site_change.c.id.desc()).limit(most)
    rows = await connection.execute(query)
    return [Entered(row.at, row.name, tuple(Changed(*one) for one in json.loads(row.fields))) for row in rows]


async def find_retirement(connection: AsyncConnection, site_id: str) -> int | None:
    """From when on a site is not matched, ms UTC."""
    return await connection.scalar(select(site_retirement.c.at).where(site_retirement.c.site == site_id))


async def retired_sites(connection: AsyncConnection, now: int) -> set[str]:
    """The ids of the sites that are retired at `now`."""
    return set(await connection.scalars(select(site_retirement.c.site).where(site_retirement.c.at <= now)))


async def search_sites(connection: AsyncConnection, words: str, after: str, most: int) -> list[Listed]:
    """Sites by code, above `after`, whose code, names or administrative codes hold `words`; "" lists all."""
    rows = await connection.execute(_listing(words).where(site.c.code > after).order_by(site.c.code).limit(most))
    return [_listed(row) for row in rows]


async def count_sites(connection: AsyncConnection, words: str) -> int:
    """How many sites a search finds."""
    query = select(func.count()).select_from(site).outerjoin(site_risk, site_risk.c.site == site.c.id)
    return await connection.scalar(query.where(_matches(words))) or 0


def _listing(words: str) -> Select[Any]:
    here = (hazard_event.c.site == site.c.id) & hazard_event.c.closed_at.is_(None)
    level = select(func.max(hazard_event.c.level)).where(here).scalar_subquery().label("event_level")
    facts = (site_risk.c.insured_minor, site_risk.c.currency, site_risk.c.geocodes)
    query = select(site, *facts, level, site_retirement.c.at.label("retired_at"))
    query = query.outerjoin(site_risk, site_risk.c.site == site.c.id)
    return query.outerjoin(site_retirement, site_retirement.c.site == site.c.id).where(_matches(words))


def _matches(words: str) -> Any:
    columns = (site.c.code, site.c.name, site.c.name_zh, site_risk.c.geocodes)
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


def _listed(row: Row[Any]) -> Listed:
    known = {name: row._mapping[name] for name in Site.__dataclass_fields__}
    return Listed(
        site=Site(**known),
        insured_minor=row.insured_minor or 0,
        currency=row.currency or Risk().currency,
        geocodes=tuple((scheme, code) for scheme, code in json.loads(row.geocodes or "[]")),
        level=None if row.event_level is None else Level(row.event_level),
        retired_at=row.retired_at,
    )


async def _id_of(connection: AsyncConnection, code: str) -> str:
    return str(await connection.scalar(select(site.c.id).where(site.c.code == code)))


async def _retire(connection: AsyncConnection, site_id: str, at: int | None) -> None:
    if at is None:
        await connection.execute(delete(site_retirement).where(site_retirement.c.site == site_id))
        return
    statement = insert_or_update(site_retirement).values(site=site_id, at=at)
    await connection.execute(statement.on_conflict_do_update(index_elements=["site"], set_={"at": at}))
