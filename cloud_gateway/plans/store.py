"""Plans by version, drills, and the tasks that events and drills set off."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, RowMapping, Select, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.tables import recipient
from cloud_gateway.plans.execution import Decision, tasks_for
from cloud_gateway.plans.model import OWNERS, Plan, Standing, Step, Task, TaskState
from cloud_gateway.plans.tables import drill, plan, plan_run, task
from cloud_gateway.tables import event, site
from cloud_gateway.warnings.model import Level

TOPIC = "task"
#: Events of a sort that one transaction looks at: others wait for the database meanwhile. Ids that one statement names.
MOST_EVENTS = 500
PART = 500
#: Events that a live page is told by name.
MOST_NAMED = 50
#: What changes of a task.
CHANGING = ("state", "unsafe_at", "ended_at", "ended_by", "note", "photo")
_steps = msgspec.json.Decoder(tuple[Step, ...])


class NewPlan(msgspec.Struct, frozen=True):
    """A plan as it is entered; `site` is the site's id, `review_by` ms UTC."""

    site: str
    hazard: str
    steps: tuple[Step, ...]
    review_by: int


async def add_plan(connection: AsyncConnection, new: NewPlan, by: str, now: int) -> Plan:
    """The newest version of a plan: what was entered, as a version of its own, or the newest if that says the same."""
    known = await newest_plan(connection, new.site, new.hazard)
    if known is not None and (known.steps, known.review_by) == (new.steps, new.review_by):
        return known
    version = known.version + 1 if known is not None else 1
    made = Plan(str(uuid7()), new.site, new.hazard, version, new.steps, new.review_by, now, by)
    row = msgspec.structs.asdict(made) | {"steps": msgspec.json.encode(made.steps).decode()}
    await connection.execute(insert(plan).values(**row))
    return made


async def newest_plan(connection: AsyncConnection, where: str, hazard: str) -> Plan | None:
    """The newest version of a site's plan against a hazard; `where` is the site's id."""
    query = _newest().where(plan.c.site == where, plan.c.hazard == hazard)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else plan_of(row)


async def list_plans(
    connection: AsyncConnection, after: tuple[str, str], limit: int, overdue_at: int | None, where: str | None
) -> list[tuple[str, str, Plan]]:
    """The newest versions with site code and zone, by (code, hazard) above `after`: all, those overdue, or a site's."""
    place = select(plan, site.c.code, site.c.zone).join(site, site.c.id == plan.c.site).where(is_newest())
    above = (site.c.code > after[0]) | ((site.c.code == after[0]) & (plan.c.hazard > after[1]))
    query = place.where(above).order_by(site.c.code, plan.c.hazard).limit(limit)
    if overdue_at is not None:
        query = query.where(plan.c.review_by <= overdue_at)
    if where is not None:
        query = query.where(site.c.code == where)
    rows = (await connection.execute(query)).mappings()
    return [(row["code"], row["zone"], plan_of(row)) for row in rows]


async def unknown_owners(connection: AsyncConnection, steps: Iterable[Step]) -> list[str]:
    """Owners of steps that are neither a role nor the id of a recipient who is told."""
    named = {step.owner for step in steps} - set(OWNERS)
    query = select(recipient.c.id).where(recipient.c.id.in_(named), recipient.c.disabled_at.is_(None))
    return sorted(named - set(await connection.scalars(query)))


async def run_plans(connection: AsyncConnection, now: int) -> int:
    """Bring the tasks of events up to how they stand at `now`; returns how many tasks were made or changed.

    So many events at a time; `has_changes` tells whether more wait.
    How each event stood is noted in the same transaction, so that it may be called as often as one likes.
    """
    events = await _unsettled(connection, now)
    standings = [*await _standings(connection, events), *await _drill_standings(connection, events)]
    changed = await _settle(connection, standings, now)
    await _remember(connection, standings)
    return changed


async def has_changes(connection: AsyncConnection, now: int) -> bool:
    """Whether `run_plans` would have something to look at."""
    return bool(await _unsettled(connection, now))


async def begin_drill(
    connection: AsyncConnection, where: str, hazard: str, level: Level, onset: int, by: str, now: int
) -> list[Task]:
    """Exercise the newest plan as if `level` were in force from `onset` on; ends an open drill of it first.

    Raises LookupError without a plan.
    """
    found = await newest_plan(connection, where, hazard)
    if found is None:
        raise LookupError(f"there is no plan against {hazard}")
    await end_drills(connection, where, hazard, now)
    made = str(uuid7())
    row = {"id": made, "plan": found.id, "level": level, "onset": onset, "begun_at": now, "begun_by": by}
    await connection.execute(insert(drill).values(**row))
    await _settle(connection, await _drill_standings(connection, [made]), now)
    return await tasks_of_event(connection, made)


