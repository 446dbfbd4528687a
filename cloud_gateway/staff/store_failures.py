"""Failed sign-ins in the gateway's database, so that a restart forgives nobody; names are kept as hashes only."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.staff.tables import sign_in_failure
from cloud_gateway.staff.throttle import FORGET_MS, NONE, Failures, add_failure


def failure_key(name: str, address: str) -> str:
    """What failures of a name from an address are counted under."""
    return hashlib.sha256(f"{name.strip().casefold()}|{address}".encode()).hexdigest()


async def find_failures(connection: AsyncConnection, key: str) -> Failures:
    """How often it failed under that key."""
    kept = sign_in_failure.c
    row = (await connection.execute(select(kept.times, kept.last_at).where(kept.key == key))).first()
    return NONE if row is None else Failures(row.times, row.last_at)


async def note_failure(connection: AsyncConnection, key: str, now: int) -> None:
    """It failed once more; what is too old to count goes."""
    kept = sign_in_failure.c
    await connection.execute(delete(sign_in_failure).where(kept.last_at <= now - FORGET_MS))
    failures = add_failure(await find_failures(connection, key), now)
    row = {"key": key, "times": failures.times, "last_at": failures.last}
    wanted = insert(sign_in_failure).values(**row).on_conflict_do_update(index_elements=[kept.key], set_=row)
    await connection.execute(wanted)


async def forget_failures(connection: AsyncConnection, key: str) -> None:
    """The right password came."""
    await connection.execute(delete(sign_in_failure).where(sign_in_failure.c.key == key))
