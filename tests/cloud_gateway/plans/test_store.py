"""Plans on a real database: versions, tasks that follow events, and drills beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.plans import store
from cloud_gateway.plans.model import Plan, Step, Task, TaskState
from cloud_gateway.plans.store import NewPlan
from cloud_gateway.sites.store import NewSite, add_site
from cloud_gateway.tables import event, site
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.plans.pieces import CALL, DRAINS, HOUR, LEAVE, NOW, STEPS
from tests.databases import make_database

NONE, BLUE, YELLOW, ORANGE, RED = Level
EVENT = "event-1"


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A database with one site, `yard`."""
    make_database(tmp_path / "gateway.db")
    opened = open_database(tmp_path / "gateway.db")
    async with transaction(opened) as connection:
        await add_site(connection, NewSite("yard", "Yard", "堆场", 31.2, 121.5, "Asia/Shanghai"))
    yield opened
    await opened.dispose()


async def add_plan(engine: AsyncEngine, steps: tuple[Step, ...] = STEPS, hazard: str = "rainstorm") -> Plan:
    async with transaction(engine) as connection:
        where = str(await connection.scalar(select(site.c.id)))
        return await store.add_plan(connection, NewPlan(where, hazard, steps, NOW + HOUR), "demo", NOW)


async def set_event(
    engine: AsyncEngine, number: int, holds: Level, level: Level | None = None, onset: int = NOW, *,
    closed: bool = False, simulated: bool = False,
) -> None:  # fmt: skip
    """The one event as settling would write it."""
    facts: dict[str, object] = {
        "number": number,
        "holds": holds,
        "level": holds if level is None else level,
        "onset": onset,
    }
    facts |= {"closed_at": NOW if closed else None, "simulated": simulated}
    async with transaction(engine) as connection:
        done = await connection.execute(update(hazard_event).where(hazard_event.c.id == EVENT).values(**facts))
        if done.rowcount:
            return
        where = await connection.scalar(select(site.c.id))
        rest = {"peak": holds, "gauge": "", "priority": 1.0, "reasons": "[]", "opened_at": NOW, "changed_at": NOW}
        new = insert(hazard_event).values(id=EVENT, site=where, hazard="rainstorm", **facts, **rest)
        await connection.execute(new)


async def run(engine: AsyncEngine, now: int = NOW) -> int:
    async with transaction(engine) as connection:
        return await store.run_plans(connection, now)


async def tasks(engine: AsyncEngine, of: str = EVENT) -> list[Task]:
    async with reading(engine) as connection:
        return await store.tasks_of_event(connection, of)


async def states(engine: AsyncEngine, of: str = EVENT) -> list[tuple[str, TaskState]]:
    return [(task.step, task.state) for task in await tasks(engine, of)]


async def test_other_content_is_a_new_version_and_the_same_is_none(engine: AsyncEngine) -> None:
    first = await add_plan(engine)
    assert await add_plan(engine) == first
    second = await add_plan(engine, (LEAVE,))
    assert (first.version, second.version) == (1, 2)
    async with reading(engine) as connection:
        assert await store.list_plans(connection, ("", ""), 10, None, None) == [("yard", "Asia/Shanghai", second)]


async def test_overdue_plans_are_listed(engine: AsyncEngine) -> None:
    plan = await add_plan(engine)
    async with reading(engine) as connection:
        assert await store.list_plans(connection, ("", ""), 10, NOW + HOUR - 1, None) == []
        assert await store.list_plans(connection, ("", ""), 10, NOW + HOUR, "yard") == [("yard", "Asia/Shanghai", plan)]
        assert await store.list_plans(connection, ("", ""), 10, None, "dock") == []
        assert await store.list_plans(connection, ("yard", "rainstorm"), 10, None, None) == []


