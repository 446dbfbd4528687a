"""Reads what the page of one device shows beside its state: boots, placements, epochs, gaps and raw records."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.devices.store import Gap
from cloud_gateway.tables import boot_clock, device_boot, device_epoch, gap, ledger, placement, record, site


@dataclass(frozen=True)
class Boot:
    """One life of a device's agent. `first_at`, `last_at` gateway time, `said_at` the device's own, ms UTC."""

    boot: str
    serial: str
    first_at: int
    last_at: int
    said_at: int
    offset_ms: int | None


@dataclass(frozen=True)
class Placed:
    """Where a device stood; `until` null: it stands there now. Device time, ms UTC."""

    code: str
    name: str
    name_zh: str
    zone: str
    since: int
    until: int | None


@dataclass(frozen=True)
class Stay:
    """When a device stood at a site; `until` null: it stands there now. Device time, ms UTC."""

    device: str
    since: int
    until: int | None


@dataclass(frozen=True)
class LaneLine:
    """What of a lane of an epoch is stored: all up to `upto`; `safe` of it is in the last backup."""

    epoch: str
    lane: str
    upto: int
    safe: int


@dataclass(frozen=True)
class RawRecord:
    """A stored record as its device made it; `said_at` is the device's own time where ours corrects it."""

    epoch: str
    lane: str
    seq: int
    kind: str
    at: int
    said_at: int | None
    clock: str
    boot: str
    body: bytes
    signed: bool
    received_at: int


async def list_boots(connection: AsyncConnection, device: str, limit: int) -> list[Boot]:
    """The newest lives of a device's agent, each with the offset that its unset clock got."""
    b, k = device_boot.c, boot_clock.c
    offset = select(func.max(k.offset_ms)).where(k.device == b.device, k.boot == b.boot).scalar_subquery()
    query = select(b.boot, b.serial, b.first_at, b.last_at, b.said_at, offset.label("offset_ms"))
    rows = await connection.execute(query.where(b.device == device).order_by(b.last_at.desc()).limit(limit))
    return [Boot(**row) for row in rows.mappings()]


async def list_placements(connection: AsyncConnection, device: str, limit: int) -> list[Placed]:
    """Where the device stands and stood, the newest first."""
    p = placement.c
    query = select(site.c.code, site.c.name, site.c.name_zh, site.c.zone, p.since, p.until)
    query = query.join(site, site.c.id == p.site).where(p.device == device).order_by(p.since.desc()).limit(limit)
    return [Placed(**row) for row in (await connection.execute(query)).mappings()]


async def list_stays(connection: AsyncConnection, site_id: str, limit: int) -> list[Stay]:
    """Which devices stand and stood at a site, those that stand there now first, then the last to leave."""
    p = placement.c
    query = select(p.device, p.since, p.until).where(p.site == site_id)
    query = query.order_by(p.until.is_not(None), p.until.desc(), p.since.desc(), p.device).limit(limit)
    return [Stay(**row) for row in (await connection.execute(query)).mappings()]


async def list_epochs(connection: AsyncConnection, device: str, limit: int) -> list[str]:
    """The epochs of a device, the newest first."""
    e = device_epoch.c
    query = select(e.epoch).where(e.device == device).order_by(e.first_seen_at.desc(), e.epoch).limit(limit)
    return list(await connection.scalars(query))


async def list_lines(connection: AsyncConnection, device: str, epoch: str) -> list[LaneLine]:
    """How far each lane of an epoch is stored."""
    line = ledger.c
    query = select(line.epoch, line.lane, line.upto, line.safe).where(line.device == device, line.epoch == epoch)
    return [LaneLine(**row) for row in (await connection.execute(query.order_by(line.lane))).mappings()]


async def newest_gaps(connection: AsyncConnection, device: str, limit: int) -> list[Gap]:
    """What the device dropped on purpose, the latest first."""
    query = select(gap).where(gap.c.device == device).order_by(gap.c.until.desc()).limit(limit)
    return [Gap(**row) for row in (await connection.execute(query)).mappings()]


async def list_records(
    connection: AsyncConnection, device: str, epoch: str, lane: str, before: int, limit: int
) -> list[RawRecord]:
    """Records of one lane and epoch with a number below `before`, the newest number first."""
    r = record.c
    signed = r.sig.is_not(None).label("signed")
    query = select(r.epoch, r.lane, r.seq, r.kind, r.at, r.said_at, r.clock, r.boot, r.body, signed, r.received_at)
    here = and_(r.device == device, r.epoch == epoch, r.lane == lane, r.seq < before)
    rows = await connection.execute(query.where(here).order_by(r.seq.desc()).limit(limit))
    return [RawRecord(**row) for row in rows.mappings()]
