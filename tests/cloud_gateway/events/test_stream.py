"""The event stream over HTTP: order, resumption, reset, and what it never does."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import cloud_gateway
from cloud_gateway import tables as t
from cloud_gateway.events.routes import follow_events
from tests.cloud_gateway.conftest import Console

pytestmark = pytest.mark.asyncio(loop_scope="session")
LIMIT_S = 60
#: How the code writes an event, with the topic of each.
WRITTEN = re.compile(r'''(?:topic=|TOPIC = |events\.append\(\(|events \+= \[\()"([a-z_]+)"''')


def row(number: int) -> dict[str, object]:
    return {"at": number, "topic": "gap", "body": json.dumps({"device": "d", "lane": "reading", "count": number})}


async def heard(lines: AsyncIterator[str], count: int) -> list[tuple[str, int]]:
    """The next events but ticks: topic and count (or -1)."""
    found: list[tuple[str, int]] = []
    topic = "tick"
    async with asyncio.timeout(LIMIT_S):
        while len(found) < count:
            line = await anext(lines)
            if line.startswith("event: "):
                topic = line.removeprefix("event: ")
            elif line.startswith("data: ") and topic != "tick":
                found.append((topic, json.loads(line.removeprefix("data: "))["body"].get("count", -1)))
    return found


async def test_the_description_names_every_topic_that_is_written() -> None:
    modules = Path(cloud_gateway.__file__).parent.rglob("*.py")
    written = {topic for module in modules for topic in WRITTEN.findall(module.read_text())}
    said = set(re.findall(r"[a-z_]+", follow_events.__doc__ or ""))
    assert written - said == set()
    assert {"reading", "twin", "task", "flooding"} <= written


async def test_new_events_come_in_order(empty: Console) -> None:
    async with empty.client() as client, client.stream("GET", "/api/v1/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: tick"
        await empty.add(t.event, *(row(n) for n in range(1, 60)))
        assert await heard(lines, 59) == [("gap", n) for n in range(1, 60)]


async def test_page_that_comes_back_misses_nothing(empty: Console) -> None:
    await empty.add(t.event, *(row(n) for n in range(1, 10)))
    headers = {"Last-Event-ID": "4"}
    async with empty.client() as client, client.stream("GET", "/api/v1/events?after=1", headers=headers) as stream:
        assert await heard(stream.aiter_lines(), 5) == [("gap", n) for n in range(5, 10)]


@pytest.mark.parametrize("after", ["99999", "0"], ids=["from another database", "too far behind"])
async def test_page_that_cannot_catch_up_is_told(empty: Console, after: str) -> None:
    await empty.add(t.event, *(row(n) for n in range(3_010)))
    async with empty.client() as client, client.stream("GET", f"/api/v1/events?after={after}") as stream:
        lines = stream.aiter_lines()
        assert await heard(lines, 1) == [("reset", -1)]
        await empty.add(t.event, row(7))
        assert await heard(lines, 1) == [("gap", 7)]


@pytest.mark.parametrize(
    ("name", "topics"),
    [("counter-manager", ["follow-up", "gap"]), ("inspector", ["gap", "gap"]), ("risk-engineer", ["gap", "gap"])],
)
async def test_bad_rating_is_told_to_those_alone_who_may_see_it(name: str, topics: list[str], empty: Console) -> None:
    async with empty.client(name) as client, client.stream("GET", "/api/v1/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: tick"
        await empty.add(t.event, row(1) | {"topic": "follow-up"}, row(2), row(3))
        assert [topic for topic, _ in await heard(lines, 2)] == topics


async def test_lines_in_texts_cannot_forge_events(empty: Console) -> None:
    body = json.dumps({"device": "d\n\nevent: alarm\ndata: {}", "count": 1})
    async with empty.client() as client, client.stream("GET", "/api/v1/events") as stream:
        await empty.add(t.event, {"at": 1, "topic": "gap", "body": body}, row(2))
        assert await heard(stream.aiter_lines(), 2) == [("gap", 1), ("gap", 2)]


async def test_server_stops_with_pages_open(empty: Console, caplog: pytest.LogCaptureFixture) -> None:
    async with empty.client() as client, client.stream("GET", "/api/v1/events") as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        async with asyncio.timeout(LIMIT_S):
            await empty.stop()
        assert [line async for line in lines if line.startswith("event")] == []
    assert "graceful shutdown exceeded" not in caplog.text
