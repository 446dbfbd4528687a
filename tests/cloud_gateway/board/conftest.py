"""A console in the middle of a typhoon, shared by all tests that only look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from cloud_gateway.settings import GatewaySettings
from tests.cloud_gateway.board.story import Story
from tests.cloud_gateway.conftest import Console, make_settings, now_ms, running
from tests.databases import make_database


@dataclass(frozen=True)
class Typhoon:
    """The console, its story, the event of the cold store, and the official warning behind it."""

    console: Console
    story: Story
    event: str
    warning: str


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def typhoon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Typhoon]:
    """A source that has fallen silent, three events, one who has answered, one to be called."""
    settings = make_settings(tmp_path_factory.mktemp("typhoon"))
    source = {"name": "shanghai", "kind": "12379", "url": "https://alerts.example.org/cn"}
    settings = GatewaySettings.model_validate(settings.model_dump() | {"sources": [source]})
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console:
        story = Story(console.engine, now_ms())
        await story.tell()
        await story.add_task("waigaoqiao")
        (row,) = await story.rows("SELECT id FROM warning")
        yield Typhoon(console, story, await story.event_at("waigaoqiao"), str(row[0]))


@pytest_asyncio.fixture(loop_scope="session")
async def own_story(empty: Console) -> Story:
    """A story of one test alone, not told yet, on the console `empty`."""
    return Story(empty.engine, now_ms())
