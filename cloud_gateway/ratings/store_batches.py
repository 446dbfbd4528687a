"""Releases ratings and services: their entries in the evidence log, in the transaction that marks them as released."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.store import append
from cloud_gateway.ratings.batches import (
    Cell,
    Served,
    Waiting,
    choose_batches,
    count_entry,
    find_ripe,
    service_entries,
    too_old,
)
from cloud_gateway.ratings.tables import rating, service

_r, _s = rating.c, service.c
#: A terminal that nobody has entered: what it said waits until somebody does.
_PLACED = or_(_r.station != "", _r.device.is_(None))
_WAITS = and_(_r.place.is_(None), _PLACED)
_OVER = and_(_s.place.is_(None), _s.station != "", _s.due_at <= bindparam("now"))


async def has_due(connection: AsyncConnection, k: int, days: int, now: int) -> bool:
    """Whether anything is to be released; `days` as in `release_due`."""
    old = select(_r.count).where(_WAITS, _r.due_at <= too_old(now, days)).limit(1)
    over = select(_s.window).where(_OVER).limit(1)
    for query in (old, over):
        if (await connection.execute(query, {"now": now})).first() is not None:
            return True
    return bool(find_ripe(await _count_cells(connection), k))


async def _count_cells(c: AsyncConnection) -> dict[Cell, int]:
    columns = [_r[name] for name in Cell._fields]
    rows = await c.execute(select(*columns, func.count().label("n")).where(_WAITS).group_by(*columns))
    return {Cell(*row[:-1]): row.n for row in rows}


async def release_due(connection: AsyncConnection, k: int, days: int, now: int) -> int:
    """Release what is due, ratings alone once they have waited `days` after theirs; returns how many entries."""
    return await _release_ratings(connection, k, too_old(now, days), now) + await _release_services(connection, now)


async def _release_ratings(c: AsyncConnection, k: int, old: int, now: int) -> int:
    names = [_r.count, *(_r[name] for name in Waiting._fields[1:])]
    waiting = [Waiting(*row) for row in await c.execute(select(*names).where(_WAITS))]
    batches = choose_batches(waiting, k, old)
    places = await append(c, [count_entry(batch) for batch in batches], now)
    marks = [
        {"b_count": one.id, "b_place": place} for place, batch in zip(places, batches, strict=True) for one in batch
    ]
    if marks:
        await c.execute(
            update(rating).where(_r.count == bindparam("b_count")).values(place=bindparam("b_place")), marks
        )
    return len(batches)


async def _release_services(c: AsyncConnection, now: int) -> int:
    rows = await c.execute(select(*(_s[name] for name in Served._fields)).where(_OVER), {"now": now})
    entries = service_entries([Served(*row) for row in rows])
    places = await append(c, list(entries.values()), now)
    await _mark_services(c, list(entries), places, now)
    return len(places)


async def _mark_services(
    c: AsyncConnection, keys: Sequence[tuple[str, str, str, str]], places: Sequence[int], now: int
) -> None:
    marks = [
        {"a": key[0], "b": key[1], "d": key[2], "e": key[3], "b_place": place, "now": now}
        for key, place in zip(keys, places, strict=True)
    ]
    these = [
        column == bindparam(name)
        for column, name in zip((_s.station, _s.counter, _s.clerk, _s.day), "abde", strict=True)
    ]
    if marks:
        await c.execute(update(service).where(_OVER, *these).values(place=bindparam("b_place")), marks)
