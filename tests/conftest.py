"""What all tests share: real servers, started once per run, and names that belong to one test alone."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import settings

from deploy.servers import Server, start_influxd, start_mosquitto, start_victoria
from tests.links import FREE_TOPICS

# No test depends on how fast the machine is.
settings.register_profile("weiran", deadline=None)
settings.load_profile("weiran")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A mosquitto for the whole run, secured as in the field; a test that kills its broker starts its own."""
    with start_mosquitto(tmp_path_factory.mktemp("mosquitto"), extra_rights=FREE_TOPICS) as server:
        yield server


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An InfluxDB 1.x for the whole run; each test uses a `database` of its own."""
    with start_influxd(tmp_path_factory.mktemp("influxd")) as server:
        yield server


@pytest.fixture(scope="session")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A VictoriaMetrics for the whole run; it knows no databases, so each test uses a `device` of its own."""
    with start_victoria(tmp_path_factory.mktemp("victoria")) as server:
        yield server


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that a test runs in this process sets up logging for all: its handlers and level go with the test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)


@pytest.fixture
def database() -> str:
    """The name of an InfluxDB database that no other test uses."""
    return f"test_{uuid.uuid4().hex}"


@pytest.fixture
def device() -> str:
    """A device id that no other test uses, so that tests can share a broker."""
    return f"dev-{uuid.uuid4().hex[:16]}"
