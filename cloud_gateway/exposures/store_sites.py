"""Reads and writes what insurance and inspection know of sites: outlines, codes, insured value, risk and claims."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.model import Place, Vulnerability
from cloud_gateway.exposures.tables import claim, hazard_event, site_risk
from cloud_gateway.sites.outline import read_outline
from cloud_gateway.sites.store import Site
from cloud_gateway.sites.tables import site_retirement
from cloud_gateway.tables import site

#: So many values in one statement: SQLite has a limit.
BATCH = 500
FIVE_YEARS_MS = 5 * 365 * 86_400_000 + 86_400_000


@dataclass(frozen=True)
class Risk:
    """One site's insurance facts. `outline` is a GeoJSON geometry in WGS-84, "" for a site that is a point."""

    outline: str = ""
    geocodes: tuple[tuple[str, str], ...] = ()
    insured_minor: int = 0
    currency: str = "CNY"
    water_sensitive: bool = False
    low_ground: bool = False
    poor_drainage: bool = False
    open_rectifications: int = 0


@dataclass(frozen=True)
class Claim:
    """A loss that was claimed and paid: `at` in ms UTC, `amount_minor` in minor units of `currency`.

    `id` is the insurer's, so that the same import twice is one claim.
    """

    id: str
    site: str
    hazard: str
    at: int
    amount_minor: int
    currency: str = "CNY"


@dataclass(frozen=True)
class Standing:
    """What ranks a site when a hazard comes."""

    vulnerability: Vulnerability
    insured_minor: int
    currency: str


async def list_places(connection: AsyncConnection, now: int) -> list[Place]:
    """All sites that are matched at `now` (ms UTC), as matching sees them, by code."""
    columns = (site.c.id, site.c.code, site.c.latitude, site.c.longitude, site_risk.c.outline, site_risk.c.geocodes)
    query = select(*columns).outerjoin(site_risk, site_risk.c.site == site.c.id).order_by(site.c.code)
    gone = exists().where(site_retirement.c.site == site.c.id, _is_gone(now))
    query = query.where(~gone)
    return [
        Place(row.id, row.code, row.latitude, row.longitude, read_outline(row.outline or ""), _pairs(row.geocodes))
        for row in await connection.execute(query)
    ]


def _is_gone(now: int) -> ColumnElement[bool]:
    """Of a retirement: its time has come. A site with an open event waits: else that would end as if all were clear."""
    is_open = exists().where(hazard_event.c.site == site_retirement.c.site, hazard_event.c.closed_at.is_(None))
    return (site_retirement.c.at <= now) & ~is_open


async def places_mark(connection: AsyncConnection, now: int) -> tuple[int, int, int, int]:
    """Differs whenever `list_places` does: a matcher keeps its index while the mark is the same."""
    sites = await connection.scalar(select(func.count()).select_from(site))
    query = select(func.count(), func.coalesce(func.max(site_risk.c.changed_at), 0)).select_from(site_risk)
    risks, changed_at = (await connection.execute(query)).one()
    gone = await connection.scalar(select(func.count()).select_from(site_retirement).where(_is_gone(now)))
    return int(sites or 0), int(risks), int(changed_at), int(gone or 0)


async def find_risk(connection: AsyncConnection, site_id: str) -> Risk | None:
    """The facts of one site; None when nothing was ever entered."""
    row = (await connection.execute(select(site_risk).where(site_risk.c.site == site_id))).mappings().first()
    return None if row is None else _risk(row)


async def put_risk(connection: AsyncConnection, site_id: str, risk: Risk, now: int) -> None:
    """Put the facts of one site in place of what was known; the same again changes nothing."""
    if await find_risk(connection, site_id) != risk:
        await _write_risks(connection, [(site_id, risk)], now)


async def find_portfolio(connection: AsyncConnection, codes: Iterable[str]) -> dict[str, tuple[Site, Risk]]:
    """Sites and their facts by code, as far as they are known."""
    known: dict[str, tuple[Site, Risk]] = {}
    for part in _parts(codes):
        query = select(site).where(site.c.code.in_(part))
        sites = [Site(**row) for row in (await connection.execute(query)).mappings()]
        risks = select(site_risk).where(site_risk.c.site.in_([s.id for s in sites]))
        facts = {row["site"]: _risk(row) for row in (await connection.execute(risks)).mappings()}
        known |= {s.code: (s, facts.get(s.id, Risk())) for s in sites}
    return known


