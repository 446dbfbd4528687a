"""A SIMULATED device's own wall clock: scenario time that can be set wrong, judged as a real machine's clock is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from edge_agent.hardware.clock import SystemClock
from edge_agent.hardware.timefloor import NS_PER_MS, Look, TimeFloor
from firmware_sim.clock import ScenarioClock
from firmware_sim.faults import SHORTEST_S
from firmware_sim.forms import FaultBase, SystemFault


class StoryTime:
    """Implements `TimeSource`: a time server steers the clock as long as it is right, and is gone while it is wrong."""

    def __init__(self, story: ScenarioClock) -> None:
        self._story = story
        self.wrong_ms = 0

    def times(self) -> tuple[int, int]:
        """Wall time, ms UTC; monotonic time, ns, whole ms: both are then of one moment whenever they are read."""
        return self._story.now() + self.wrong_ms, self._story.mono() // NS_PER_MS * NS_PER_MS

    def look(self) -> Look:
        """All that can be seen now."""
        return Look(*self.times(), synchronized=not self.wrong_ms)


class DeviceClock(SystemClock):
    """The product's own clock on scenario time. Its floor is where it begins: a story may be older than any release."""

    def __init__(self, story: ScenarioClock) -> None:
        self._story = story
        self._time = StoryTime(story)
        super().__init__(self._time, TimeFloor(story.now()))

    def mono(self) -> int:
        """Scenario time since the start, ns, plus a base."""
        return self._story.mono()

    async def sleep(self, seconds: float) -> None:
        """Sleep in scenario time."""
        await self._story.sleep(seconds)

    async def suffer(self, fault: SystemFault) -> None:
        """Be set wrong for the time of the fault, and right again; one that is over does nothing."""
        story = self._story
        if story.now() >= fault.until_ms:
            return
        await story.sleep((fault.at_ms - story.now()) / 1000)
        self.set_wrong(_wrong_ms(fault, story.now()))
        await asyncio.sleep(SHORTEST_S)
        await story.sleep((fault.until_ms - story.now()) / 1000)
        self.set_wrong(0)

    def set_wrong(self, by_ms: int) -> None:
        """Set the wall clock to so far from the story's time, and take the time server away; 0 brings both back."""
        self._time.wrong_ms = by_ms


def _wrong_ms(fault: SystemFault, now_ms: int) -> int:
    if fault.to_ms is not None:
        return fault.to_ms - now_ms
    assert fault.by_s is not None, "the form sees to it"
    return round(fault.by_s * 1000)


def make_clocks(
    story: ScenarioClock, devices: Iterable[str], faults: Iterable[FaultBase]
) -> Mapping[str, tuple[DeviceClock, list[SystemFault]]]:
    """A clock of its own for each of the devices whose clock is set in these faults, with what it will suffer."""
    steps = [f for f in faults if isinstance(f, SystemFault) and f.kind == "clock-step"]
    wanted = {device: [f for f in steps if f.target == device] for device in devices}
    return {device: (DeviceClock(story), own) for device, own in wanted.items() if own}
