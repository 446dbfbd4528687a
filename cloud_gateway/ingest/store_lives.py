"""Writes each life of a device's agent, and notices when two lives with one identity go on at once."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.ingest.batch import Life
from cloud_gateway.ingest.store_devices import Events, upsert_device

logger = logging.getLogger(__name__)

#: Lives of one device that are kept.
MAX_LIVES = 100
#: A hardware serial that comes back within this, after another one, is a second device, not a repair, ms.
SERIAL_MS = 24 * 3_600_000
#: While two lives go on, pages are told again after this, ms.
TELL_MS = 10 * 60_000

_l = t.device_boot.c


async def store_lives(c: AsyncConnection, lives: Sequence[Life], now: int, events: Events) -> None:
    """Note births in their order; one that shows a second life marks its device."""
    for life in lives:
        query = select(t.device_boot).where(_l.device == life.device).order_by(_l.first_at, _l.last_at)
        known = (await c.execute(query)).all()
        own = next((row for row in known if row.boot == life.boot), None)
        at = max([life.received_at, *(row.last_at + 1 for row in known)])  # births have an order, also in one ms
        if own is None:
            doubled = _serial_returns(life, known)
            await _begin(c, life, at, known)
        elif _is_new(life, own):
            doubled = any(row.first_at > own.last_at for row in known if row.boot != life.boot)
            await _go_on(c, life, at)
        else:
            continue
        if doubled:
            await _mark(c, life, now, events)


def _is_new(life: Life, own: Row[tuple[object, ...]]) -> bool:
    """Whether the device said it anew: a birth that is delivered again has the times of the one before."""
    if life.retained:
        return False
    if life.mono is not None and own.mono is not None:
        return bool(life.mono > own.mono)
    return bool(life.said_at != own.said_at)


def _serial_returns(life: Life, known: Sequence[Row[tuple[object, ...]]]) -> bool:
    """Whether a new life is on hardware that another one has followed since."""
    if not known or known[-1].serial == life.serial:
        return False
    return any(row.serial == life.serial and life.received_at - row.last_at < SERIAL_MS for row in known)


async def _begin(c: AsyncConnection, life: Life, at: int, known: Sequence[Row[tuple[object, ...]]]) -> None:
    row = {"device": life.device, "boot": life.boot, "serial": life.serial, "said_at": life.said_at}
    times = {"first_at": at, "last_at": at, "mono": None if life.retained else life.mono}
    await c.execute(insert(t.device_boot).values(row | times))
    for old in known[: max(len(known) + 1 - MAX_LIVES, 0)]:
        await c.execute(delete(t.device_boot).where(_l.device == old.device, _l.boot == old.boot))


async def _go_on(c: AsyncConnection, life: Life, at: int) -> None:
    values = {"last_at": at, "said_at": life.said_at, "mono": life.mono, "serial": life.serial}
    await c.execute(update(t.device_boot).where(_l.device == life.device, _l.boot == life.boot).values(values))


async def _mark(c: AsyncConnection, life: Life, now: int, events: Events) -> None:
    marked = (await c.execute(select(t.device.c.clone_at).where(t.device.c.id == life.device))).scalar()
    await c.execute(upsert_device(life.device, {"clone_at": now}))
    if marked is None or now - marked > TELL_MS:
        logger.error("two devices speak with one identity", extra={"device": life.device})
        events.append(("clone", {"device": life.device, "serial": life.serial}))
