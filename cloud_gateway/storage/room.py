"""Measures the room on the disk of the data folder against the reserve that the settings keep free."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MB = 1_000_000


@dataclass(frozen=True)
class Room:
    """Free room for this process, and what shall stay free, in MB of 10^6 bytes."""

    free_mb: float
    reserve_mb: float

    @property
    def is_low(self) -> bool:
        """Whether the reserve is broken into: readings wait on their devices."""
        return self.free_mb < self.reserve_mb


def measure_room(folder: Path, reserve_mb: float) -> Room:
    """The room there is now. Raises OSError."""
    found = os.statvfs(folder)
    return Room(found.f_bavail * found.f_frsize / MB, reserve_mb)
