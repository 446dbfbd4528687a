"""Settings of one gateway on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_gateway.settings import GatewaySettings


@pytest.fixture
def settings(tmp_path: Path) -> GatewaySettings:
    """A gateway whose databases are in a folder of this test alone."""
    return GatewaySettings(data_dir=tmp_path / "data")
