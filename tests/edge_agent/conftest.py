"""What a test of the agent lives with: a SIMULATED board, scenario time, and a witness of its outbox."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import START, Witness


@pytest_asyncio.fixture(autouse=True)
async def _debugged() -> None:
    """asyncio's debugging, for the part that lives on one loop for years; it doubles what every test costs."""
    asyncio.get_running_loop().set_debug(True)


@pytest.fixture
def board() -> SimBoard:
    return make_board("SIM-1")


@pytest.fixture
def clock() -> ScenarioClock:
    return ScenarioClock(START)


@pytest.fixture
def witness() -> Witness:
    return Witness()
