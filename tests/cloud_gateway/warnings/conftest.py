"""A migrated database of its own for each test of stored warnings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copyfile

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import open_database
from tests.databases import make_database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at this release, made once; tests copy it."""
    file = tmp_path_factory.mktemp("migrated") / "gateway.db"
    make_database(file)
    return file


@pytest_asyncio.fixture
async def engine(migrated: Path, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on an empty database of one test alone."""
    copyfile(migrated, tmp_path / "gateway.db")
    opened = open_database(tmp_path / "gateway.db")
    yield opened
    await opened.dispose()
