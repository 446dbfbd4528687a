"""What a power cut does to an outbox's files beside ending its process, as far as that can be done to a file.

The end of the log, after the last commit, is where unsynced writes stand: it is overwritten with seeded noise, torn at
sectors. The index of the log, which lives in memory, goes. What had been synced stays, as on an honest disk.
This is not every loss that a disk can make; tests/edge_agent/storage cuts the power at every place of a recording.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable
from pathlib import Path

from edge_agent.app import OUTBOX_FILE

SECTOR = 512
#: Sizes of SQLite's log (file format, 4.1): its header, and the header of each frame.
HEADER, FRAME_HEADER = 32, 24
MOST_TORN = 16 * 1024


def cut_power(homes: Iterable[Path], seed: int) -> None:
    """Do it to the outbox in each of the folders; their agents have ended."""
    for home in homes:
        (home / f"{OUTBOX_FILE}-shm").unlink(missing_ok=True)
        log = home / f"{OUTBOX_FILE}-wal"
        if log.exists():
            _tear(log, random.Random(f"{seed}/{home.name}"))  # noqa: S311 - noise, not a secret


def _tear(log: Path, lots: random.Random) -> None:
    with log.open("r+b") as file:
        end = find_end(file.read())
        size = lots.randrange(SECTOR, MOST_TORN)
        for start in range(end, end + size, SECTOR):
            if lots.random() < 0.5:
                file.seek(start)
                file.write(lots.randbytes(SECTOR))


def find_end(log: bytes) -> int:
    """Where the last commit of a log ends, bytes from its begin.

    A frame belongs to the log while its salts are the header's; it ends a commit when it tells the size of the
    database. Frames of an earlier round through the file, which are of no use any more, have other salts.
    """
    if len(log) < HEADER:
        return 0
    page_bytes, salts = struct.unpack_from(">I", log, 8)[0], log[16:24]
    step, end = FRAME_HEADER + page_bytes, HEADER
    for start in range(HEADER, len(log) - step + 1, step):
        if log[start + 8 : start + 16] != salts:
            break
        if struct.unpack_from(">I", log, start + 4)[0]:
            end = start + step
    return end
