"""An evidence log in a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import open_database
from tests.databases import make_database


@pytest.fixture(scope="session")
def migrated_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as migrations leave it, to be copied."""
    file = tmp_path_factory.mktemp("migrated-log") / "gateway.db"
    make_database(file)
    return file


@pytest.fixture
def log_file(migrated_log: Path, tmp_path: Path) -> Path:
    """An empty log of this test alone."""
    return Path(shutil.copy(migrated_log, tmp_path / "gateway.db"))


@pytest.fixture
async def log(log_file: Path) -> AsyncIterator[AsyncEngine]:
    """A connection to it."""
    engine = open_database(log_file)
    yield engine
    await engine.dispose()
