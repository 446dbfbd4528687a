"""A gateway for visitors, once for a module."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cloud_gateway.conftest import make_settings, running
from tests.cloud_gateway.ratings.web.ground import Ground


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ground(fresh_database: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """A gateway that nobody has rated yet."""
    folder = tmp_path_factory.mktemp("wall")
    shutil.copy(fresh_database, folder / "gateway.db")
    settings = make_settings(folder)
    unhurried = settings.model_copy(update={"ratings": settings.ratings.model_copy(update={"visitor_burst": 100_000})})
    async with running(unhurried) as console, console.visitor() as visitor, AsyncExitStack() as stack:
        visitor.headers.pop("Origin")  # pages of this kind are asked for without saying where from
        yield Ground(console, visitor, stack)
