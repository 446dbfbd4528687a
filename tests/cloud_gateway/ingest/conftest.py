"""Ingest over real stores."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import SeriesStore
from cloud_gateway.settings import Series
from deploy.servers import Server
from tests.cloud_gateway.ingest.ground import Ground, open_ground
from tests.databases import make_database


@pytest.fixture
async def series(tmp_path: Path) -> AsyncIterator[SeriesStore]:
    """An empty series store in SQLite."""
    store = open_series(Series(store="sqlite"), tmp_path)
    await store.open()
    yield store
    await store.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as migrations leave it, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "gateway.db"
    make_database(file)
    return file


@pytest.fixture
def database_file(migrated: Path, tmp_path: Path) -> Path:
    """An empty database of this test alone."""
    return Path(shutil.copy(migrated, tmp_path / "gateway.db"))


@pytest.fixture
async def ground(database_file: Path, series: SeriesStore) -> AsyncIterator[Ground]:
    """Ingest over SQLite."""
    async with open_ground(database_file, series) as ground:
        yield ground


@pytest.fixture
async def influx_ground(database_file: Path, tmp_path: Path, influx: Server, database: str) -> AsyncIterator[Ground]:
    """Ingest over InfluxDB 1.x."""
    store = open_series(Series(store="influx1", url=influx.url, database=database), tmp_path)
    await store.open()
    async with open_ground(database_file, store) as ground:
        yield ground
    await store.close()
