"""What ingest waits for, in a small file of fixed size that is rewritten in place, so that it needs no room."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import msgspec
from msgspec import Struct

logger = logging.getLogger(__name__)

FILE = "ingest.waiting"
SIZE = 4096
MAX_REASON = 300
#: How SQLite, Linux and InfluxDB tell of a full disk.
FULL = ("disk is full", "no space left", "disk quota exceeded", "not enough space")


class Waiting(Struct, frozen=True):
    """One thing that is waited for since `since` (ms UTC); `disk` when for room."""

    what: str
    since: int
    reason: str
    disk: bool


def tells_of_full_disk(reason: str) -> bool:
    """Whether an error's words are those of a full disk."""
    return any(words in reason.lower() for words in FULL)


class Standstill:
    """The writing side, of ingest alone. Never raises for the disk: what cannot be noted is logged.

    `begun` counts how often each thing was waited for.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._waiting: dict[str, Waiting] = {}
        self.begun: Counter[str] = Counter()
        self._write()

    def begin(self, what: str, reason: str, now: int) -> bool:
        """Note that something is waited for; False when that was known."""
        if what in self._waiting:
            return False
        self.begun[what] += 1
        self._waiting[what] = Waiting(what, now, reason[:MAX_REASON], tells_of_full_disk(reason))
        self._write()
        return True

    def end(self, what: str) -> bool:
        """Note that it is there again; False when it was not missed."""
        if self._waiting.pop(what, None) is None:
            return False
        self._write()
        return True

    def _write(self) -> None:
        content = msgspec.json.encode(list(self._waiting.values())).ljust(SIZE)
        try:
            with self._file.open("r+b" if self._file.exists() else "wb") as opened:
                opened.write(content)
        except OSError as exc:
            logger.warning("what ingest waits for cannot be noted: %s", exc)


def read_waiting(folder: Path) -> list[Waiting]:
    """What ingest waits for now; nothing when there is no such file or it is being written."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=list[Waiting])
    except (OSError, msgspec.DecodeError):
        return []
