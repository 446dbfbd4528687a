"""A file that holds room on a disk that others fill: given up when nothing else goes in, made again when there is room.

On a full disk SQLite cannot even delete (edge.md, section 2): a deletion is written to the log first.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)

#: Room that must be left beside a new ballast.
MARGIN_BYTES = 256 * 1024


class Ballast:
    """The ballast beside an outbox file, of `size` bytes; 0 for none."""

    def __init__(self, outbox: Path, size: int) -> None:
        self._path = outbox.with_name(outbox.name + "-ballast")
        self._size = size

    @property
    def holds(self) -> bool:
        """Whether it is there, whole."""
        try:
            return self._path.stat().st_size >= self._size
        except OSError:
            return self._size == 0

    def give_up(self) -> bool:
        """Make its room free; True when there was some."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def rebuild(self) -> bool:
        """Make it again; False when the disk has no room for it and some beside."""
        if self.holds:
            return self._free() >= MARGIN_BYTES
        if self._free() < self._size + MARGIN_BYTES:
            return False
        try:
            self._write()
        except OSError as exc:
            logger.warning("the ballast cannot be written: %s", exc)
            self.give_up()
            return False
        return True

    def _write(self) -> None:
        with self._path.open("wb") as file:
            for _ in range(0, self._size, MARGIN_BYTES):
                file.write(bytes(MARGIN_BYTES))
            file.truncate(self._size)
            file.flush()
            os.fsync(file.fileno())

    def _free(self) -> int:
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:
            return 0
        return disk.f_bavail * disk.f_frsize
