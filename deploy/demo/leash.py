"""Story time as the demo's processes share it: devices run no further than is allowed, outreach reads what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from cloud_gateway.clock import tell_clock

#: Beyond any story, ms UTC.
NO_END = 2**53
LOOK_S = 0.02


class Leash:
    """In a fleet's process: a gate of its clock, which holds it where the file says. Without a number: not at all."""

    def __init__(self, file: Path, now: Callable[[], int]) -> None:
        self._file = file
        self._now = now
        self._until = 0

    async def hold(self) -> None:
        """Return once the clock may go on."""
        while self._now() >= self._until:
            self._until = self._read()
            if self._now() < self._until:
                return
            await asyncio.sleep(LOOK_S)

    def _read(self) -> int:
        try:
            return int(self._file.read_text())
        except (OSError, ValueError):
            return NO_END


class StoryTime:
    """In the demo's process: tells what time it is in the story, and how far devices may run."""

    def __init__(self, folder: Path, start_ms: int) -> None:
        self.clock_file = folder / "story-clock"
        self.leash_file = folder / "story-leash"
        self._now = 0
        self.tell(start_ms)
        self.allow(start_ms)

    @property
    def now(self) -> int:
        """Story time, ms UTC."""
        return self._now

    def tell(self, now: int) -> None:
        """It is `now`; it never goes back."""
        if now > self._now:
            self._now = now
            tell_clock(self.clock_file, now)

    def allow(self, until: int) -> None:
        """Devices may run up to `until`, ms UTC."""
        tell_clock(self.leash_file, until)
