"""The API of service stations, their counters and clerks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request

from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.ratings.desk import Onlooker
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.stations import store
from cloud_gateway.stations.entries import StationEntry, clock_of
from cloud_gateway.stations.store import EntryRefused, Station
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _
from edge_agent.wire.shared_keys import read_shared_key
from edge_agent.wire.tls import CredentialError

router = APIRouter(tags=["stations"])
writers = Depends(require_role(Role.ADMINISTRATOR, Role.OPERATIONS, Role.COUNTER_MANAGER))


@dataclass(frozen=True)
class CounterView:
    """A counter, and the terminal that stands there now."""

    number: str
    name: str
    name_zh: str
    device: str | None


@dataclass(frozen=True)
class ClerkView:
    """A clerk as customers see him, and what he lacks for a badge. `stars` null: too few ratings for a level."""

    number: str
    name: str
    has_card: bool
    has_photo: bool
    gone: bool
    stars: int | None
    star_ratings: int


@dataclass(frozen=True)
class StationView:
    """A station; `opens` and `closes` HH:MM in its zone."""

    code: str
    name: str
    name_zh: str
    zone: str
    opens: str
    closes: str
    duty_device: str | None
    counter: list[CounterView]
    clerk: list[ClerkView]


@router.get("/stations")
async def list_stations(request: Request, _who: Onlooker, after: After = None, limit: Limit = 100) -> Page[StationView]:
    """Service stations by code."""
    key = decode_cursor(after, str) or [""]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_stations(connection, str(key[0]), limit + 1)
        views = [await _view(connection, row) for row in rows]
    return make_page(views, limit, lambda one: [one.code])


@router.get("/stations/{code}")
async def show_station(request: Request, _who: Onlooker, code: str) -> StationView:
    """One station."""
    async with reading(gateway_of(request).engine) as connection:
        return await _view(connection, await find(connection, code))


@router.put("/stations/{code}", dependencies=[writers])
async def put_station(request: Request, code: str, entry: StationEntry) -> StationView:
    """Enter a station with its counters and clerks, or what is new of it. The same again changes nothing."""
    if entry.code != code:
        raise invalid("code", "the address names another station")
    card_key = await _card_key(request) if any(person.card for person in entry.clerk) else None
    try:
        async with transaction(gateway_of(request).engine) as connection:
            await store.put_station(connection, entry, now_ms(), card_key)
            return await _view(connection, await find(connection, code))
    except EntryRefused as exc:
        remedy = _("Change it there first, or give another one here.")
        raise Problem(409, "taken", _("It belongs to another station or clerk."), remedy, exc.field, str(exc)) from exc


async def find(connection: Connection, code: str) -> Station:
    """The station of that code. Raises Problem 404."""
    known = await store.find_station(connection, code)
    if known is None:
        raise Problem(404, "no_station", _("There is no such station."), _("Look at the list of stations."), "code")
    return known


async def _card_key(request: Request) -> bytes:
    """Raises Problem 503 where the key is not named, or cannot be used."""
    file = gateway_of(request).settings.ratings.card_key_file
    remedy = _("Name ratings.card_key_file in the gateway's settings.")
    problem = Problem(
        503, "no_card_key", _("Cards cannot be entered: the key that they are known by is missing."), remedy
    )
    if file is None:
        raise problem
    try:
        return await asyncio.to_thread(read_shared_key, file)
    except CredentialError as exc:
        problem.detail = str(exc)
        raise problem from exc


async def _view(connection: Connection, known: Station) -> StationView:
    counters = await store.list_counters(connection, known.code)
    clerks = await store.list_clerks(connection, known.code)
    return StationView(
        code=known.code,
        name=known.name,
        name_zh=known.name_zh,
        zone=known.zone,
        opens=clock_of(known.opens),
        closes=clock_of(known.closes),
        duty_device=known.duty_device,
        counter=[CounterView(*one) for one in counters],
        clerk=[
            ClerkView(one.number, one.name, bool(one.card), bool(one.photo), one.gone, one.stars, one.star_ratings)
            for one in clerks
        ],
    )
