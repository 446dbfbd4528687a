"""Fixtures of the tests of exposures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cloud_gateway.exposures.ground import Ground, ground_in
from tests.databases import make_database


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is migrated and empty, to be copied."""
    file = tmp_path_factory.mktemp("blank") / "gateway.db"
    make_database(file)
    return file


@pytest_asyncio.fixture
async def ground(tmp_path: Path, blank: Path) -> AsyncIterator[Ground]:
    """An empty database of one test alone."""
    async with ground_in(tmp_path, blank) as made:
        yield made
