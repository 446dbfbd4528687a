"""Reads the open alarms of devices at sites, and keeps those that are raised here on readings."""

from __future__ import annotations

from sqlalchemy import String, and_, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.exposures.alarms import OpenAlarm
from cloud_gateway.exposures.tables import gateway_alarm


async def open_alarms(connection: AsyncConnection) -> list[OpenAlarm]:
    """Every open alarm of a device that stood at a site when it raised it."""
    edge = select(
        t.alarm.c.device,
        t.alarm.c.rule,
        t.alarm.c.stream,
        t.alarm.c.raised_at,
        func.coalesce(t.rule.c.severity, "urgent").label("severity"),
        literal("", String).label("hazard"),
        literal(0).label("level"),
    ).select_from(t.alarm.outerjoin(t.rule, and_(t.rule.c.device == t.alarm.c.device, t.rule.c.name == t.alarm.c.rule)))
    own = select(
        gateway_alarm.c.device,
        gateway_alarm.c.rule,
        gateway_alarm.c.stream,
        gateway_alarm.c.raised_at,
        literal("", String).label("severity"),
        gateway_alarm.c.hazard,
        gateway_alarm.c.level,
    )
    raised = union_all(
        edge.where(t.alarm.c.cleared_at.is_(None)), own.where(gateway_alarm.c.cleared_at.is_(None))
    ).subquery()
    stood = and_(
        t.placement.c.device == raised.c.device,
        t.placement.c.since <= raised.c.raised_at,
        func.coalesce(t.placement.c.until, raised.c.raised_at + 1) > raised.c.raised_at,
    )
    simulated = func.coalesce(t.device.c.simulated, False) | t.site.c.simulated
    query = select(raised, t.site.c.id.label("site"), simulated.label("simulated")).select_from(
        raised.join(t.placement, stood)
        .join(t.site, t.site.c.id == t.placement.c.site)
        .outerjoin(t.device, t.device.c.id == raised.c.device)
    )
    rows = (await connection.execute(query)).mappings()
    return [OpenAlarm(**{**row, "simulated": bool(row["simulated"])}) for row in rows]