async def write_portfolio(
    connection: AsyncConnection, new: Sequence[tuple[Site, Risk]], changed: Sequence[tuple[Site, Risk]], now: int
) -> None:
    """Enter new sites and replace changed ones, with their facts."""
    if new:
        await connection.execute(insert(site), [vars(s) for s, _ in new])
    for s, _ in changed:
        await connection.execute(update(site).where(site.c.id == s.id).values(**vars(s)))
    await _write_risks(connection, [(s.id, risk) for s, risk in (*new, *changed)], now)


async def put_claims(connection: AsyncConnection, claims: Sequence[Claim]) -> None:
    """Enter claims; one that is known by its id is replaced."""
    statement = insert(claim)
    kept = {name: statement.excluded[name] for name in ("site", "hazard", "at", "amount_minor", "currency")}
    if claims:
        replacing = statement.on_conflict_do_update(index_elements=["id"], set_=kept)
        await connection.execute(replacing, [vars(one) for one in claims])


async def find_claims(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Claim]:
    """Claims by id, as far as they are known."""
    known: dict[str, Claim] = {}
    for part in _parts(ids):
        rows = (await connection.execute(select(claim).where(claim.c.id.in_(part)))).mappings()
        known |= {row["id"]: Claim(**row) for row in rows}
    return known


async def standings(
    connection: AsyncConnection, sites: Collection[str], hazards: Collection[str], now: int
) -> Mapping[str, Standing]:
    """What ranks each of these sites (ids); claims of these hazards in the five years before `now` (ms UTC) count."""
    found: dict[str, Standing] = {}
    for part in _parts(sites):
        risks = select(site_risk).where(site_risk.c.site.in_(part))
        facts = {row["site"]: _risk(row) for row in (await connection.execute(risks)).mappings()}
        claims = await _count_claims(connection, part, hazards, now)
        found |= {one: _standing(facts.get(one, Risk()), claims.get(one, {})) for one in part}
    return found


class _Paid(NamedTuple):
    """How many claims, and how much was paid for them, in minor units of one currency."""

    claims: int
    minor: int


async def _count_claims(
    connection: AsyncConnection, sites: Sequence[str], hazards: Collection[str], now: int
) -> dict[str, dict[str, _Paid]]:
    """By site and currency."""
    recent = (claim.c.at > now - FIVE_YEARS_MS) & (claim.c.at <= now)
    wanted = claim.c.site.in_(sites) & claim.c.hazard.in_(list(hazards)) & recent
    sums = (func.count().label("claims"), func.sum(claim.c.amount_minor).label("minor"))
    query = select(claim.c.site, claim.c.currency, *sums).where(wanted).group_by(claim.c.site, claim.c.currency)
    found: dict[str, dict[str, _Paid]] = defaultdict(dict)
    for row in await connection.execute(query):
        found[row.site][row.currency] = _Paid(row.claims, row.minor)
    return found


async def _write_risks(connection: AsyncConnection, risks: Sequence[tuple[str, Risk]], now: int) -> None:
    """`changed_at` always grows, so that a matcher sees two changes of one millisecond."""
    newest = await connection.scalar(select(func.max(site_risk.c.changed_at)))
    changed_at = max(now, (newest or 0) + 1)
    rows = [
        {**vars(risk), "site": one, "geocodes": json.dumps(risk.geocodes), "changed_at": changed_at}
        for one, risk in risks
    ]
    statement = insert(site_risk)
    kept = {column.name: statement.excluded[column.name] for column in site_risk.c if column.name != "site"}
    if rows:
        await connection.execute(statement.on_conflict_do_update(index_elements=["site"], set_=kept), rows)


def _standing(risk: Risk, paid: Mapping[str, _Paid]) -> Standing:
    """Claims in another currency than the insured value's count, but not how much was paid for them."""
    claims = sum(one.claims for one in paid.values())
    own_minor = paid.get(risk.currency, _Paid(0, 0)).minor
    facts = (risk.water_sensitive, risk.low_ground, risk.poor_drainage, risk.open_rectifications)
    return Standing(Vulnerability(claims, *facts, own_minor), risk.insured_minor, risk.currency)


def _risk(row: RowMapping) -> Risk:
    facts = {name: row[name] for name in Risk.__dataclass_fields__ if name != "geocodes"}
    return Risk(geocodes=_pairs(row["geocodes"]), **facts)


def _pairs(text: str | None) -> tuple[tuple[str, str], ...]:
    return tuple((scheme, code) for scheme, code in json.loads(text or "[]"))


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(values)
    while part := list(islice(rest, BATCH)):
        yield part