async def end_drills(connection: AsyncConnection, where: str, hazard: str, now: int) -> int:
    """End the open drills of a site's plan and take back their open tasks; returns how many were ended."""
    plans = select(plan.c.id).where(plan.c.site == where, plan.c.hazard == hazard)
    ended = update(drill).where(drill.c.plan.in_(plans), drill.c.ended_at.is_(None)).values(ended_at=now)
    ids = list(await connection.scalars(ended.returning(drill.c.id)))
    await _settle(connection, await _drill_standings(connection, ids), now)
    return len(ids)


async def tasks_of_event(connection: AsyncConnection, of: str) -> list[Task]:
    """All tasks of an event or a drill, oldest first."""
    return (await _tasks(connection, [of]))[of]


async def list_tasks(
    connection: AsyncConnection, after: str, limit: int, of: str | None, state: TaskState | None, drills: bool
) -> list[Task]:
    """Tasks by id above `after`; those of one event or drill, or else of real events only or of drills only."""
    query = select(task).where(task.c.id > after).order_by(task.c.id).limit(limit)
    query = query.where(task.c.drill == drills) if of is None else query.where(task.c.event == of)
    if state is not None:
        query = query.where(task.c.state == state)
    return [task_of(row) for row in (await connection.execute(query)).mappings()]


async def find_task(connection: AsyncConnection, name: str) -> tuple[Task, Step, Standing] | None:
    """A task with its step and how its event stands now."""
    row = (await connection.execute(select(task).where(task.c.id == name))).mappings().first()
    if row is None:
        return None
    found = task_of(row)
    steps = await _steps_of(connection, [found])
    standings = [
        *await _standings(connection, [found.event]),
        *await _drill_standings(connection, [found.event]),
    ]
    return found, steps[found.plan, found.step], standings[0]


async def end_task(connection: AsyncConnection, ended: Task, now: int) -> None:
    """Store an answered task."""
    await _write_states(connection, [ended])
    await _tell(connection, [ended.event], now)


async def _unsettled(connection: AsyncConnection, now: int) -> list[str]:
    """Events and drills whose tasks may have to move."""
    has_plan = exists().where(plan.c.site == hazard_event.c.site, plan.c.hazard == hazard_event.c.hazard)
    moved = or_(
        plan_run.c.event.is_(None),
        plan_run.c.number != hazard_event.c.number,
        plan_run.c.onset != hazard_event.c.onset,
    )
    beside = hazard_event.outerjoin(plan_run, plan_run.c.event == hazard_event.c.id)
    running = select(hazard_event.c.id).select_from(beside).where(hazard_event.c.closed_at.is_(None), has_plan, moved)
    over = select(plan_run.c.event).join(hazard_event, hazard_event.c.id == plan_run.c.event)
    over = over.where(hazard_event.c.closed_at.is_not(None))
    unsafe = select(task.c.event).distinct().where(task.c.state == TaskState.OPEN, task.c.unsafe_at <= now)
    found: dict[str, None] = {}
    for query in (unsafe, over, running):
        found |= dict.fromkeys(await connection.scalars(query.limit(MOST_EVENTS)))
    return list(found)


async def _settle(connection: AsyncConnection, standings: Sequence[Standing], now: int) -> int:
    known = await _tasks(connection, [standing.event for standing in standings])
    plans = await _plans_for(connection, [standing.event for standing in standings])
    steps = await _steps_of(connection, [one for tasks in known.values() for one in tasks])
    decided = [_decide(standing, known, plans, steps, now) for standing in standings]
    made = [one for decision in decided for one in decision.made]
    changed = [one for decision in decided for one in decision.changed]
    if made:
        await connection.execute(insert(task), [msgspec.structs.asdict(one) for one in made])
    await _write_states(connection, changed)
    if made or changed:
        await _tell(connection, dict.fromkeys(one.event for one in (*made, *changed)), now)
    return len(made) + len(changed)


def _decide(
    standing: Standing,
    known: dict[str, list[Task]],
    plans: dict[str, Plan],
    steps: dict[tuple[str, str], Step],
    now: int,
) -> Decision:
    return tasks_for(plans.get(standing.event), standing, known[standing.event], steps, now, lambda: str(uuid7()))


async def _standings(connection: AsyncConnection, events: Collection[str]) -> list[Standing]:
    found = []
    for part in _parts(events):
        rows = (await connection.execute(select(hazard_event).where(hazard_event.c.id.in_(part)))).mappings()
        found += [
            Standing(
                event=row["id"],
                holds=Level(row["holds"]),
                level=Level(row["level"]),
                onset=row["onset"],
                number=row["number"],
                closed=row["closed_at"] is not None,
                drill=row["simulated"],
            )
            for row in rows
        ]
    return found


