"""Reads what the pages and the API show of figures: one look at the database for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.ratings import store_figures
from cloud_gateway.ratings.anomalies import Flag, find_anomalies
from cloud_gateway.ratings.cells import Place
from cloud_gateway.ratings.days import Period
from cloud_gateway.ratings.overview import (
    FigureTable,
    ServedFigure,
    compose_figures,
    compose_unrated,
    own_counts,
)
from cloud_gateway.ratings.store_publications import Edition, list_editions
from cloud_gateway.ratings.store_unplaced import Unplaced, list_unplaced
from cloud_gateway.stations.store import Clerk, Station, find_clerk_of, list_clerks, list_stations
from edge_agent.web.times import EPOCH, MILLISECOND, find_zone

#: Editions that are shown.
EDITIONS = 20


@dataclass(frozen=True)
class Seen:
    """Everything that is shown of a period. `flags` by station code; `waiting` ratings are in no figure yet.

    `apart` is the clerk whose own ratings and services are left out, because he is the one who looks; else empty.
    """

    tables: list[FigureTable]
    unrated: list[tuple[Place, ServedFigure]]
    waiting: int
    flags: dict[str, list[Flag]]
    stations: dict[str, Station]
    clerks: dict[str, Clerk]
    editions: list[Edition]
    unplaced: list[Unplaced]
    apart: str


@dataclass(frozen=True)
class Own:
    """A clerk and what he may see of his own ratings: counts by scale."""

    clerk: Clerk
    counts: dict[int, list[int]]


async def read_figures(connection: AsyncConnection, period: Period, k: int, staff: str) -> Seen:
    """The figures and flags of a period for a member of staff; what fewer than `k` of a cell's customers added is out.

    Whoever is a clerk sees them without his own: he would find single ratings by comparing periods.
    """
    looks = await find_clerk_of(connection, staff)
    apart = "" if looks is None else looks.number
    released = await store_figures.read_period_released(connection, period)
    if apart:
        released = released.without(apart)
    added = [one for one in await store_figures.read_additions(connection, period) if not apart or one.clerk != apart]
    stations = {one.code: one for one in await list_stations(connection)}
    flags = {code: await _read_flags(connection, one, period, apart) for code, one in stations.items()}
    return Seen(
        compose_figures(released.rows, released.services, added, k),
        compose_unrated(released.rows, released.services),
        await store_figures.count_unreleased(connection, period),
        {code: found for code, found in flags.items() if found},
        stations,
        {one.number: one for one in await list_clerks(connection)},
        await list_editions(connection, EDITIONS),
        await list_unplaced(connection),
        apart,
    )


async def read_own(connection: AsyncConnection, staff: str, k: int) -> Own | None:
    """What a member of staff may see as the clerk whose sign-in it is."""
    clerk = await find_clerk_of(connection, staff)
    if clerk is None:
        return None
    return Own(clerk, own_counts(await store_figures.read_own(connection, clerk.number), k))


async def _read_flags(connection: AsyncConnection, station: Station, period: Period, apart: str) -> list[Flag]:
    since = _begin(period.first, station.zone)
    until = _begin((date.fromisoformat(period.last) + timedelta(days=1)).isoformat(), station.zone)
    presses = await store_figures.read_presses(connection, station.code, station.zone, since, until)
    given = await store_figures.read_given(connection, station.code, period)
    others = [one for one in given if not apart or one.clerk != apart]
    return find_anomalies(presses, others, station.opens, station.closes)


def _begin(day: str, zone: str) -> int:
    """When a local day begins, ms UTC."""
    return (datetime.combine(date.fromisoformat(day), time.min, find_zone(zone)) - EPOCH) // MILLISECOND
