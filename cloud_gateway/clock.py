"""The gateway's time, and the one that warnings and outreach go by: in a SIMULATED story the story's, from a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def now_ms() -> int:
    """Wall time of the gateway, ms UTC."""
    return time.time_ns() // 1_000_000


def open_clock(file: Path | None) -> Callable[[], int]:
    """A clock, ms UTC: this machine's without a file. Sessions, sign-ins and devices always go by the machine's."""
    return now_ms if file is None else ToldClock(file).now


def tell_clock(file: Path, now: int) -> None:
    """Tell all who read the file that it is `now`, ms UTC; a reader sees the old time or the new one, whole."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(f"{now}\n")
    fresh.replace(file)


class ToldClock:
    """Reads the file at each look; never goes back, and stands still while the file cannot be read."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._latest = 0

    def now(self) -> int:
        """The time that was told, ms UTC; 0 before the first."""
        try:
            self._latest = max(self._latest, int(self._file.read_text()))
        except (OSError, ValueError):
            return self._latest
        return self._latest
