"""The series stores under test: the same contract for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import SeriesHome
from cloud_gateway.settings import Series
from deploy.servers import Server


@pytest.fixture(params=["sqlite", "influx1"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, influx: Server, database: str
) -> AsyncIterator[SeriesHome]:
    """An open, empty store of each kind."""
    series = open_series(Series(store=request.param, url=influx.url, database=database), tmp_path)
    await series.open()
    yield series
    await series.close()


@pytest.fixture
async def influx_store(influx: Server, database: str, tmp_path: Path) -> AsyncIterator[SeriesHome]:
    """An open, empty store on InfluxDB 1.x."""
    series = open_series(Series(store="influx1", url=influx.url, database=database), tmp_path)
    await series.open()
    yield series
    await series.close()


@pytest.fixture
async def sqlite_store(tmp_path: Path) -> AsyncIterator[SeriesHome]:
    """An open, empty store in SQLite."""
    series = open_series(Series(store="sqlite"), tmp_path)
    await series.open()
    yield series
    await series.close()
