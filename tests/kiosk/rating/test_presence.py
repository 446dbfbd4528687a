"""Presence: how long somebody has waited, and what a sensor that is stuck may not say."""

from __future__ import annotations

import pytest

from edge_agent.rules import NS
from kiosk.rating.presence import MOST_WAIT_S, Presence
from kiosk.rating.windows import Moment


@pytest.mark.parametrize(
    ("passed_s", "waited_s"),
    [(0, 0), (90, 90), (MOST_WAIT_S, MOST_WAIT_S), (MOST_WAIT_S + 1, None), (864_001, None)],
    ids=["just-come", "a-while", "at-most", "longer", "more-than-a-record-can-say"],
)
def test_nobody_waits_as_long_as_a_stuck_sensor_says(passed_s: int, waited_s: int | None) -> None:
    presence = Presence(60, 8, sensor=True)
    presence.edge(True, Moment(1000, 0))
    assert presence.waited_s(Moment(1000 + passed_s * 1000, passed_s * NS)) == waited_s
