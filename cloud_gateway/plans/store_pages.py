"""Reads what the pages of plans and tasks show: plans with what is amiss, their drills, and tasks with their place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.tables import recipient, recipient_site
from cloud_gateway.plans.model import Plan, Task, TaskState
from cloud_gateway.plans.store import is_newest, plan_of, task_of
from cloud_gateway.plans.tables import drill, plan, task
from cloud_gateway.sites.store import Site
from cloud_gateway.tables import site
from cloud_gateway.warnings.model import Level


@dataclass(frozen=True)
class PlanFacts:
    """The newest version of a plan, its site, how many of the site's people nobody has tried, and an open drill."""

    plan: Plan
    site: Site
    unchecked: int
    drill: str | None


class Drill(msgspec.Struct, frozen=True):
    """An exercise of a plan, with how many tasks it made and how many of them were answered; times are ms UTC."""

    id: str
    version: int
    level: Level
    onset: int
    begun_at: int
    begun_by: str
    ended_at: int | None
    tasks: int
    answered: int


@dataclass(frozen=True)
class TaskFacts:
    """A task with its place; `is_drill` and `simulated` say what sort of event set it off, `over` that it has ended."""

    task: Task
    site: Site
    hazard: str
    owner: str
    is_drill: bool
    simulated: bool
    over: bool


async def list_plans(connection: AsyncConnection, now: int, since: int, most: int) -> tuple[list[PlanFacts], int]:
    """The newest versions and how many there are: overdue first, then those with people nobody has tried since."""
    unchecked = _unchecked(since).label("unchecked")
    query = select(plan, unchecked, _open_drill().label("drill")).where(is_newest())
    order = ((plan.c.review_by <= now).desc(), (unchecked > 0).desc(), plan.c.review_by, plan.c.id)
    rows = (await connection.execute(query.order_by(*order).limit(most))).mappings().all()
    sites = await _sites(connection, {row["site"] for row in rows})
    every = await connection.scalar(select(func.count()).select_from(plan).where(is_newest()))
    return [PlanFacts(plan_of(row), sites[row["site"]], row["unchecked"], row["drill"]) for row in rows], every or 0


async def find_plan(connection: AsyncConnection, name: str) -> tuple[Plan, Site] | None:
    """The plan version of that id, with its site."""
    row = (await connection.execute(select(plan).where(plan.c.id == name))).mappings().first()
    if row is None:
        return None
    return plan_of(row), (await _sites(connection, {row["site"]}))[row["site"]]


async def list_versions(connection: AsyncConnection, of: Plan, most: int) -> list[Plan]:
    """Versions of the same site and hazard, the newest first."""
    query = select(plan).where(plan.c.site == of.site, plan.c.hazard == of.hazard)
    rows = await connection.execute(query.order_by(plan.c.version.desc()).limit(most))
    return [plan_of(row) for row in rows.mappings()]


async def list_drills(connection: AsyncConnection, of: Plan, most: int) -> list[Drill]:
    """Drills of a site's plan in any version, the newest first."""
    made = select(func.count()).where(task.c.event == drill.c.id)
    answered = made.where(task.c.state.in_((TaskState.DONE, TaskState.UNSAFE)))
    counts = (made.scalar_subquery().label("tasks"), answered.scalar_subquery().label("answered"))
    query = select(drill, plan.c.version, *counts).join(plan, plan.c.id == drill.c.plan)
    query = query.where(plan.c.site == of.site, plan.c.hazard == of.hazard)
    rows = (await connection.execute(query.order_by(drill.c.begun_at.desc()).limit(most))).mappings()
    return [msgspec.convert({name: row[name] for name in Drill.__struct_fields__}, Drill) for row in rows]


async def open_tasks(connection: AsyncConnection, owner: str | None, most: int) -> list[TaskFacts]:
    """Open tasks, real ones before drills, by when they are due; of one owner only if it is given."""
    query = _tasks().where(task.c.state == TaskState.OPEN).order_by(task.c.drill, task.c.due_at, task.c.id)
    if owner is not None:
        query = query.where(task.c.owner == owner)
    return await _read(connection, query.limit(most))


