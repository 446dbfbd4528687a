"""Keeps the offset of each boot whose clock was unset: made once, before its first record is stored."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from statistics import median_low

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.devices.condition import CLOCK_MS
from cloud_gateway.ingest.clocks import NS_PER_MS, Anchor, Boot, Candidate, find_offset
from cloud_gateway.ingest.store_devices import Events
from cloud_gateway.ingest.validation import Accepted
from edge_agent.wire.messages import ClockQuality, Record

logger = logging.getLogger(__name__)

_b, _l = t.boot_clock.c, t.device_boot.c


async def fix_offsets(c: AsyncConnection, candidates: Mapping[Boot, Candidate], now: int) -> dict[Boot, int]:
    """The offsets (ms) of the boots: those that are kept, and for the others new ones, which are kept from now on."""
    offsets: dict[Boot, int] = {}
    for boot, candidate in candidates.items():
        kept = await _kept(c, boot)
        offsets[boot] = await _make(c, boot, candidate, now) if kept is None else kept
    return offsets


async def _kept(c: AsyncConnection, boot: Boot) -> int | None:
    where = (_b.device == boot.device) & (_b.epoch == boot.epoch) & (_b.boot == boot.boot)
    return (await c.execute(select(_b.offset_ms).where(where))).scalar()


async def _make(c: AsyncConnection, boot: Boot, candidate: Candidate, now: int) -> int:
    simulated = (await c.execute(select(t.device.c.simulated).where(t.device.c.id == boot.device))).scalar()
    if simulated:
        offset = find_offset(candidate, None, await _scenario_time(c, boot.device) or now)
    else:
        offset = find_offset(candidate, candidate.anchor or await find_anchor(c, boot.device, boot.boot), now)
    row = {"device": boot.device, "epoch": boot.epoch, "boot": boot.boot, "offset_ms": offset, "fixed_at": now}
    await c.execute(insert(t.boot_clock).values(row))
    return offset


async def find_anchor(c: AsyncConnection, device: str, boot: str) -> Anchor | None:
    """Where a boot's monotonic clock stood when, as its newest birth told."""
    query = select(_l.last_at, _l.mono).where(_l.device == device, _l.boot == boot)
    row = (await c.execute(query)).first()
    return None if row is None or row.mono is None else Anchor(row.last_at, row.mono)


async def _scenario_time(c: AsyncConnection, device: str) -> int | None:
    """What time it is for simulated devices: the middle one of the newest times of the other ones, ms UTC."""
    d, s = t.device.c, t.stream.c
    newest_value = select(func.max(s.at)).where(s.device == d.id, s.predicts.is_(None)).scalar_subquery()
    query = select(d.birth_at, d.heartbeat_at, newest_value).where(d.simulated, d.id != device)
    times = [[at for at in row if at is not None] for row in await c.execute(query)]
    newest = [max(known) for known in times if known]
    return median_low(newest) if newest else None


async def compare_clock(c: AsyncConnection, accepted: Accepted, record: Record, now: int, events: Events) -> None:
    """Compare the clock that a heartbeat tells with the gateway's; a wrong one is marked, its times are kept as said.

    When it was made is known by the monotonic clock, however long it waited; it was not later than it came, which is
    the nearer bound when the birth itself had waited at the broker.
    """
    device, boot = accepted.device, accepted.frame.boot
    anchor = await find_anchor(c, device, boot)
    query = select(t.device.c.simulated, t.device.c.clock_off_ms).where(t.device.c.id == device)
    known = (await c.execute(query)).first()
    if anchor is None or known is None or known.simulated or record.clock is ClockQuality.UNSET:
        return
    made_at = anchor.at + (record.mono - anchor.mono) // NS_PER_MS
    off_ms = record.at - min(made_at, now)
    await c.execute(update(t.device).where(t.device.c.id == device).values(clock_off_ms=off_ms))
    if is_wrong(off_ms) != is_wrong(known.clock_off_ms or 0):
        logger.warning(
            "a device's clock is %s", "wrong" if is_wrong(off_ms) else "right again", extra={"device": device}
        )
        events.append(("clock", {"device": device, "off_ms": off_ms}))


def is_wrong(off_ms: int) -> bool:
    """Whether a clock that is so far off is wrong."""
    return abs(off_ms) > CLOCK_MS
