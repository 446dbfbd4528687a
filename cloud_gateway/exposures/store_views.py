"""Reads exposures and hazard events for the API."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import RowMapping, and_, false, func, literal, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.exposures.alarms import hazard_of_stream
from cloud_gateway.exposures.settings import Speaks
from cloud_gateway.exposures.tables import event_change, exposure, gateway_alarm, hazard_event
from cloud_gateway.exposures.views import (
    ChangeView,
    EventStory,
    EventView,
    ExposureView,
    OfficialView,
    OwnAlarmView,
    ReasonView,
)
from cloud_gateway.warnings.tables import warning

#: Own alarms shown of one event, the newest first.
MOST_ALARMS = 200
_FOREVER = 2**62

_code = t.site.c.code.label("site_code")
_simulated = or_(warning.c.simulated, t.site.c.simulated).label("is_simulated")
_exposures = select(exposure, _code, _simulated).select_from(
    exposure.join(t.site, t.site.c.id == exposure.c.site).join(warning, warning.c.id == exposure.c.warning)
)
_events = select(hazard_event, _code).select_from(hazard_event.join(t.site, t.site.c.id == hazard_event.c.site))


async def list_exposures(
    connection: AsyncConnection, open_only: bool, site: str | None, before: Sequence[str | int] | None, limit: int
) -> list[ExposureView]:
    """Exposures, those of the newest warning first, after the one with key `before` (warning, site, hazard).

    `site` is a site's code.
    """
    key = (exposure.c.warning, t.site.c.code, exposure.c.hazard)
    query = _exposures.order_by(*(part.desc() for part in key)).limit(limit)
    if open_only:
        query = query.where(exposure.c.until.is_(None))
    if site is not None:
        query = query.where(t.site.c.code == site)
    if before is not None:
        query = query.where(tuple_(*key) < tuple(before))
    return [_exposure(row) for row in (await connection.execute(query)).mappings()]


async def list_events(
    connection: AsyncConnection, open_only: bool, site: str | None, before: Sequence[str | int] | None, limit: int
) -> list[EventView]:
    """Hazard events, the newest first, after the one with key `before` (opened_at, id). `site` is a site's code."""
    key = (hazard_event.c.opened_at, hazard_event.c.id)
    query = _events.order_by(*(part.desc() for part in key)).limit(limit)
    if open_only:
        query = query.where(hazard_event.c.closed_at.is_(None))
    if site is not None:
        query = query.where(t.site.c.code == site)
    if before is not None:
        query = query.where(tuple_(*key) < tuple(before))
    return [_event(row) for row in (await connection.execute(query)).mappings()]


async def find_story(connection: AsyncConnection, id_: str, speaks: Sequence[Speaks]) -> EventStory | None:
    """One event with its changes, and the warnings and own alarms that stood in its time; None: there is none."""
    row = (await connection.execute(_events.where(hazard_event.c.id == id_))).mappings().first()
    if row is None:
        return None
    changes = select(event_change).where(event_change.c.event == id_).order_by(event_change.c.number)
    return EventStory(
        event=_event(row),
        changes=[_change(one) for one in (await connection.execute(changes)).mappings()],
        warnings=await _officials(connection, row),
        alarms=await _alarms(connection, row, speaks),
    )


async def _officials(connection: AsyncConnection, event: RowMapping) -> list[OfficialView]:
    """Warnings that touched the site with the hazard between the event's first word and its end."""
    last = _FOREVER if event["closed_at"] is None else event["closed_at"]
    w = warning.c
    columns = (w.issuer, w.state, w.since.label("warned_since"), w.ends.label("warned_until"), w.unconfirmed_since)
    query = _exposures.add_columns(*columns, w.level.label("warning_level")).where(
        exposure.c.site == event["site"],
        exposure.c.hazard == event["hazard"],
        _simulated.is_(true() if event["simulated"] else false()),
        exposure.c.since <= last,
        or_(exposure.c.until.is_(None), exposure.c.until >= event["opened_at"]),
    )
    rows = (await connection.execute(query.order_by(exposure.c.since, exposure.c.warning))).mappings()
    return [_official(row) for row in rows]


async def _alarms(connection: AsyncConnection, event: RowMapping, speaks: Sequence[Speaks]) -> list[OwnAlarmView]:
    """Alarms of devices at the site that speak of the hazard and were open in the event's time, or began it."""
    first = min(event["opened_at"], event["gauge_at"] or event["opened_at"])
    last = _FOREVER if event["closed_at"] is None else event["closed_at"]
    found = []
    for table, missing in ((t.alarm, literal(0)), (gateway_alarm, gateway_alarm.c.missing_s)):
        a, is_own = table.c, table is gateway_alarm
        stood = and_(
            t.placement.c.device == a.device,
            t.placement.c.site == event["site"],
            t.placement.c.since <= a.raised_at,
            func.coalesce(t.placement.c.until, a.raised_at + 1) > a.raised_at,
        )
        names = (a.device, a.rule, a.stream, a.value, a.limit, a.unit, a.raised_at, a.cleared_at)
        hazard = a.hazard if is_own else literal("")
        query = select(*names, missing.label("missing_s"), hazard.label("hazard")).join(t.placement, stood)
        query = query.where(a.raised_at <= last, func.coalesce(a.cleared_at, _FOREVER) >= first)
        for row in (await connection.execute(query.order_by(a.raised_at.desc()).limit(MOST_ALARMS))).mappings():
            facts = {name: value for name, value in row.items() if name != "hazard"}
            if (row["hazard"] or hazard_of_stream(row["stream"], speaks)) == event["hazard"]:
                found.append(OwnAlarmView(**facts, on_readings=is_own))
    return sorted(found, key=lambda alarm: alarm.raised_at, reverse=True)


def _exposure(row: RowMapping) -> ExposureView:
    known = {name: row[name] for name in ExposureView.__dataclass_fields__ if name not in {"site", "simulated"}}
    return ExposureView(site=row["site_code"], simulated=bool(row["is_simulated"]), **known)


def _event(row: RowMapping) -> EventView:
    made = {"site", "reasons", "lead_s"}
    known = {name: row[name] for name in EventView.__dataclass_fields__ if name not in made}
    lead_s = None
    if row["gauge_at"] is not None and row["warned_at"] is not None:
        lead_s = (row["gauge_at"] - row["warned_at"]) / 1000
    reasons = [ReasonView(*reason) for reason in json.loads(row["reasons"])]
    return EventView(site=row["site_code"], reasons=reasons, lead_s=lead_s, **known)


def _change(row: RowMapping) -> ChangeView:
    return ChangeView(**{name: row[name] for name in ChangeView.__dataclass_fields__})


def _official(row: RowMapping) -> OfficialView:
    return OfficialView(
        id=row["warning"],
        issuer=row["issuer"],
        state=row["state"],
        level=row["warning_level"],
        since=row["warned_since"],
        ends=row["warned_until"],
        unconfirmed_since=row["unconfirmed_since"],
        exposure=_exposure(row),
    )
