"""Fixtures of the tests of exposures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.cloud_gateway.exposures.ground import Ground, ground_in


@pytest_asyncio.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """An empty database of one test alone."""
    async with ground_in(tmp_path) as made:
        yield made
