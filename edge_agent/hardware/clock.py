"""The clock a device lives by, and the one of a real machine."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Protocol

from edge_agent.wire.messages import ClockQuality

#: systemd-timesyncd makes this file when the clock has been set from the network (systemd-timesyncd.service(8)).
SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")


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
    """The machine's own clock."""

    def now(self) -> int:
        """Wall time, ms UTC."""
        return time.time_ns() // 1_000_000

    def mono(self) -> int:
        """CLOCK_MONOTONIC, ns."""
        return time.monotonic_ns()

    def quality(self) -> ClockQuality:
        """`ntp` once the network has set the clock in this boot, else `rtc`."""
        return ClockQuality.NTP if SYNCHRONIZED.exists() else ClockQuality.RTC

    async def sleep(self, seconds: float) -> None:
        """Sleep in real time."""
        await asyncio.sleep(seconds)
