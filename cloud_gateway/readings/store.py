"""Lists the streams of numbers that the gateway knows, for the duty that makes their roll-ups."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading
from cloud_gateway.tables import stream


async def list_numbers(engine: AsyncEngine) -> list[tuple[str, str]]:
    """(device, stream) of every stream whose newest value is a number."""
    query = select(stream.c.device, stream.c.name, stream.c.value).order_by(stream.c.device, stream.c.name)
    async with reading(engine) as connection:
        rows = (await connection.execute(query)).all()
    return [(device, name) for device, name, value in rows if _is_number(value)]


def _is_number(value: str | None) -> bool:
    found = None if value is None else json.loads(value)
    return isinstance(found, int | float) and not isinstance(found, bool)
