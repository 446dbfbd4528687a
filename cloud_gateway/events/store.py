"""Reads the table of events that live pages follow."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway.database import reading
from cloud_gateway.tables import event
from edge_agent.web.streams import Event


async def list_events(engine: AsyncEngine, after: int, limit: int) -> Sequence[Event]:
    """Events with an id above `after`, in order."""
    query = select(event).where(event.c.id > after).order_by(event.c.id).limit(limit)
    async with reading(engine) as connection:
        return [Event(row.id, row.at, row.topic, row.body) for row in await connection.execute(query)]


async def kept_events(connection: AsyncConnection) -> tuple[int, int]:
    """The least and the greatest id that are kept; (0, 0) when there are none."""
    row = (await connection.execute(select(func.min(event.c.id), func.max(event.c.id)))).one()
    return row[0] or 0, row[1] or 0


async def recent_readings(connection: AsyncConnection, limit: int = 300) -> list[Event]:
    """The newest `reading` events, oldest first."""
    newest = select(func.coalesce(func.max(event.c.id), 0)).scalar_subquery()
    query = select(event).where(event.c.id > newest - limit, event.c.topic == "reading").order_by(event.c.id)
    return [Event(row.id, row.at, row.topic, row.body) for row in await connection.execute(query)]
