"""From an official warning to the tasks of a plan and back, as the outreach process does it."""

from __future__ import annotations

from pathlib import Path

from cloud_gateway.database import reading, transaction
from cloud_gateway.outreach.app import Rounds, make_kit
from cloud_gateway.plans import store
from cloud_gateway.plans.store import NewPlan
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.warnings.model import Alert
from tests.cloud_gateway.exposures.ground import coded, ground_in
from tests.cloud_gateway.plans.pieces import STEPS
from tests.cloud_gateway.warnings.messages import alert, at, cancel, info, key
from tests.databases import make_database

YELLOW = alert("A", 1, info("yellow", places="310115", ends=20))
RED = alert("B", 2, info("red", places="310115", ends=20), refs=(key("A", 1),), kind="Update")
OVER = cancel("C", 4, key("B", 2))


async def test_warning_sets_tasks_off_and_its_cancel_takes_back_what_is_open(tmp_path: Path) -> None:
    now = at(1)
    make_database(tmp_path / "blank.db")
    async with ground_in(tmp_path / "data", tmp_path / "blank.db") as ground:
        site = await ground.add_site("pudong", coded("310115"))
        async with transaction(ground.engine) as connection:
            await store.add_plan(connection, NewPlan(site, "rainstorm", STEPS, at(9000)), "demo", now)
        settings = GatewaySettings(data_dir=tmp_path / "data")
        rounds = Rounds(ground.engine, settings, make_kit(settings), lambda: now)

        async def after(message: Alert) -> dict[str, str]:
            await ground.save(now, message)
            await rounds.settle()
            await rounds.run_plans()
            async with reading(ground.engine) as connection:
                tasks = await store.list_tasks(connection, "", 100, None, None, False)
            return {task.step: task.state.value for task in tasks}

        yellow = {"clear-drains": "closed-unsafe", "lift-goods": "open"}
        assert await after(YELLOW) == yellow
        assert await after(YELLOW) == yellow
        now = at(2)
        assert await after(RED) == yellow | {"look": "closed-unsafe", "call-crew": "open", "leave": "open"}
        now = at(4)
        assert await after(OVER) == {
            "clear-drains": "closed-unsafe",
            "lift-goods": "rolled-back",
            "look": "closed-unsafe",
            "call-crew": "rolled-back",
            "leave": "rolled-back",
        }
