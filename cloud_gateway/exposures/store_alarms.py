"""Reads the open alarms of devices at sites, and keeps those that are raised here on readings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, and_, func, insert, literal, select, union_all, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.exposures.alarms import OpenAlarm
from cloud_gateway.exposures.stages import Crossing, Meaning
from cloud_gateway.exposures.tables import gateway_alarm, gauge_state


async def open_alarms(connection: AsyncConnection) -> list[OpenAlarm]:
    """Every open alarm of a device that stood at a site when it raised it."""
    return await _alarms(connection, t.alarm.c.cleared_at.is_(None), gateway_alarm.c.cleared_at.is_(None))


async def ended_alarms(connection: AsyncConnection, received_after: int) -> list[OpenAlarm]:
    """Those that are cleared, and were received at or after a time (gateway's, ms UTC)."""
    edge = and_(t.alarm.c.cleared_at.is_not(None), t.alarm.c.received_at >= received_after)
    own = and_(gateway_alarm.c.cleared_at.is_not(None), gateway_alarm.c.received_at >= received_after)
    return await _alarms(connection, edge, own)


async def _alarms(
    connection: AsyncConnection, of_devices: ColumnElement[bool], on_readings: ColumnElement[bool]
) -> list[OpenAlarm]:
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
    raised = union_all(edge.where(of_devices), own.where(on_readings)).subquery()
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


class Gauge(NamedTuple):
    """A stream with readings not yet looked at: up to `at`, after `seen_at` (None: none was). Times are device time."""

    device: str
    stream: str
    unit: str
    interval_s: float | None
    at: int
    seen_at: int | None
    received_at: int


async def fresh_gauges(connection: AsyncConnection, received_after: int) -> list[Gauge]:
    """Streams with a newest reading that was not looked at, received at or after a time (gateway's)."""
    of_stream = and_(gauge_state.c.device == t.stream.c.device, gauge_state.c.stream == t.stream.c.name)
    s = t.stream.c
    query = (
        select(s.device, s.name, s.unit, s.interval_s, s.at, gauge_state.c.seen_at, s.received_at)
        .outerjoin(gauge_state, of_stream)
        .where(s.received_at >= received_after, s.at > func.coalesce(gauge_state.c.seen_at, -(2**62)))
    )
    return [Gauge(*row) for row in await connection.execute(query)]


async def open_rules(connection: AsyncConnection, device: str, stream: str) -> set[str]:
    """The alarms raised here on a stream that are open."""
    a = gateway_alarm.c
    query = select(a.rule).where(a.device == device, a.stream == stream, a.cleared_at.is_(None))
    return set(await connection.scalars(query))


async def write_crossings(
    connection: AsyncConnection, gauge: Gauge, crossings: Iterable[tuple[Crossing, Meaning]], now: int
) -> None:
    """Raise and clear, and note up to where the stream's readings have been looked at."""
    for crossing, meaning in crossings:
        if crossing.is_raised:
            row = _alarm_row(gauge, crossing, meaning, now)
            await connection.execute(upsert(gateway_alarm).on_conflict_do_nothing(), row)
        else:
            a = gateway_alarm.c
            here = and_(a.device == gauge.device, a.rule == crossing.rule, a.cleared_at.is_(None))
            await connection.execute(update(gateway_alarm).where(here).values(cleared_at=crossing.at))
        state = "raised" if crossing.is_raised else "cleared"
        said = {"device": gauge.device, "rule": crossing.rule, "state": state, "at": crossing.at}
        body = json.dumps(said | {"value": crossing.value, "gateway": True})
        await connection.execute(insert(t.event).values(at=now, topic="alarm", body=body))
    key = {"device": gauge.device, "stream": gauge.stream}
    seen = upsert(gauge_state).values(**key, seen_at=gauge.at)
    await connection.execute(seen.on_conflict_do_update(index_elements=list(key), set_={"seen_at": gauge.at}))


def _alarm_row(gauge: Gauge, crossing: Crossing, meaning: Meaning, now: int) -> dict[str, object]:
    return {
        "device": gauge.device,
        "rule": crossing.rule,
        "raised_at": crossing.at,
        "stream": gauge.stream,
        "hazard": meaning.hazard,
        "level": meaning.level,
        "value": crossing.value,
        "limit": meaning.limit,
        "unit": gauge.unit,
        "missing_s": crossing.missing_s,
        "received_at": now,
        "cleared_at": None,
    }
