"""Brokers of one test alone, because these tests kill them or fill them with rubbish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_gateway.settings import GatewaySettings, Series
from deploy.servers import Server, start_mosquitto
from tests.end_to_end.gateway import make_settings
from tests.links import FREE_TOPICS


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Server]:
    """A broker that this test may kill."""
    with start_mosquitto(tmp_path / "broker", extra_rights=FREE_TOPICS) as server:
        yield server


@pytest.fixture(params=["sqlite", "influx1"])
def settings(
    request: pytest.FixtureRequest, own_broker: Server, influx: Server, database: str, tmp_path: Path
) -> GatewaySettings:
    """A gateway on each kind of series store."""
    return make_settings(own_broker, tmp_path, Series(store=request.param, url=influx.url, database=database))


@pytest.fixture
def sqlite_settings(own_broker: Server, tmp_path: Path) -> GatewaySettings:
    """A gateway on SQLite."""
    return make_settings(own_broker, tmp_path, Series())
