"""Reads alarms from the gateway's database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.tables import alarm, placement, rule, site
from edge_agent.web.paging import Time


@dataclass(frozen=True)
class Alarm:
    """One raising of an edge rule; times but `received_at` are device time, `value` and `limit` in `unit`.

    `site` is where the device stood when it raised the alarm.
    """

    device: str
    epoch: str
    seq: int
    site: str | None
    rule: str
    stream: str
    type: str | None
    severity: str
    label: str
    label_zh: str
    value: float
    limit: float
    unit: str
    since: Time
    raised_at: Time
    received_at: Time
    cleared_at: Time | None


_stood = and_(
    placement.c.device == alarm.c.device,
    placement.c.since <= alarm.c.raised_at,
    func.coalesce(placement.c.until, alarm.c.raised_at + 1) > alarm.c.raised_at,
)
_declared = and_(rule.c.device == alarm.c.device, rule.c.name == alarm.c.rule)
#: Every alarm with what its device declared of its rule, and the site where the device stood.
ALARMS = select(
    alarm,
    site.c.code.label("site"),
    rule.c.type,
    func.coalesce(rule.c.severity, "urgent").label("severity"),
    func.coalesce(rule.c.label, "").label("label"),
    func.coalesce(rule.c.label_zh, "").label("label_zh"),
).select_from(
    alarm.outerjoin(rule, _declared).outerjoin(placement, _stood).outerjoin(site, site.c.id == placement.c.site)
)


async def list_alarms(
    connection: AsyncConnection, open_only: bool, before: Sequence[str | int] | None, limit: int
) -> list[Alarm]:
    """Alarms, the newest raising first, after the one with key `before` (raised_at, device, epoch, seq)."""
    key = (alarm.c.raised_at, alarm.c.device, alarm.c.epoch, alarm.c.seq)
    query = ALARMS.order_by(*(k.desc() for k in key)).limit(limit)
    if open_only:
        query = query.where(alarm.c.cleared_at.is_(None))
    if before is not None:
        query = query.where(tuple_(*key) < tuple(before))
    return [Alarm(**row) for row in (await connection.execute(query)).mappings()]


async def alarms_between(
    connection: AsyncConnection, devices: Sequence[str], start: int, end: int, limit: int = 200
) -> list[Alarm]:
    """Alarms of the devices that were raised in start <= raised_at < end, the newest first."""
    query = (
        ALARMS.where(alarm.c.device.in_(devices), alarm.c.raised_at >= start, alarm.c.raised_at < end)
        .order_by(alarm.c.raised_at.desc())
        .limit(limit)
    )
    return [Alarm(**row) for row in (await connection.execute(query)).mappings()]


async def last_closed(connection: AsyncConnection) -> int | None:
    """Device time of the newest clearing, ms UTC."""
    found: int | None = await connection.scalar(select(func.max(alarm.c.cleared_at)))
    return found
