"""Keeps what was answered to requests that made something, so that the same request again gets the same answer."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.idempotency.tables import idempotency_key

#: Nobody asks again after so long.
KEPT_MS = 24 * 3_600_000


class KeyReused(Exception):
    """The key came with another request before."""


async def find_answer(connection: AsyncConnection, who: str, key: str, digest: str, now: int) -> str | None:
    """The answer (JSON) to the same request of staff id `who`, if it is not too old. Raises KeyReused."""
    kept = idempotency_key.c
    this = (kept.staff == who) & (kept.key == key) & (kept.at > now - KEPT_MS)
    row = (await connection.execute(select(kept.digest, kept.answer).where(this))).first()
    if row is None:
        return None
    if row.digest != digest:
        raise KeyReused(key)
    return str(row.answer)


async def keep_answer(connection: AsyncConnection, who: str, key: str, digest: str, answer: str, now: int) -> None:
    """Keep an answer in the transaction of what it tells; those that are too old go."""
    await connection.execute(delete(idempotency_key).where(idempotency_key.c.at <= now - KEPT_MS))
    row = {"staff": who, "key": key, "digest": digest, "answer": answer, "at": now}
    await connection.execute(insert(idempotency_key).values(**row))
