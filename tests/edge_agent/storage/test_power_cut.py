"""Power cuts that drop or tear what was not synced lose nothing that `put` returned for."""

from __future__ import annotations

import ctypes.util
from pathlib import Path

import pytest

from tests.edge_agent.storage.power import Event, find_lost, record

pytestmark = pytest.mark.skipif(ctypes.util.find_library("sqlite3") is None, reason="SQLite is no shared library here")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """What a device as it is released writes."""
    return record(tmp_path_factory.mktemp("full"))


@pytest.mark.parametrize("seed", range(12))
async def test_power_cut_loses_no_promise(events: list[Event], tmp_path: Path, seed: int) -> None:
    assert await find_lost(events, tmp_path / "cut", seed) == []


async def test_cuts_would_find_a_device_that_syncs_too_little(tmp_path: Path) -> None:
    lax = record(tmp_path, "NORMAL")
    losses = [await find_lost(lax, tmp_path / f"cut-{seed}", seed) for seed in range(6)]
    assert any(losses)
