"""A station in a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud_gateway.readings.opening import open_series
from cloud_gateway.settings import Series
from tests.cloud_gateway.ingest.ground import open_ground
from tests.cloud_gateway.ratings.hall import Hall
from tests.databases import make_database


@pytest.fixture(scope="session")
def fresh_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as migrations leave it, to be copied."""
    file = tmp_path_factory.mktemp("fresh-ratings") / "gateway.db"
    make_database(file)
    return file


@pytest.fixture
async def bare_hall(fresh_database: Path, tmp_path: Path) -> AsyncIterator[Hall]:
    """A gateway that knows no station."""
    file = Path(shutil.copy(fresh_database, tmp_path / "gateway.db"))
    series = open_series(Series(store="sqlite"), tmp_path)
    await series.open()
    async with open_ground(file, series) as ground:
        yield Hall(ground)
    await series.close()


@pytest.fixture
async def hall(bare_hall: Hall) -> Hall:
    """A station with two counters and two clerks."""
    await bare_hall.enter()
    return bare_hall
