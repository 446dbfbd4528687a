"""Reads the dead letters: what was refused, by name and reason."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.tables import dead_letter
from edge_agent.web.paging import Time


@dataclass(frozen=True)
class DeadLetter:
    """One refused record or unreadable message. `payload` is base64 of its first bytes, `size` the whole."""

    id: int
    received_at: Time
    topic: str
    device: str | None
    epoch: str | None
    lane: str | None
    seq: int | None
    code: str
    detail: str
    size: int
    sha256: str
    times: int
    payload: str


async def list_dead_letters(connection: AsyncConnection, before: int, limit: int) -> list[DeadLetter]:
    """Dead letters with an id below `before`, the newest first."""
    query = select(dead_letter).where(dead_letter.c.id < before).order_by(dead_letter.c.id.desc()).limit(limit)
    return [_letter(row) for row in (await connection.execute(query)).mappings()]


def _letter(row: RowMapping) -> DeadLetter:
    return DeadLetter(**{**row, "payload": base64.b64encode(row["payload"]).decode()})


async def count_dead_letters(connection: AsyncConnection) -> int:
    """How many there are."""
    return int(await connection.scalar(select(func.count()).select_from(dead_letter)) or 0)
