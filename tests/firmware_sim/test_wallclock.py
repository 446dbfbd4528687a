"""A simulated device whose wall clock is set wrong goes on in the story's time, and says how far it can be trusted."""

from __future__ import annotations

import pytest

from edge_agent.wire.messages import ClockQuality
from firmware_sim.clock import ScenarioClock
from firmware_sim.forms import SystemFault
from firmware_sim.wallclock import DeviceClock, make_clocks

HUGO_MS = 622_267_200_000
MINUTE_MS = 60_000
FAULT = {"name": "wrong", "kind": "clock-step", "target": "dev1", "at": "1989-09-20T04:01:00Z", "for_s": 60}


@pytest.mark.parametrize("by_ms", [-HUGO_MS, 7_776_000_000, -3_600_000], ids=["1970", "+90 d", "-1 h"])
async def test_a_clock_that_is_set_wrong_is_not_followed(by_ms: int) -> None:
    story = ScenarioClock(HUGO_MS)
    clock = DeviceClock(story)
    assert (clock.now(), clock.quality()) == (HUGO_MS, ClockQuality.NTP)
    clock.set_wrong(by_ms)
    await story.run(HUGO_MS + MINUTE_MS)
    assert (clock.now(), clock.quality()) == (HUGO_MS + MINUTE_MS, ClockQuality.HOLDOVER)
    assert [(step.by_ms, step.taken) for step in clock.take_steps()] == [(by_ms, False)]
    clock.set_wrong(0)
    await story.run(HUGO_MS + 2 * MINUTE_MS)
    assert (clock.now(), clock.quality()) == (HUGO_MS + 2 * MINUTE_MS, ClockQuality.NTP)


def test_only_devices_whose_clock_is_set_have_one_of_their_own() -> None:
    fault = SystemFault.model_validate(FAULT | {"by_s": 5.0})
    assert list(make_clocks(ScenarioClock(HUGO_MS), ["dev1", "dev2"], [fault])) == ["dev1"]