async def test_tasks_follow_the_event_and_each_change_counts_once(engine: AsyncEngine) -> None:
    await add_plan(engine)
    await set_event(engine, 1, YELLOW)
    assert (await run(engine), await run(engine)) == (2, 0)
    await set_event(engine, 2, ORANGE)
    assert (await run(engine), await run(engine)) == (2, 0)
    await set_event(engine, 3, YELLOW)
    await run(engine)
    assert await states(engine) == [
        ("clear-drains", TaskState.CLOSED_UNSAFE),
        ("lift-goods", TaskState.OPEN),
        ("look", TaskState.ROLLED_BACK),
        ("call-crew", TaskState.ROLLED_BACK),
    ]
    await set_event(engine, 4, NONE, closed=True)
    assert (await run(engine), await run(engine)) == (1, 0)
    assert [task.number for task in await tasks(engine)] == [1, 1, 2, 2]


async def test_tasks_are_made_with_what_sets_them_off_or_not_at_all(engine: AsyncEngine) -> None:
    await add_plan(engine)
    await set_event(engine, 1, YELLOW)
    async with engine.connect() as connection, connection.begin() as half_done:
        assert await store.run_plans(connection, NOW) == 2
        await half_done.rollback()
    assert await states(engine) == []
    assert await run(engine) == 2


async def test_time_closes_what_is_outdoors(engine: AsyncEngine) -> None:
    await add_plan(engine, (DRAINS,))
    await set_event(engine, 1, NONE, BLUE, NOW + 9 * HOUR)
    await run(engine)
    assert await run(engine, NOW + 7 * HOUR - 1) == 0
    assert await run(engine, NOW + 7 * HOUR) == 1
    assert await states(engine) == [("clear-drains", TaskState.CLOSED_UNSAFE)]


async def test_onset_that_moves_without_a_change_is_seen(engine: AsyncEngine) -> None:
    await add_plan(engine, (DRAINS,))
    await set_event(engine, 1, NONE, BLUE, NOW + 9 * HOUR)
    await run(engine)
    await set_event(engine, 1, NONE, BLUE, NOW + HOUR)
    await run(engine)
    assert await states(engine) == [("clear-drains", TaskState.CLOSED_UNSAFE)]


async def test_running_task_keeps_the_version_that_set_it_off(engine: AsyncEngine) -> None:
    first = await add_plan(engine, (CALL,))
    await set_event(engine, 1, ORANGE)
    await run(engine)
    second = await add_plan(engine, (LEAVE,))
    await set_event(engine, 2, RED)
    await run(engine)
    assert [(task.step, task.plan) for task in await tasks(engine)] == [("call-crew", first.id), ("leave", second.id)]


async def test_event_of_another_hazard_or_without_a_plan_makes_none(engine: AsyncEngine) -> None:
    await add_plan(engine, hazard="typhoon")
    await set_event(engine, 1, RED)
    assert await run(engine) == 0


async def test_drill_stands_apart_from_what_is_real(engine: AsyncEngine) -> None:
    plan = await add_plan(engine)
    await set_event(engine, 1, YELLOW)
    await run(engine)
    async with transaction(engine) as connection:
        first = await store.begin_drill(connection, plan.site, "rainstorm", RED, NOW, "demo", NOW)
        second = await store.begin_drill(connection, plan.site, "rainstorm", ORANGE, NOW, "demo", NOW)
        real = await store.list_tasks(connection, "", 100, None, None, False)
        drills = await store.list_tasks(connection, "", 100, None, None, True)
    assert {task.drill for task in (*first, *second)} == {True}
    assert ("leave", TaskState.ROLLED_BACK) in await states(engine, first[0].event)
    assert {task.event for task in real} == {EVENT}
    assert {task.event for task in drills} == {first[0].event, second[0].event}
    assert len(real) == 2


async def test_tasks_of_simulated_events_are_marked(engine: AsyncEngine) -> None:
    await add_plan(engine)
    await set_event(engine, 1, YELLOW, simulated=True)
    await run(engine)
    assert {task.drill for task in await tasks(engine)} == {True}


async def test_live_pages_hear_of_tasks(engine: AsyncEngine) -> None:
    await add_plan(engine)
    await set_event(engine, 1, YELLOW)
    await run(engine)
    await run(engine)
    async with reading(engine) as connection:
        query = select(func.count()).select_from(event).where(event.c.topic == store.TOPIC)
        assert await connection.scalar(query) == 1
