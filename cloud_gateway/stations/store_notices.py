"""Keeps the counter's part of each terminal's notice what stations, clerks and training say; ingest publishes it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.outreach.tables import notice
from cloud_gateway.ratings.model import BAD_UPTO
from cloud_gateway.ratings.tables import rating
from cloud_gateway.stations.badges import CALL_MS, make_calls, make_counter, write_counter
from cloud_gateway.stations.store import list_clerks, list_counters, list_stations
from cloud_gateway.stations.tables import clerk, station, terminal
from edge_agent.wire.messages import DutyCall

_n, _r, _s = notice.c, rating.c, station.c
_BAD = or_(*((_r.scale == scale) & (_r.score <= upto) for scale, upto in BAD_UPTO.items()))


async def counters_mark(connection: AsyncConnection, now: int) -> str:
    """A text that changes whenever the counters' notices may have to change, and with each minute."""
    stations = select(func.count(), func.max(_s.changed_at))
    places = select(func.count(), func.max(terminal.c.since), func.max(terminal.c.until))
    stars = select(func.max(clerk.c.star_day), func.sum(clerk.c.stars), func.sum(clerk.c.star_ratings))
    calls = select(func.count()).where(_BAD, _r.taken_at > now - CALL_MS)
    rows = [(await connection.execute(query)).one() for query in (stations, places, stars, calls)]
    return repr([now // 60_000, *(tuple(row) for row in rows)])


async def post_counters(connection: AsyncConnection, lapsed: Collection[str], days: int, now: int) -> int:
    """Write the notices that change; returns how many. `lapsed` are numbers of clerks, `days` those of star levels."""
    wanted = await _wanted(connection, lapsed, days, now)
    rows = await connection.execute(select(_n.device, _n.version, _n.counter))
    known = {row.device: (row.version, row.counter) for row in rows}
    has_one = {device for device, (_, counter) in known.items() if counter is not None}
    changed = 0
    for device in sorted(wanted.keys() | has_one):
        version, counter = known.get(device, (0, None))
        if wanted.get(device) != counter:
            await _write(connection, device, version + 1, wanted.get(device), now)
            changed += 1
    return changed


async def _write(c: AsyncConnection, device: str, version: int, counter: str | None, now: int) -> None:
    fresh = {"version": version, "counter": counter, "changed_at": now}
    statement = upsert(notice).values(device=device, entries="[]", said_version=0, **fresh)
    await c.execute(statement.on_conflict_do_update(index_elements=["device"], set_=fresh))


async def _wanted(c: AsyncConnection, lapsed: Collection[str], days: int, now: int) -> dict[str, str]:
    """The counter's part by device."""
    wanted: dict[str, str] = {}
    for one in await list_stations(c):
        clerks = await list_clerks(c, one.code)
        for counter in await list_counters(c, one.code):
            if counter.device is not None:
                wanted[counter.device] = write_counter(make_counter(counter, clerks, lapsed, days))
        if one.duty_device is not None:
            wanted[one.duty_device] = write_counter(make_calls(await _calls(c, one.code, now), now))
    return wanted


async def _calls(c: AsyncConnection, code: str, now: int) -> list[DutyCall]:
    query = select(_r.counter, _r.at).where(_BAD, _r.station == code, _r.taken_at > now - CALL_MS)
    return [DutyCall(row.counter, row.at) for row in await c.execute(query)]
