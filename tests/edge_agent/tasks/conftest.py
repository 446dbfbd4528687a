"""Settings of an agent that speaks to the tests' broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.servers import Server
from edge_agent.settings import AgentSettings
from tests.edge_agent.tasks.agents import make_settings
from tests.edge_agent.tasks.ear import BURST


@pytest.fixture
def settings(broker: Server, device: str, tmp_path: Path) -> AgentSettings:
    """An agent without sensors and with little patience."""
    return make_settings(tmp_path, device=device, broker=broker, outbox=BURST)
