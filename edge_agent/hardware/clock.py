"""The clock a device lives by, and the one of a real machine."""

from __future__ import annotations

import asyncio
from typing import Protocol

from edge_agent.hardware.timefloor import Step, TimeFloor, Timekeeper
from edge_agent.hardware.timesource import MachineTime, TimeSource
from edge_agent.wire.messages import ClockQuality

#: Who steers the clock is asked so often at most; a clock that has been set is looked at at once.
LOOK_NS = 1_000_000_000


class Clock(Protocol):
    """Wall time, monotonic time and sleeping. In the simulator all three are scenario time."""

    def now(self) -> int:
        """Wall time, ms UTC."""

    def mono(self) -> int:
        """Monotonic time, ns since an arbitrary start; never steps."""

    def quality(self) -> ClockQuality:
        """How far `now` can be trusted."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's time."""


class SystemClock:
    """The machine's own clock, followed as far as `Timekeeper` believes it."""

    def __init__(self, source: TimeSource | None = None, floor: TimeFloor | None = None) -> None:
        self._source = source or MachineTime()
        self._keeper = Timekeeper(floor or TimeFloor())
        self._looked_ns: int | None = None

    def now(self) -> int:
        """The time to live by, ms UTC: the wall clock's unless it was set to what cannot be believed."""
        return self._keeper.now(self._look())

    def mono(self) -> int:
        """CLOCK_MONOTONIC, ns."""
        return self._source.times()[1]

    def quality(self) -> ClockQuality:
        """How far `now` can be trusted; `unset` before the floor."""
        self._look()
        return self._keeper.quality

    async def sleep(self, seconds: float) -> None:
        """Sleep in real time."""
        await asyncio.sleep(seconds)

    def floor(self) -> int:
        """A time, ms UTC, that is past for certain."""
        return self._keeper.floor.at(self._look())

    def raise_floor(self, past_ms: int) -> None:
        """`past_ms` is past for certain: a certificate begins then, or a device has kept it."""
        self._keeper.floor.raise_to(past_ms, self.mono())
        self._looked_ns = None

    def take_steps(self) -> list[Step]:
        """How the wall clock was set since this was last asked."""
        self._look()
        return self._keeper.take_steps()

    def away_ms(self) -> int:
        """How far the wall clock stands from `now`, because it is not believed; else 0."""
        self._look()
        return self._keeper.away_ms

    def _look(self) -> int:
        """Look again when it is time to, or when the wall clock was set. Returns the monotonic time."""
        wall_ms, mono_ns = self._source.times()
        due = self._looked_ns is None or mono_ns - self._looked_ns >= LOOK_NS
        if due or self._keeper.is_stepped(wall_ms, mono_ns):
            look = self._source.look()
            self._keeper.look(look)
            self._looked_ns = look.mono_ns
            return max(mono_ns, look.mono_ns)
        return mono_ns
