"""`weiran agent` as a service: a process of its own on mock pins, supervised, its wall clock set under it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.edge_agent.tasks.service_manager import ALIVE, Manager
from tests.waiting import until

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
with_faketime = pytest.mark.skipif(FAKETIME is None, reason="the wall clock cannot be set: install libfaketime")
SETTINGS = """
device = "yard-7"
state_dir = "{folder}/state"
heartbeat_s = 0.2
broker.port = 1

[[sensor]]
kind = "contact"
stream = "door"
unit = "/"
pin = 17
interval_s = 0.2
"""
STEP_MS = 2_000


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.close()


@asynccontextmanager
async def service(folder: Path, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The agent as systemd would start it; told to stop at the end, and it must end well."""
    (folder / "agent.toml").write_text(SETTINGS.format(folder=folder))
    environment = (
        os.environ
        | more
        | {
            "GPIOZERO_PIN_FACTORY": "mock",
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": "1000000",
        }
    )
    command = [sys.executable, "-m", "deploy", "agent", "--config", str(folder / "agent.toml")]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield process
        process.terminate()
        async with asyncio.timeout(60):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_service_is_ready_alive_and_ends_when_told(tmp_path: Path, manager: Manager) -> None:
    async with service(tmp_path):
        await until(lambda: manager.told().count(ALIVE) >= 3)
        assert manager.told()[0] == "READY=1"
    assert manager.told()[-1] == "STOPPING=1"


@with_faketime
async def test_wall_clock_set_under_a_running_service_is_told_and_no_fact_is_moved_by_it(
    tmp_path: Path, manager: Manager
) -> None:
    wall = tmp_path / "wall"
    wall.write_text("+0")
    fake = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(wall),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    async with service(tmp_path, **fake):
        await until(lambda: manager.told().count(ALIVE) >= 3)
        wall.write_text("-20775d")  # to 1970
        await until(lambda: "STATUS=degraded: clock" in manager.told())
        before = manager.told().count(ALIVE)
        await until(lambda: manager.told().count(ALIVE) >= before + 5)
    facts = stored(tmp_path / "state" / "outbox.db")
    assert len(facts["reading"]) > 3
    assert wandering_ms(facts["reading"]) < STEP_MS
    assert wandering_ms(facts["diagnostic"]) < STEP_MS
    assert [mono for _, mono, _ in facts["reading"]] == sorted(mono for _, mono, _ in facts["reading"])
    assert "clock-step/1" in {kind for _, _, kind in facts["diagnostic"]}


def stored(file: Path) -> dict[str, list[tuple[int, int, str]]]:
    """(at, mono in ms, kind) by lane, in the order of seq."""
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT at, mono / 1000000, kind FROM pending WHERE lane=? ORDER BY seq"
        return {lane: connection.execute(query, (lane,)).fetchall() for lane in ("reading", "diagnostic")}


def wandering_ms(facts: list[tuple[int, int, str]]) -> int:
    """How far the times of the facts wander from the monotonic clock."""
    offsets = [at - mono for at, mono, _ in facts]
    return max(offsets) - min(offsets)
