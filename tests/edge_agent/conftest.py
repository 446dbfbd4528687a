"""What a test of the agent lives with: a SIMULATED board, scenario time, and a witness of its outbox."""

from __future__ import annotations

import pytest

from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import START, Witness


@pytest.fixture
def board() -> SimBoard:
    return make_board("SIM-1")


@pytest.fixture
def clock() -> ScenarioClock:
    return ScenarioClock(START)


@pytest.fixture
def witness() -> Witness:
    return Witness()