async def _drill_standings(connection: AsyncConnection, drills: Collection[str]) -> list[Standing]:
    found = []
    for part in _parts(drills):
        rows = (await connection.execute(select(drill).where(drill.c.id.in_(part)))).mappings()
        found += [_drill_standing(row) for row in rows]
    return found


async def _plans_for(connection: AsyncConnection, events: Collection[str]) -> dict[str, Plan]:
    """The newest plan of each event that has one, and the plan of each drill."""
    found: dict[str, Plan] = {}
    same = (plan.c.site == hazard_event.c.site) & (plan.c.hazard == hazard_event.c.hazard)
    for part in _parts(events):
        real = select(plan, hazard_event.c.id.label("of")).join(hazard_event, same)
        exercised = select(plan, drill.c.id.label("of")).join(drill, drill.c.plan == plan.c.id)
        for query in (
            real.where(is_newest(), hazard_event.c.id.in_(part)),
            exercised.where(drill.c.id.in_(part)),
        ):
            found |= {row["of"]: plan_of(row) for row in (await connection.execute(query)).mappings()}
    return found


async def _tasks(connection: AsyncConnection, events: Collection[str]) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = defaultdict(list)
    for part in _parts(events):
        query = select(task).where(task.c.event.in_(part)).order_by(task.c.id)
        for row in (await connection.execute(query)).mappings():
            found[row["event"]].append(task_of(row))
    return found


async def _steps_of(connection: AsyncConnection, tasks: Iterable[Task]) -> dict[tuple[str, str], Step]:
    """The steps of tasks by (plan, name), of the version that set them off."""
    found: dict[tuple[str, str], Step] = {}
    for part in _parts({one.plan for one in tasks}):
        for row in (await connection.execute(select(plan).where(plan.c.id.in_(part)))).mappings():
            found |= {(row["id"], step.name): step for step in _steps.decode(row["steps"])}
    return found


async def _write_states(connection: AsyncConnection, tasks: Iterable[Task]) -> None:
    rows = [{"its_id": one.id} | {name: getattr(one, name) for name in CHANGING} for one in tasks]
    if rows:
        this = update(task).where(task.c.id == bindparam("its_id"))
        await connection.execute(this.values({name: bindparam(name) for name in CHANGING}), rows)


async def _remember(connection: AsyncConnection, standings: Collection[Standing]) -> None:
    over = [{"its_event": one.event} for one in standings if one.closed]
    running = [one for one in standings if one.number and not one.closed]
    seen = [{"event": one.event, "number": one.number, "onset": one.onset} for one in running]
    if over:
        await connection.execute(delete(plan_run).where(plan_run.c.event == bindparam("its_event")), over)
    if seen:
        new = insert_or(plan_run)
        kept = {"number": new.excluded.number, "onset": new.excluded.onset}
        await connection.execute(new.on_conflict_do_update(index_elements=["event"], set_=kept), seen)


async def _tell(connection: AsyncConnection, events: Iterable[str], now: int) -> None:
    ids = list(events)
    body = json.dumps({"count": len(ids), "events": ids[:MOST_NAMED]})
    await connection.execute(insert(event).values(at=now, topic=TOPIC, body=body))


def _drill_standing(row: RowMapping) -> Standing:
    """As if the level were in force, or were to come where the onset lay ahead when the drill began."""
    level = Level(row["level"])
    holds = level if row["onset"] <= row["begun_at"] else Level.NONE
    return Standing(row["id"], holds, level, row["onset"], closed=row["ended_at"] is not None, drill=True)


def _newest() -> Select[tuple[object, ...]]:
    return select(plan).where(is_newest())


def is_newest() -> ColumnElement[bool]:
    """Of `plan`: no other version of the same site and hazard is newer."""
    other = plan.alias()
    same = (other.c.site == plan.c.site) & (other.c.hazard == plan.c.hazard)
    return plan.c.version == select(func.max(other.c.version)).where(same).scalar_subquery()


def plan_of(row: RowMapping) -> Plan:
    """A plan from a row that has its columns."""
    names = [name for name in Plan.__struct_fields__ if name != "steps"]
    return Plan(steps=_steps.decode(row["steps"]), **{name: row[name] for name in names})


def task_of(row: RowMapping) -> Task:
    """A task from a row that has its columns."""
    return msgspec.convert({name: row[name] for name in Task.__struct_fields__}, Task)


def _parts(ids: Collection[str]) -> Iterable[list[str]]:
    ordered = sorted(ids)
    return (ordered[start : start + PART] for start in range(0, len(ordered), PART))
