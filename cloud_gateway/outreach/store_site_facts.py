"""Reads what a message says of sites beyond the change itself: the plan's tasks, and what our own gauge measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import gateway_alarm, hazard_event
from cloud_gateway.outreach.facts import Measurement, SiteFact, TaskFact
from cloud_gateway.outreach.model import Change
from cloud_gateway.outreach.store_facts import OWN_MARK, parts
from cloud_gateway.outreach.tables import recipient
from cloud_gateway.outreach.tasks import KnownTask, tasks_to_tell
from cloud_gateway.plans.model import OWNERS, Standing, Step, TaskState
from cloud_gateway.plans.tables import plan, task
from cloud_gateway.tables import alarm
from cloud_gateway.warnings.model import Level

_steps = msgspec.json.Decoder(tuple[Step, ...])
_other = plan.alias()
_newest = (
    select(func.max(_other.c.version))
    .where(_other.c.site == plan.c.site, _other.c.hazard == plan.c.hazard)
    .scalar_subquery()
)
_same = (plan.c.site == hazard_event.c.site) & (plan.c.hazard == hazard_event.c.hazard)
_planned = (
    select(hazard_event, plan.c.steps).select_from(hazard_event.join(plan, _same)).where(plan.c.version == _newest)
)
#: What stands in the cause of a change of both kinds of our own alarms.
_alarms = union_all(
    select(
        alarm.c.device, alarm.c.rule, alarm.c.stream, alarm.c.value, alarm.c.limit, alarm.c.unit,
        alarm.c.raised_at, alarm.c.received_at, literal(0).label("missing_s"),
    ),
    select(
        gateway_alarm.c.device, gateway_alarm.c.rule, gateway_alarm.c.stream, gateway_alarm.c.value,
        gateway_alarm.c.limit, gateway_alarm.c.unit, gateway_alarm.c.raised_at, gateway_alarm.c.received_at,
        gateway_alarm.c.missing_s,
    ),
).subquery()  # fmt: skip


async def complete_facts(connection: AsyncConnection, sites: Collection[SiteFact]) -> dict[SiteFact, SiteFact]:
    """Each with its tasks, unless it is an all-clear, and with the measurement of the gauge that caused it."""
    standing = {one.event: one.at for one in sites if one.change is not Change.CLEARED}
    tasks = await _read_tasks(connection, standing)
    gauges = {(one.cause, one.at) for one in sites if OWN_MARK in one.cause}
    measured = {key: await _read_measurement(connection, *key) for key in gauges}
    return {
        one: msgspec.structs.replace(
            one,
            tasks=tasks.get(one.event, ()) if one.event in standing else (),
            measured=measured.get((one.cause, one.at)),
        )
        for one in sites
    }


async def _read_tasks(connection: AsyncConnection, changed_at: dict[str, int]) -> dict[str, tuple[TaskFact, ...]]:
    """The tasks to tell by event."""
    rows = [
        row
        for part in parts(changed_at)
        for row in await connection.execute(_planned.where(hazard_event.c.id.in_(part)))
    ]
    known = await _read_known(connection, [row.id for row in rows])
    found = {}
    for row in rows:
        levels = (Level(row.holds), Level(row.level))
        standing = Standing(row.id, *levels, row.onset, row.number, row.closed_at is not None, row.simulated)
        found[row.id] = tasks_to_tell(_steps.decode(row.steps), standing, known[row.id], changed_at[row.id])
    names = await _read_names(connection, (one.owner for told in found.values() for one in told))
    return {event: tuple(_named(one, names) for one in told) for event, told in found.items()}


async def _read_known(connection: AsyncConnection, events: Collection[str]) -> dict[str, dict[str, KnownTask]]:
    found: dict[str, dict[str, KnownTask]] = defaultdict(dict)
    for part in parts(events):
        for row in await connection.execute(select(task).where(task.c.event.in_(part)).order_by(task.c.id)):
            found[row.event][row.step] = KnownTask(TaskState(row.state), row.due_at)
    return found


async def _read_names(connection: AsyncConnection, owners: Iterable[str]) -> dict[str, str]:
    ids = set(owners) - set(OWNERS)
    if not ids:
        return {}
    query = select(recipient.c.id, recipient.c.name).where(recipient.c.id.in_(ids))
    return {row.id: row.name for row in await connection.execute(query)}


def _named(one: TaskFact, names: dict[str, str]) -> TaskFact:
    return msgspec.structs.replace(one, owner=names.get(one.owner, one.owner))


async def _read_measurement(connection: AsyncConnection, cause: str, at: int) -> Measurement | None:
    """The newest raising of a rule that had been taken in when the event changed."""
    device, _, rule = cause.partition(OWN_MARK)
    here = (_alarms.c.device == device) & (_alarms.c.rule == rule) & (_alarms.c.received_at <= at)
    row = (await connection.execute(select(_alarms).where(here).order_by(_alarms.c.raised_at.desc()).limit(1))).first()
    if row is None:
        return None
    return Measurement(rule, row.stream, row.value, row.limit, row.unit, row.raised_at, row.missing_s > 0)
