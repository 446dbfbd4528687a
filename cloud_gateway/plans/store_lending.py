"""Reads what the page of the flood network shows: open events to ask for, and requests with partner, place and log."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.plans.network import HOLDING, Kind, RequestState
from cloud_gateway.plans.store_network import Word
from cloud_gateway.plans.tables import partner, resource, resource_log, resource_request
from cloud_gateway.sites.store import Site
from cloud_gateway.tables import site


@dataclass(frozen=True)
class OpenEvent:
    """A hazard event that is not over, by its site's code."""

    id: str
    code: str
    hazard: str
    simulated: bool


@dataclass(frozen=True)
class Lending:
    """A request, who lends what to which site, and every word on it, oldest first."""

    id: str
    event: str
    state: RequestState
    kind: Kind
    count: int
    partner: str
    phone: str
    site: Site
    words: tuple[Word, ...]


async def open_events(connection: AsyncConnection, most: int) -> list[OpenEvent]:
    """Hazard events that are not over, the gravest first."""
    columns = (hazard_event.c.id, site.c.code, hazard_event.c.hazard, hazard_event.c.simulated)
    query = select(*columns).join(site, site.c.id == hazard_event.c.site).where(hazard_event.c.closed_at.is_(None))
    query = query.order_by(hazard_event.c.level.desc(), hazard_event.c.priority.desc()).limit(most)
    return [OpenEvent(*row) for row in await connection.execute(query)]


async def list_lendings(connection: AsyncConnection, most: int) -> list[Lending]:
    """Requests: those that hold something first, then the newest."""
    request = resource_request.c
    whose = (resource.c.kind, partner.c.name, partner.c.phone)
    query = select(request.id, request.event, request.state, request.site, request.count.label("so_many"), *whose)
    query = query.join(resource, resource.c.id == request.resource).join(partner, partner.c.id == resource.c.partner)
    order = (request.state.in_(HOLDING).desc(), request.at.desc(), request.id.desc())
    rows = (await connection.execute(query.order_by(*order).limit(most))).mappings().all()
    known = (await connection.execute(select(site).where(site.c.id.in_({row["site"] for row in rows})))).mappings()
    sites = {row["id"]: Site(**row) for row in known}
    words = await _words(connection, [row["id"] for row in rows])
    return [
        Lending(
            id=row["id"],
            event=row["event"],
            state=RequestState(row["state"]),
            kind=Kind(row["kind"]),
            count=row["so_many"],
            partner=row["name"],
            phone=row["phone"],
            site=sites[row["site"]],
            words=tuple(words[row["id"]]),
        )
        for row in rows
    ]


async def _words(connection: AsyncConnection, requests: list[str]) -> dict[str, list[Word]]:
    """The logs of requests by their id."""
    query = select(resource_log).where(resource_log.c.request.in_(requests)).order_by(resource_log.c.number)
    found: dict[str, list[Word]] = defaultdict(list)
    for row in (await connection.execute(query)).mappings():
        word = Word(row["number"], row["at"], row["by"], RequestState(row["state"]), row["note"])
        found[row["request"]].append(word)
    return found
