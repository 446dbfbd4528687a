"""A machine's time moved by hand: what `SystemClock` gets it from in tests."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.hardware.timefloor import Look

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
NOW = 1_795_000_000_000  # 2026-11-18, later than any floor of a release


@dataclass
class HandTime:
    """Implements `TimeSource`: `wall_ms` and `mono_ms` since the machine's start."""

    wall_ms: int = NOW
    mono_ms: int = 60_000
    synchronized: bool = False
    was_synchronized: bool = False
    rtc: bool = False

    def times(self) -> tuple[int, int]:
        """Both clocks."""
        return self.wall_ms, self.mono_ms * 1_000_000

    def look(self) -> Look:
        """All of it."""
        return Look(*self.times(), self.synchronized, self.was_synchronized, self.rtc)

    def pass_by(self, ms: int) -> None:
        """Time goes by on both clocks."""
        self.wall_ms += ms
        self.mono_ms += ms

    def set_by(self, ms: int, *, synchronized: bool = False) -> None:
        """Somebody sets the wall clock; the kernel then says whether a time server did it."""
        self.wall_ms += ms
        self.synchronized = synchronized
