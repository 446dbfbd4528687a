"""The bench of matching: the index finds what a look at every site finds, on made-up alerts and on the load folder."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from deploy.bench.matching import make_alerts, make_places, measure, read_load

LOAD = Path(__file__).parents[3] / "shared" / "data" / "cap-load" / "capAlertTestAreas.zip"


def test_index_finds_what_a_scan_finds() -> None:
    chance = random.Random(4)
    alerts = make_alerts(chance)[:60]
    cost = measure(alerts, make_places(alerts, chance, 2_000), chance)
    assert cost.differences == 0 and cost.exposures > 50


@pytest.mark.skipif(not LOAD.exists(), reason="shared/data/cap-load is not beside the checkout")
def test_index_finds_what_a_scan_finds_in_the_load_folder() -> None:
    chance = random.Random(4)
    alerts = read_load(LOAD)
    cost = measure(alerts, make_places(alerts, chance, 5_000), chance)
    assert (len(alerts), cost.differences) == (1_870, 0)
    assert cost.exposures > 300
