"""The newest test of each channel and the signs of life of worker and watch, in the table of channel checks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.outreach.tables import channel_check
from edge_agent.web.paging import Time


@dataclass(frozen=True)
class Check:
    """What was last found: `ok_at` when it last worked, `error` what is wrong, "" while nothing is."""

    channel: str
    at: Time
    ok_at: Time | None
    error: str


async def note_check(connection: AsyncConnection, channel: str, now: int, error: str = "") -> None:
    """Keep the outcome of a test; "" is a good one."""
    values = {"at": now, "error": error[:500]} | ({} if error else {"ok_at": now})
    statement = upsert(channel_check).values(channel=channel, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["channel"], set_=values))


async def list_checks(connection: AsyncConnection) -> list[Check]:
    """All of them, by name."""
    rows = await connection.execute(select(channel_check).order_by(channel_check.c.channel))
    return [Check(row.channel, row.at, row.ok_at, row.error) for row in rows]
