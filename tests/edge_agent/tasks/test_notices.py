"""A device keeps what people must see: over a real broker, over restarts, and whatever else comes on the topic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from deploy.servers import Server
from edge_agent.settings import AgentSettings
from edge_agent.wire.link import Connection, connect
from edge_agent.wire.messages import MAX_NOTICE_BYTES, Notice, NoticeEntry
from firmware_sim.board import make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import LIMIT_S, START, level, make_settings, running_agent
from tests.links import ear_of, secured
from tests.waiting import POLL_S, until

RAIN = NoticeEntry("e1", "rainstorm", "Heavy rain", "暴雨", 3, START, official=True, issuer="浦东气象台", text="暴雨")
STORM = Notice(1, [RAIN], START)
CLEAR = Notice(2, [], START + 1)


@pytest.fixture
def settings(broker: Server, device: str, tmp_path: Path) -> AgentSettings:
    return make_settings(tmp_path, level(), device=device, broker=broker)


@asynccontextmanager
async def office(broker: Server, device: str) -> AsyncIterator[Connection]:
    options = replace(secured(broker, ear_of(device)), session_expiry_s=0)
    async with connect(options, lambda delivery: None) as connection:
        yield connection


async def say(connection: Connection, device: str, payload: bytes) -> None:
    await connection.publish(f"weiran/1/{device}/notice", payload, retain=True)


async def test_device_that_comes_later_hears_it_and_the_all_clear(
    broker: Server, device: str, settings: AgentSettings
) -> None:
    async with office(broker, device) as gateway:
        await say(gateway, device, msgspec.json.encode(STORM))
        async with running_agent(settings, make_board("SIM-1"), ScenarioClock(START)) as agent:
            await until(lambda: agent.notice == STORM)
            await say(gateway, device, msgspec.json.encode(CLEAR))
            await until(lambda: agent.notice == CLEAR)


async def test_notice_is_there_after_a_restart_without_a_link(
    broker: Server, device: str, settings: AgentSettings, tmp_path: Path
) -> None:
    async with (
        office(broker, device) as gateway,
        running_agent(settings, make_board("SIM-1"), ScenarioClock(START)) as agent,
    ):
        await say(gateway, device, msgspec.json.encode(STORM))
        await until(lambda: agent.notice == STORM)
        async with asyncio.timeout(LIMIT_S):
            while not await agent.outbox.recall("notice."):  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(POLL_S)
    alone = make_settings(tmp_path, level(), device=device)
    async with running_agent(alone, make_board("SIM-1"), ScenarioClock(START)) as agent:
        assert agent.notice == STORM


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"\xff\xfe",
        msgspec.json.encode(Notice(3, [RAIN] * 17, START)),
        msgspec.json.encode(Notice(3, [msgspec.structs.replace(RAIN, level=9)], START)),
        msgspec.json.encode(Notice(3, [], START, v=2)),
        b" " * (MAX_NOTICE_BYTES + 1),
        b"[" * 50_000,
    ],
    ids=["broken", "bytes", "too many", "no level", "another version", "too large", "deep"],
)
async def test_what_cannot_be_read_leaves_the_last_notice_in_place(
    broker: Server, device: str, settings: AgentSettings, payload: bytes
) -> None:
    async with (
        office(broker, device) as gateway,
        running_agent(settings, make_board("SIM-1"), ScenarioClock(START)) as agent,
    ):
        await say(gateway, device, msgspec.json.encode(STORM))
        await until(lambda: agent.notice == STORM)
        await say(gateway, device, payload)
        await until(lambda: "notice" in agent.degraded)
        assert agent.notice == STORM
        await say(gateway, device, msgspec.json.encode(CLEAR))
        await until(lambda: agent.notice == CLEAR)
        assert "notice" not in agent.degraded
