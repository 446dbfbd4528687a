"""Ratings and services in the database, before they are released; all of it in the caller's transaction."""

from __future__ import annotations

from msgspec.structs import asdict
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.complaints.store_followups import Rated, open_follow_up
from cloud_gateway.ratings.days import end_of_day, local_day
from cloud_gateway.ratings.model import NewRating
from cloud_gateway.ratings.tables import rating
from cloud_gateway.stations.tables import station


async def add_rating(connection: AsyncConnection, new: NewRating, zone: str, now: int) -> bool:
    """Count a rating: it waits for its batch. False when its id, or its terminal's window, has been counted before.

    A bad one is followed up at once. `zone` holds where the rating belongs to no known station; `now` ms UTC.
    """
    known = await connection.scalar(select(station.c.zone).where(station.c.code == new.station))
    zone = known or zone
    row = asdict(new) | {"wait_s": None if new.wait_s is None else new.wait_s // 60 * 60}
    row |= {"day": local_day(new.at, zone), "due_at": end_of_day(now, zone), "taken_at": now}
    done = await connection.execute(upsert(rating).values(row).on_conflict_do_nothing())
    if done.rowcount == 1:
        names = ("count", "channel", "station", "counter", "clerk", "scale", "score", "at")
        await open_follow_up(connection, Rated(**{name: getattr(new, name) for name in names}, zone=zone), now)
    return done.rowcount == 1
