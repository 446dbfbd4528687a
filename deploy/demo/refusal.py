"""Revokes a device that is connected, sees that nothing more of it is stored, and readmits it at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import func, select

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, reading
from cloud_gateway.enrolment.register import readmit_device, revoke_device
from cloud_gateway.ingest.admission import REVOKED
from deploy.demo.happening import Happening
from deploy.demo.stage import Fleet, Stage

REASON = "SIMULATED: stolen from its site"
#: A revocation takes effect within this, real seconds.
EFFECT_S = 60.0
#: What was let in just before the revocation has been stored when nothing has come in for so long.
CALM_S = 1.0
POLL_S = 0.1

#: What the ledger knows of a device: (epoch, lane, upto, ranges).
Heads = frozenset[tuple[str, str, int, str]]


@asynccontextmanager
async def revoked(stage: Stage, device: str) -> AsyncIterator[None]:
    """The device is revoked meanwhile; what it kept is sent again once it is readmitted."""
    await revoke_device(stage.settings.database, device, REASON)
    try:
        yield
    finally:
        await readmit_device(stage.settings.database, device, None)


@asynccontextmanager
async def refused(stage: Stage, happening: Happening, fleet: Fleet) -> AsyncIterator[None]:
    """See that the gateway refuses the device from soon after the begin to the end of this."""
    database, device = stage.settings.database, happening.fault.target
    limit = time.monotonic() + EFFECT_S
    known = await _count_refused(database, device)
    while await _count_refused(database, device) == known and time.monotonic() < limit and not fleet.ear.ended:  # noqa: ASYNC110
        await asyncio.sleep(POLL_S)  # the books are another process's
    before = await _settle(database, device, limit)
    happening.seen_after_s = round(time.time() - happening.began_s, 1)
    yield
    happening.refused = await _count_refused(database, device) - known
    if before is None or await _read_heads(database, device) != before:
        happening.broken.append(f"facts were stored more than {EFFECT_S:.0f} s after the device was revoked")
    elif happening.refused:
        happening.seen_by.append(f"ingest: {device}: {happening.refused} messages refused, nothing of it stored")


async def _settle(database: Path, device: str, limit: float) -> Heads | None:
    """The ledger once it stands still; None when it does not by `limit`, s of the monotonic clock."""
    heads = await _read_heads(database, device)
    while time.monotonic() < limit:
        await asyncio.sleep(CALM_S)
        before, heads = heads, await _read_heads(database, device)
        if heads == before:
            return heads
    return None


async def _read_heads(database: Path, device: str) -> Heads:
    ledger = t.ledger.c
    query = select(ledger.epoch, ledger.lane, ledger.upto, ledger.ranges).where(ledger.device == device)
    engine = open_database(database)
    try:
        async with reading(engine) as c:
            return frozenset((epoch, lane, upto, ranges) for epoch, lane, upto, ranges in await c.execute(query))
    finally:
        await engine.dispose()


async def _count_refused(database: Path, device: str) -> int:
    """Messages of the device that were refused because it is revoked."""
    letter = t.dead_letter.c
    query = select(func.coalesce(func.sum(letter.times), 0)).where(letter.device == device, letter.code == REVOKED)
    engine = open_database(database)
    try:
        async with reading(engine) as c:
            return int(await c.scalar(query) or 0)
    finally:
        await engine.dispose()
