"""Settings from afar, from the API to the device and back: real web process, ingest, broker and agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest

from cloud_gateway.settings import GatewaySettings
from deploy.servers import Server
from edge_agent.hardware.clock import SystemClock
from edge_agent.settings import AgentSettings, TwinSettings
from edge_agent.wire.link import connect
from edge_agent.wire.messages import Desired
from edge_agent.wire.session import Delivery
from firmware_sim.board import make_board
from tests.cloud_gateway.conftest import running
from tests.edge_agent.tasks.agents import flood, level, make_settings, running_agent
from tests.end_to_end.gateway import Books, running_ingest
from tests.links import EARS, secured
from tests.waiting import until

DEVICE = "agent-01"
TWIN = f"/api/v1/devices/{DEVICE}/twin"
LOWER = {"flood.above": 3, "flood.clear": 2}


@asynccontextmanager
async def signed_in(settings: GatewaySettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the web process of this gateway, on a free port."""
    web = settings.web.model_copy(update={"port": 0})
    async with running(settings.model_copy(update={"web": web})) as console, console.client() as client:
        yield client


async def want(client: httpx.AsyncClient, section: str, keys: Mapping[str, float]) -> None:
    """Change a section, whatever version the twin has."""
    etag = (await client.get(TWIN)).headers["ETag"]
    answer = await client.put(f"{TWIN}/{section}", json=keys, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text


def reported(books: Books) -> list[object]:
    """(version, state) of the newest report."""
    query = "SELECT json_extract(reported, '$.version'), json_extract(reported, '$.state') FROM twin"
    return [*books.rows(query)]


async def until_retained(broker: Server, version: int) -> None:
    """Wait until the broker keeps that version for the device."""
    heard: list[Delivery] = []
    options = replace(secured(broker, EARS[0]), session_expiry_s=0)
    async with connect(options, heard.append) as connection:
        await connection.subscribe([f"weiran/1/{DEVICE}/config/desired"])
        await until(lambda: version in [msgspec.json.decode(d.payload, type=Desired).version for d in heard])


@pytest.fixture
def books(sqlite_settings: GatewaySettings) -> Books:
    return Books(sqlite_settings)


@pytest.fixture
def agent(own_broker: Server, tmp_path: Path) -> AgentSettings:
    """A level that is looked at five times a second, with a flood at 5 m."""
    return make_settings(
        tmp_path / "agent", level(interval_s=0.2), rules=[flood()], device=DEVICE, broker=own_broker, heartbeat_s=0.5
    )


async def test_a_threshold_changed_by_the_api_raises_the_alarm(
    sqlite_settings: GatewaySettings, books: Books, agent: AgentSettings
) -> None:
    board = make_board("SIM-1")
    board.set_ratio(0, 0.4)
    async with (
        running_ingest(sqlite_settings),
        signed_in(sqlite_settings) as client,
        running_agent(agent, board, SystemClock()),
    ):
        await until(lambda: reported(books) == [(0, "applied")])
        await want(client, "rules", LOWER)
        await until(lambda: reported(books) == [(1, "applied")])
        await until(lambda: books.rows("SELECT 1 FROM alarm"))
        twin = (await client.get(TWIN)).json()
    assert books.rows('SELECT rule, "limit" FROM alarm') == [("flood", 3)]
    assert books.rows('SELECT "limit" FROM rule') == [(3,)]
    assert (twin["standing"], twin["difference"]) == ("applied", [])
    said = books.rows("SELECT json_extract(body, '$.state') FROM event WHERE topic = 'twin' ORDER BY id")
    assert (said[:2], said[-1]) == ([("applied",), ("desired",)], ("applied",))


async def test_a_device_that_the_gateway_does_not_answer_goes_back_and_the_gateway_learns_of_it(
    sqlite_settings: GatewaySettings, own_broker: Server, books: Books, agent: AgentSettings
) -> None:
    cut_off = agent.model_copy(update={"twin": TwinSettings(trial_s=1)})
    async with signed_in(sqlite_settings) as client:
        async with running_ingest(sqlite_settings), running_agent(agent, make_board("SIM-1"), SystemClock()):
            await until(lambda: reported(books) == [(0, "applied")])
        async with running_ingest(sqlite_settings):
            await want(client, "rules", LOWER)
            await want(client, "uplink", {"keepalive_s": 20})
            await until_retained(own_broker, 2)
        async with running_agent(cut_off, make_board("SIM-1"), SystemClock()) as device:
            lived_by: list[int] = []
            device.followers.append(lambda before: lived_by.append(before.broker.keepalive_s))
            await until(lambda: lived_by == [45, 20])
            async with running_ingest(sqlite_settings):
                await until(lambda: reported(books) == [(2, "reverted")])
                twin = (await client.get(TWIN)).json()
    assert twin["standing"] == "reverted"
    assert {d["key"] for d in twin["difference"]} == {"rules.flood.above", "rules.flood.clear", "uplink.keepalive_s"}
    assert "not reached within 1 s" in twin["reported"]["results"]["desired"]


async def test_what_was_desired_while_the_broker_was_dead_arrives(
    sqlite_settings: GatewaySettings, own_broker: Server, books: Books, agent: AgentSettings
) -> None:
    async with (
        running_ingest(sqlite_settings),
        signed_in(sqlite_settings) as client,
        running_agent(agent, make_board("SIM-1"), SystemClock()),
    ):
        await until(lambda: reported(books) == [(0, "applied")])
        own_broker.kill()
        await want(client, "rules", LOWER)
        await asyncio.to_thread(own_broker.restart)
        await until(lambda: reported(books) == [(1, "applied")])


async def test_what_a_device_cannot_do_is_told_by_key(
    sqlite_settings: GatewaySettings, books: Books, agent: AgentSettings
) -> None:
    async with (
        running_ingest(sqlite_settings),
        signed_in(sqlite_settings) as client,
        running_agent(agent, make_board("SIM-1"), SystemClock()),
    ):
        await until(lambda: reported(books) == [(0, "applied")])
        await want(client, "rules", {"storm.above": 3})
        await want(client, "health", {"heartbeat_s": 0.25})
        await until(lambda: reported(books) == [(2, "applied")])
        twin = (await client.get(TWIN)).json()
    assert [(d["key"], d["in_use"], d["error"]) for d in twin["difference"]] == [
        ("rules.storm.above", None, "this device has no such rule; it has: flood")
    ]
