"""What tests of a terminal live with: a SIMULATED board, scenario time, and an identity of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.provision.folder import Provision
from firmware_sim.board import SimBoard, make_board
from firmware_sim.clock import ScenarioClock
from tests.kiosk.terminals import START


@pytest.fixture
def board() -> SimBoard:
    return make_board("SIM-DESK")


@pytest.fixture
def clock() -> ScenarioClock:
    return ScenarioClock(START)


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The identity of desk-01."""
    provision = Provision(tmp_path_factory.mktemp("provision"))
    provision.init(["127.0.0.1"], 0)
    return provision.device("desk-01")
