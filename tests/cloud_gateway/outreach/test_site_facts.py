"""What a message says of a site: the tasks of its plan with owner and deadline, and what our own gauge measured."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert

from cloud_gateway.database import transaction
from cloud_gateway.exposures.tables import gateway_alarm
from cloud_gateway.outreach.facts import Measurement, SiteFact, TaskFact
from cloud_gateway.outreach.measures import measurement_words
from cloud_gateway.outreach.model import Change
from cloud_gateway.outreach.tasks import KnownTask, tasks_to_tell
from cloud_gateway.outreach.texts import MAX_TASKS, render
from cloud_gateway.plans.model import Standing, Step, TaskState
from cloud_gateway.plans.store import NewPlan, add_plan, run_plans
from cloud_gateway.tables import alarm
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.outreach.ground import AT, HOUR, MINUTE, Ground, ground
from tests.cloud_gateway.outreach.words import facts, message, site_fact

PUMPS = Step("pumps", "Start the pumps", "启动水泵", "customer", Level.MODERATE, deadline_s=3600)
GOODS = Step("goods", "Raise the goods", "垫高货物", "lin", Level.SEVERE, deadline_s=1800)
ROOF = Step("roof", "Clear the roof drains", "清理屋面排水口", "branch", Level.MINOR, outdoor=True)
HELD = Standing("e", Level.SEVERE, Level.SEVERE, AT, 1)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(tmp_path) as made:
        made.kit = replace(made.kit, render=render)
        await made.add_sites("east")
        await made.add_person("lin", "east", language="zh-Hans")
        yield made


async def body(place: Ground, name: str = "lin") -> str:
    """The newest message of somebody."""
    rows = await place.rows("SELECT body FROM message WHERE recipient=:name ORDER BY id DESC LIMIT 1", name=name)
    return str(rows[0]["body"])


async def stand(place: Ground, level: Level) -> None:
    """As settling leaves the event: in force at the level."""
    await place.execute(f"UPDATE hazard_event SET holds={level:d}, level={level:d}, onset={AT}")


def with_tasks(*tasks: TaskFact) -> SiteFact:
    """A site with tasks."""
    return msgspec.structs.replace(site_fact("Pudong"), tasks=tasks)


async def test_messages_name_the_tasks_of_the_level_with_owner_and_deadline(place: Ground) -> None:
    await place.add_person("ada", "east", role="customer", language="en")
    async with transaction(place.engine) as connection:
        await add_plan(connection, NewPlan("east", "rainstorm", (PUMPS, GOODS), AT + 1000 * HOUR), "zhou", AT)
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await stand(place, Level.SEVERE)
    await place.plan(AT + MINUTE)
    assert (
        "应急预案任务：\n- 垫高货物（负责：lin；最迟 2026-07-20 08:30 UTC+8）\n- 启动水泵（负责：客户；最迟"
        in await body(place)
    )
    assert "- Start the pumps (customer; by 2026-07-20 09:00 UTC+8)\n" in await body(place, "ada")


async def test_task_that_was_done_is_not_told_again_and_one_of_a_higher_level_not_yet(place: Ground) -> None:
    async with transaction(place.engine) as connection:
        await add_plan(connection, NewPlan("east", "rainstorm", (PUMPS, GOODS, ROOF), AT + 1000 * HOUR), "zhou", AT)
    await place.change(Change.RAISED, Level.MODERATE, "east")
    await stand(place, Level.MODERATE)
    async with transaction(place.engine) as connection:
        await run_plans(connection, AT)
    await place.execute(f"UPDATE task SET state='done', ended_at={AT} WHERE step='pumps'")
    await place.plan(AT + MINUTE)
    said = await body(place)
    assert [word for word in ("启动水泵", "垫高货物", "清理屋面排水口") if word in said] == ["清理屋面排水口"]


async def test_all_clear_names_no_task(place: Ground) -> None:
    async with transaction(place.engine) as connection:
        await add_plan(connection, NewPlan("east", "rainstorm", (PUMPS,), AT + 1000 * HOUR), "zhou", AT)
    await place.change(Change.RAISED, Level.SEVERE, "east")
    await stand(place, Level.SEVERE)
    await place.plan()
    await place.leave()
    await place.change(Change.CLEARED, Level.NONE, "east", at=AT + HOUR)
    await place.plan(AT + HOUR)
    assert ("预案任务" in await body(place), "现场已回落" in await body(place)) == (False, True)


@pytest.mark.parametrize(
    ("standing", "known", "told"),
    [
        (HELD, {}, [("Start the pumps", AT + HOUR)]),
        (HELD, {"pumps": KnownTask(TaskState.OPEN, AT + MINUTE)}, [("Start the pumps", AT + MINUTE)]),
        (HELD, {"pumps": KnownTask(TaskState.DONE, AT)}, []),
        (HELD, {"pumps": KnownTask(TaskState.UNSAFE, AT)}, []),
        (HELD, {"pumps": KnownTask(TaskState.ROLLED_BACK, AT)}, [("Start the pumps", AT + HOUR)]),
        (Standing("e", Level.NONE, Level.SEVERE, AT), {}, []),
        (Standing("e", Level.SEVERE, Level.SEVERE, AT, closed=True), {}, []),
    ],
    ids=["no task yet", "open", "done", "unsafe, not done", "rolled back", "only to come", "over"],
)
def test_what_is_told_of_a_step(standing: Standing, known: dict[str, KnownTask], told: list[tuple[str, int]]) -> None:
    assert [(one.text, one.due_at) for one in tasks_to_tell((PUMPS,), standing, known, AT)] == told


def test_under_red_nobody_is_sent_out() -> None:
    red = Standing("e", Level.EXTREME, Level.EXTREME, AT, 1)
    (roof,) = tasks_to_tell((ROOF,), red, {}, AT)
    said = render(message(), "en", facts(with_tasks(roof))).body
    assert "- Clear the roof drains (branch; not any more: it is not safe to go out)\n" in said


def test_no_text_of_a_plan_can_add_a_line_and_many_tasks_are_named_up_to_a_bound() -> None:
    forged = TaskFact("Pump\nOfficial text: lifted", "", "customer", AT)
    said = render(message(), "en", facts(with_tasks(*[forged] * (MAX_TASKS + 2)))).body
    assert said.count("- Pump Official text: lifted (customer; by ") == MAX_TASKS
    assert "... and 2 more, listed in the system." in said


async def test_our_own_gauge_is_told_with_value_unit_and_threshold_not_by_its_rule(place: Ground) -> None:
    row = {"device": "tide-01", "epoch": "e", "seq": 1, "rule": "surge_2", "stream": "tide", "value": 3.412}
    row |= {"limit": 3.2, "unit": "m", "since": AT, "raised_at": AT - MINUTE, "received_at": AT, "cleared_at": None}
    later = row | {"seq": 2, "value": 9.9, "raised_at": AT + HOUR, "received_at": AT + HOUR}
    async with transaction(place.engine) as connection:
        await connection.execute(insert(alarm), [row, later])
    await place.change(Change.RAISED, Level.SEVERE, "east", cause="tide-01/surge_2")
    await place.plan()
    said = await body(place)
    assert "【现场达到阈值】east仓库：潮位 3.41 m（阈值 3.2 m），2026-07-20 07:59 UTC+8\n" in said
    assert "surge_2" not in said


async def test_rain_that_was_summed_here_is_told_with_its_hours(place: Ground) -> None:
    row = {"device": "rain-01", "rule": "rain-50-in-6h", "stream": "rain", "hazard": "rainstorm", "level": 2}
    row |= {"value": 52.4, "limit": 50.0, "unit": "mm", "missing_s": 60, "raised_at": AT, "received_at": AT}
    async with transaction(place.engine) as connection:
        await connection.execute(insert(gateway_alarm).values(**row, cleared_at=None))
    await place.change(Change.RAISED, Level.MODERATE, "east", cause="rain-01/rain-50-in-6h")
    await place.plan()
    assert "6 小时雨量 至少 52.4 mm（阈值 50 mm）" in await body(place)


@pytest.mark.parametrize(
    ("measured", "zh", "en"),
    [
        (Measurement("r", "tide", 3.4, 3.2, "m", AT), "潮位 3.4 m（阈值 3.2 m）", "tide level 3.4 m (threshold 3.2 m)"),
        (
            Measurement("rain-100-in-3h", "rain", 100.2, 100.0, "mm", AT),
            "3 小时雨量 100.2 mm（阈值 100 mm）",
            "rain 100.2 mm in 3 h (threshold 100 mm)",
        ),
        (Measurement("r", "smoke-2", 1.0, 0.5, "/", AT), "烟雾：已报警", "smoke: reported"),
        (Measurement("r", "cellar", 8.0, 5.0, "Cel", AT), "cellar 8 °C（阈值 5 °C）", "cellar 8 °C (threshold 5 °C)"),
    ],
    ids=["level", "rain", "switch", "another stream"],
)
def test_measurement_in_words(measured: Measurement, zh: str, en: str) -> None:
    assert (measurement_words(measured, "zh-Hans"), measurement_words(measured, "en")) == (zh, en)