async def open_owners(connection: AsyncConnection) -> list[tuple[str, str]]:
    """Who owns open tasks: role or id, and the name of a person."""
    query = select(task.c.owner, func.coalesce(recipient.c.name, "")).distinct()
    query = query.outerjoin(recipient, recipient.c.id == task.c.owner).where(task.c.state == TaskState.OPEN)
    return [(owner, name) for owner, name in await connection.execute(query.order_by(task.c.owner))]


async def event_tasks(connection: AsyncConnection, event: str) -> list[TaskFacts]:
    """All tasks of an event or a drill, in the order in which they were made."""
    return await _read(connection, _tasks().where(task.c.event == event).order_by(task.c.id))


async def find_facts(connection: AsyncConnection, name: str) -> TaskFacts | None:
    """The task of that id, with its place."""
    return next(iter(await _read(connection, _tasks().where(task.c.id == name))), None)


async def owner_names(connection: AsyncConnection, ids: Collection[str]) -> dict[str, str]:
    """Names of recipients by id."""
    query = select(recipient.c.id, recipient.c.name).where(recipient.c.id.in_(ids))
    return {row.id: row.name for row in await connection.execute(query)}


def _unchecked(since: int) -> ColumnElement[int]:
    """How many who are told about a plan's site nobody has tried since (ms UTC)."""
    checked = recipient.c.contact_checked_at
    stale = or_(checked.is_(None), checked < since)
    query = (
        select(func.count()).select_from(recipient).join(recipient_site, recipient_site.c.recipient == recipient.c.id)
    )
    here = recipient_site.c.site == plan.c.site
    return query.where(here, stale, recipient.c.disabled_at.is_(None)).scalar_subquery()


def _open_drill() -> ColumnElement[str | None]:
    """The id of a drill that is on, of any version of the same plan."""
    other = plan.alias()
    same = (other.c.site == plan.c.site) & (other.c.hazard == plan.c.hazard)
    query = select(drill.c.id).join(other, other.c.id == drill.c.plan).where(same, drill.c.ended_at.is_(None))
    return query.limit(1).correlate(plan).scalar_subquery()


def _tasks() -> Select[tuple[object, ...]]:
    ends = func.coalesce(hazard_event.c.closed_at, drill.c.ended_at)
    of = (
        plan.c.hazard,
        plan.c.site,
        func.coalesce(recipient.c.name, "").label("owner_name"),
        drill.c.id.is_not(None).label("is_drill"),
        func.coalesce(hazard_event.c.simulated, False).label("simulated"),
        ends.is_not(None).label("over"),
    )
    found = task.join(plan, plan.c.id == task.c.plan)
    found = found.outerjoin(drill, drill.c.id == task.c.event)
    found = found.outerjoin(hazard_event, hazard_event.c.id == task.c.event)
    found = found.outerjoin(recipient, recipient.c.id == task.c.owner)
    return select(task, *of).select_from(found)


async def _read(connection: AsyncConnection, query: Select[tuple[object, ...]]) -> list[TaskFacts]:
    rows = (await connection.execute(query)).mappings().all()
    sites = await _sites(connection, {row["site"] for row in rows})
    return [
        TaskFacts(
            task=task_of(row),
            site=sites[row["site"]],
            hazard=row["hazard"],
            owner=row["owner_name"],
            is_drill=bool(row["is_drill"]),
            simulated=bool(row["simulated"]),
            over=bool(row["over"]),
        )
        for row in rows
    ]


async def _sites(connection: AsyncConnection, ids: Collection[str]) -> dict[str, Site]:
    rows = (await connection.execute(select(site).where(site.c.id.in_(ids)))).mappings()
    return {row["id"]: Site(**row) for row in rows}
