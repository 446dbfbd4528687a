"""What figures, star levels and flags are made of, from the tables; only what was released counts for figures."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.ratings.additions import Addition
from cloud_gateway.ratings.anomalies import Given, Press
from cloud_gateway.ratings.cells import Row, ServiceDay
from cloud_gateway.ratings.days import Period, local_minute
from cloud_gateway.ratings.stars import judge_stars
from cloud_gateway.ratings.store_publications import Released
from cloud_gateway.ratings.tables import figures_view, press, rating, rating_more, service
from cloud_gateway.stations.tables import clerk

_r, _s, _p, _k, _m = rating.c, service.c, press.c, clerk.c, rating_more.c
_ROW = (_r.channel, _r.scale, _r.score, _r.stage, _r.station, _r.counter, _r.clerk, _r.day, _r.wait_s)
_SERVICE = (_s.station, _s.counter, _s.clerk, _s.day, _s.invited, _s.answered, _s.why_not)
#: Presses and ratings that are looked through for flags.
MOST = 50_000


async def read_period_released(connection: AsyncConnection, period: Period) -> Released:
    """The released ratings and services of a period's local days."""
    days = (_r.day >= period.first, _r.day <= period.last, _r.place.is_not(None))
    rows = [Row(*row) for row in await connection.execute(select(*_ROW).where(*days))]
    days = (_s.day >= period.first, _s.day <= period.last, _s.place.is_not(None))
    query = select(*_SERVICE, func.count().label("n")).where(*days).group_by(*_SERVICE)
    return Released(rows, [_service_day(row) for row in await connection.execute(query)])


def _service_day(row: Sequence[object]) -> ServiceDay:
    station, counter, clerk_, day, invited, answered, why_not, n = row
    assert isinstance(n, int)
    missed = {} if invited else {str(why_not): n}
    return ServiceDay(
        str(station), str(counter), str(clerk_), str(day), n, n * bool(invited), n * bool(answered), missed
    )


async def read_additions(connection: AsyncConnection, period: Period) -> list[Addition]:
    """What customers have added to the released ratings of a period."""
    whose = (_r.channel, _r.scale, _r.stage, _r.station, _r.counter, _r.clerk)
    query = select(*whose, _m.settled, _m.recommend, _m.reasons).join(rating_more, _m.count == _r.count)
    query = query.where(_r.day >= period.first, _r.day <= period.last, _r.place.is_not(None))
    return [Addition(*row[:-1], json.loads(row.reasons)) for row in await connection.execute(query)]


async def count_unreleased(connection: AsyncConnection, period: Period) -> int:
    """How many ratings of a period wait for their batch."""
    days = (_r.day >= period.first, _r.day <= period.last, _r.place.is_(None))
    return int(await connection.scalar(select(func.count()).where(*days)) or 0)


async def read_presses(connection: AsyncConnection, station: str, zone: str, since: int, until: int) -> list[Press]:
    """The newest raw presses of a station in a time, ms UTC."""
    columns = (_p.at, _p.counter, _p.button, _p.counted, _p.reason, _p.present)
    query = select(*columns).where(_p.station == station, _p.at >= since, _p.at < until)
    rows = await connection.execute(query.order_by(_p.at.desc()).limit(MOST))
    return [Press(row.at, local_minute(row.at, zone), *row[1:]) for row in rows]


async def read_given(connection: AsyncConnection, station: str, period: Period) -> list[Given]:
    """The ratings at a station's counters, released ones."""
    columns = (_r.counter, _r.clerk, _r.scale, _r.score, _r.answered_ms)
    days = (_r.day >= period.first, _r.day <= period.last, _r.place.is_not(None))
    query = select(*columns).where(_r.station == station, _r.channel == "counter", *days, _r.answered_ms.is_not(None))
    return [Given(*row) for row in await connection.execute(query.limit(MOST))]


async def read_own(connection: AsyncConnection, number: str) -> list[list[tuple[int, int]]]:
    """A clerk's own released ratings (scale, score), entry by entry."""
    query = select(_r.place, _r.scale, _r.score).where(_r.clerk == number, _r.place.is_not(None)).order_by(_r.place)
    entries: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in await connection.execute(query):
        entries[row.place].append((row.scale, row.score))
    return list(entries.values())


async def renew_stars(connection: AsyncConnection, first: str, day: str) -> int:
    """Judge the clerks by their released ratings at counters from the day `first` on; returns how many changed."""
    rows = await connection.execute(select(_k.number, _k.stars, _k.star_ratings).where(~_k.gone))
    known = {row.number: (row.stars, row.star_ratings) for row in rows}
    counts = await _count_scores(connection, first)
    judged = judge_stars({number: stars for number, (stars, _) in known.items()}, counts)
    changed = {number: stars for number, stars in judged.items() if tuple(stars) != known[number]}
    for number, stars in changed.items():
        fresh = {"stars": stars.level, "star_ratings": stars.ratings, "star_day": day}
        await connection.execute(update(clerk).where(_k.number == number).values(**fresh))
    return len(changed)


async def _count_scores(c: AsyncConnection, first: str) -> dict[int, dict[str, list[int]]]:
    """By scale and clerk, by score from 1 on."""
    query = select(_r.scale, _r.clerk, _r.score, func.count().label("n"))
    query = query.where(_r.channel == "counter", _r.clerk != "", _r.day >= first, _r.place.is_not(None))
    counts: dict[int, dict[str, list[int]]] = defaultdict(dict)
    for row in await c.execute(query.group_by(_r.scale, _r.clerk, _r.score)):
        counts[row.scale].setdefault(row.clerk, [0] * row.scale)[row.score - 1] = row.n
    return counts


async def note_view(connection: AsyncConnection, who: str, what: str, now: int) -> None:
    """Write down that a regulator looks at something, before it is shown."""
    await connection.execute(insert(figures_view).values(at=now, who=who, what=what))


async def list_views(connection: AsyncConnection, before: int, limit: int) -> list[tuple[int, int, str, str]]:
    """(id, at, who, what) of views with an id below `before`, the newest first."""
    v = figures_view.c
    query = select(v.id, v.at, v.who, v.what).where(v.id < before).order_by(v.id.desc()).limit(limit)
    return [(row.id, row.at, row.who, row.what) for row in await connection.execute(query)]
