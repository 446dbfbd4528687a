"""A small disk of its own for the devices of a site, and another program that fills it.

The disk is a tmpfs in a mount namespace of the devices' process: it needs no administrator, only a kernel that lets
users make such namespaces. It is gone with that process, which copies what is left to the folder `after` at its end.
"""

from __future__ import annotations

import os
from pathlib import Path

from deploy.demo.stage import Fleet

#: Room that the hog leaves: less than any page.
HOG = "hog"
STEP_BYTES = 4096


class DiskHog:
    """Another program on the disk of a fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @property
    def why_not(self) -> str:
        """Why this disk cannot be filled; empty when it can."""
        if self._fleet.small_disk_mb is None:
            return "this machine does not let users mount a small disk (unshare -rm), and no other is filled"
        return "" if self._fleet.program.running else "the devices' process has ended"

    def fill(self) -> None:
        """Take all the room there is."""
        found = os.statvfs(self._folder)
        with (self._folder / HOG).open("wb") as hog:
            os.posix_fallocate(hog.fileno(), 0, found.f_bavail * found.f_frsize // STEP_BYTES * STEP_BYTES)

    def free(self) -> None:
        """Give it back."""
        if self._fleet.program.running:
            (self._folder / HOG).unlink()

    @property
    def _folder(self) -> Path:
        """The disk as it is seen from outside of its namespace."""
        return Path(f"/proc/{self._fleet.program.pid}/root{self._fleet.orders.state_dir}")
