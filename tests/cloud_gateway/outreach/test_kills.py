"""The outreach process killed at seeded moments: nothing lost, nothing new, and what comes twice is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cloud_gateway.outreach.kills import play


@pytest.mark.parametrize("seed", range(1, 5))
async def test_kill_neither_drops_a_message_nor_makes_a_new_one_of_it(tmp_path: Path, seed: int) -> None:
    report = await play(seed, tmp_path)
    assert report.findings == [], str(report)
