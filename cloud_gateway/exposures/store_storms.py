"""Reads and writes which sites the winds of storms reach, by the newest advisory of each storm and source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import RowMapping, bindparam, null, or_, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.exposures.model import Exposure, StormTouch, Sure, Why
from cloud_gateway.exposures.tables import storm_exposure
from cloud_gateway.exposures.views import StormExposureView
from cloud_gateway.warnings.model import Level
from cloud_gateway.warnings.tables import storm_track
from cloud_gateway.warnings.tracks import Track

BATCH = 500
_e = storm_exposure.c


class UnsettledTrack(NamedTuple):
    """An advisory whose sites are to be matched; one that is superseded reaches none any more."""

    id: str
    track: Track
    is_superseded: bool


async def find_unsettled_tracks(connection: AsyncConnection, now: int) -> list[UnsettledTrack]:
    """New advisories, superseded ones and those whose time has come."""
    s = storm_track.c
    query = select(s.id, s.parsed, s.superseded_at).where(s.settle_at <= now).order_by(s.id)
    return [
        UnsettledTrack(row.id, msgspec.json.decode(row.parsed, type=Track), row.superseded_at is not None)
        for row in await connection.execute(query)
    ]


async def mark_tracks_settled(connection: AsyncConnection, moments: Mapping[str, tuple[bool, int | None]]) -> None:
    """Say when the sites of each advisory are next looked at, unless it was superseded meanwhile."""
    s = storm_track.c
    for id_, (was_superseded, at) in moments.items():
        same = s.superseded_at.is_not(None) if was_superseded else s.superseded_at.is_(None)
        values = {"settle_at": null() if at is None else at}
        await connection.execute(update(storm_track).where(s.id == id_, same).values(values))


async def load_storm_touches(connection: AsyncConnection, id_: str) -> dict[str, StormTouch]:
    """The sites that an advisory reached when it was last matched."""
    query = select(storm_exposure).where(_e.track == id_, _e.until.is_(None))
    return {row["site"]: touch_of(row) for row in (await connection.execute(query)).mappings()}


async def write_storm_touches(
    connection: AsyncConnection, id_: str, touches: Sequence[StormTouch], gone: Sequence[str], now: int
) -> None:
    """Put new and changed ones in place, and end those that are gone; `since` is when it was first said."""
    if touches:
        statement = upsert(storm_exposure)
        kept = {c.name: statement.excluded[c.name] for c in _e if c.name not in {"track", "site", "since"}}
        replacing = statement.on_conflict_do_update(index_elements=["track", "site"], set_=kept)
        await connection.execute(replacing, [_row(id_, touch, now) for touch in touches])
    if gone:
        here = (_e.track == bindparam("w")) & (_e.site == bindparam("s")) & _e.until.is_(None)
        ending = update(storm_exposure).where(here).values(until=now)
        await connection.execute(ending, [{"w": id_, "s": site} for site in gone])


async def storms_at(connection: AsyncConnection, sites: Collection[str]) -> dict[tuple[str, bool], list[StormTouch]]:
    """What the newest advisories say of these sites, by site and whether it is simulated."""
    found: dict[tuple[str, bool], list[StormTouch]] = defaultdict(list)
    ordered = sorted(sites)
    simulated = or_(storm_track.c.simulated, t.site.c.simulated).label("simulated")
    query = (
        select(storm_exposure, simulated)
        .join(storm_track, storm_track.c.id == _e.track)
        .join(t.site, t.site.c.id == _e.site)
        .where(_e.until.is_(None))
    )
    for start in range(0, len(ordered), BATCH):
        part = query.where(_e.site.in_(ordered[start : start + BATCH]))
        for row in (await connection.execute(part)).mappings():
            found[row["site"], bool(row["simulated"])].append(touch_of(row))
    return found


async def list_storm_exposures(
    connection: AsyncConnection, open_only: bool, site: str | None, before: Sequence[str | int] | None, limit: int
) -> list[StormExposureView]:
    """Sites within storms' winds, those of the newest advisory first, after the one with key `before` (track, site).

    `site` is a site's code.
    """
    key = (_e.track, t.site.c.code)
    s = storm_track.c
    facts = (s.storm, s.name, s.technique, s.source, s.issued)
    query = (
        select(storm_exposure, t.site.c.code, *facts, or_(s.simulated, t.site.c.simulated).label("simulated"))
        .join(storm_track, s.id == _e.track)
        .join(t.site, t.site.c.id == _e.site)
        .order_by(*(part.desc() for part in key))
        .limit(limit)
    )
    if open_only:
        query = query.where(_e.until.is_(None))
    if site is not None:
        query = query.where(t.site.c.code == site)
    if before is not None:
        query = query.where(tuple_(*key) < tuple(before))
    return [_view(row) for row in (await connection.execute(query)).mappings()]


def _view(row: RowMapping) -> StormExposureView:
    known = {name: row[name] for name in StormExposureView.__dataclass_fields__ if name not in {"site", "simulated"}}
    return StormExposureView(site=row["code"], simulated=bool(row["simulated"]), **known)


def touch_of(row: RowMapping) -> StormTouch:
    """A touch from its row."""
    facts = (Sure(row["sure"]), Level(row["level"]), row["detail"], row["distance_m"])
    exposed = Exposure(row["site"], Why.WIND_RADIUS, *facts)
    return StormTouch(exposed, row["wind_kt"], row["enters"], row["leaves"], row["nearest_at"])


def _row(id_: str, touch: StormTouch, now: int) -> dict[str, object]:
    one = touch.exposure
    said = {"sure": one.sure.value, "level": int(one.level), "detail": one.detail, "distance_m": one.distance_m}
    times = {"enters": touch.enters, "leaves": touch.leaves, "nearest_at": touch.nearest_at}
    return {"track": id_, "site": one.site, "wind_kt": touch.wind_kt, "since": now, "until": None} | said | times
