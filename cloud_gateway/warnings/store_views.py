"""Reads warnings, their chains and what was refused, as they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import RowMapping, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import exposure
from cloud_gateway.tables import site
from cloud_gateway.warnings.course import IN_FORCE, Course, State
from cloud_gateway.warnings.model import Alert, AlertKey, Finding
from cloud_gateway.warnings.tables import alert, alert_refused, warning, warning_closing
from cloud_gateway.warnings.views import Doubt, MessageSight, Refusal, Sight, Signed, Story, Stride, Touched, part_of

OPEN = tuple(state.value for state in (State.SCHEDULED, *sorted(IN_FORCE)))
_LONGEST_WHERE = 300
_sights = select(warning, alert.c.parsed, alert.c.source).join(alert, alert.c.id == warning.c.head)


class Raw(NamedTuple):
    """A message's bytes as they were published."""

    body: bytes
    format: str


async def list_warnings(
    connection: AsyncConnection, open_only: bool, before: Sequence[str | int] | None, limit: int
) -> list[Sight]:
    """Warnings, the newest change first, after the one with key `before` (changed_at, id)."""
    key = (warning.c.changed_at, warning.c.id)
    query = _sights.order_by(*(one.desc() for one in key)).limit(limit)
    if open_only:
        query = query.where(warning.c.state.in_(OPEN), warning.c.merged_into.is_(None))
    if before is not None:
        query = query.where(tuple_(*key) < tuple(before))
    return [_sight(row) for row in (await connection.execute(query)).mappings()]


def _sight(row: RowMapping) -> Sight:
    said = msgspec.json.decode(row["parsed"], type=Alert)
    info = max(said.infos, key=lambda info: info.level, default=None)
    same = {name: row[name] for name in Sight.__dataclass_fields__ if name in row}
    return Sight(
        **same,
        event="" if info is None else info.event,
        color=None if info is None else info.color,
        headline="" if info is None else info.headline,
        sender_name="" if info is None else info.sender_name,
        where="" if info is None else "; ".join(area.description for area in info.areas)[:_LONGEST_WHERE],
    )


async def find_story(connection: AsyncConnection, id_: str) -> Story | None:
    """The warning of that id with all that is known of it."""
    row = (await connection.execute(_sights.where(warning.c.id == id_))).mappings().first()
    if row is None:
        return None
    course = msgspec.json.decode(row["course"], type=Course)
    rows = (await connection.execute(select(alert).where(alert.c.warning == id_))).mappings().all()
    ids = {AlertKey(one["sender"], one["identifier"], one["sent"]): one["id"] for one in rows}
    messages = sorted((_message(one, course) for one in rows), key=lambda one: (one.sent, one.received_at, one.id))
    return Story(
        warning=_sight(row),
        onset=course.onset,
        steps=[Stride(step.at, step.state.value, int(step.level), ids.get(step.by)) for step in course.steps],
        messages=messages,
        findings=_doubts(course.findings),
        exposures=await _exposures(connection, id_),
        closings=await list_closings(connection, id_),
    )


def _message(row: RowMapping, course: Course) -> MessageSight:
    said = msgspec.json.decode(row["parsed"], type=Alert)
    return MessageSight(
        id=row["id"],
        source=row["source"],
        sender=said.sender,
        identifier=said.identifier,
        sent=said.sent,
        received_at=row["received_at"],
        status=said.status.value,
        msg_type=said.msg_type.value,
        format=said.format,
        signature=row["signature"],
        replaced=said.key in course.superseded,
        parts=[part_of(info) for info in said.infos],
        findings=_doubts(said.findings),
    )


def _doubts(findings: Iterable[Finding]) -> list[Doubt]:
    return [Doubt(one.code, one.field, one.text, one.grade) for one in findings]


async def _exposures(connection: AsyncConnection, id_: str) -> list[Touched]:
    named = (site.c.code.label("site_code"), site.c.name, site.c.name_zh)
    query = select(exposure, *named).join(site, site.c.id == exposure.c.site).where(exposure.c.warning == id_)
    rows = (await connection.execute(query.order_by(exposure.c.level.desc(), site.c.code))).mappings()
    return [_touched(row) for row in rows]


def _touched(row: RowMapping) -> Touched:
    values = {**row, "site": row["site_code"]}
    return Touched(**{name: values[name] for name in Touched.__dataclass_fields__})


async def list_closings(connection: AsyncConnection, id_: str) -> list[Signed]:
    """The closings of a warning, the oldest first."""
    query = select(warning_closing).where(warning_closing.c.warning == id_).order_by(warning_closing.c.at)
    return [Signed(row.id, row.at, row.name, row.reason) for row in await connection.execute(query)]


async def find_raw(connection: AsyncConnection, warning_id: str, message: str) -> Raw | None:
    """The bytes of one message of a warning."""
    wanted = (alert.c.warning == warning_id) & (alert.c.id == message)
    row = (await connection.execute(select(alert.c.raw, alert.c.parsed).where(wanted))).first()
    return None if row is None else Raw(row.raw, msgspec.json.decode(row.parsed, type=Alert).format)


async def list_refusals(
    connection: AsyncConnection, before: Sequence[str | int] | None, limit: int, source: str | None = None
) -> list[Refusal]:
    """What was refused, the newest first, after the one with key `before` (received_at, id)."""
    key = (alert_refused.c.received_at, alert_refused.c.id)
    query = select(alert_refused).order_by(*(one.desc() for one in key)).limit(limit)
    if source is not None:
        query = query.where(alert_refused.c.source == source)
    if before is not None:
        query = query.where(tuple_(*key) < tuple(before))
    rows = (await connection.execute(query)).mappings()
    return [Refusal(**{name: row[name] for name in Refusal.__dataclass_fields__}) for row in rows]


async def count_refused(connection: AsyncConnection) -> dict[str, int]:
    """How many different refusals are kept, by source."""
    query = select(alert_refused.c.source, func.count()).group_by(alert_refused.c.source)
    return {row[0]: row[1] for row in await connection.execute(query)}
