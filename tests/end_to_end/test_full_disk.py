"""The gateway's disk fills up: nothing is acknowledged that is not stored, ingest stays, and goes on when room returns.

The disk is a real one of a few MB, a tmpfs in a mount namespace of ingest's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.settings import GatewaySettings, Series
from cloud_gateway.storage.standstill import read_waiting
from deploy.servers import Server
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.wire.messages import ClockQuality
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.pieces import AT
from tests.end_to_end.devices import open_agent, reading, until_empty
from tests.end_to_end.gateway import make_program, make_settings
from tests.waiting import until

SIZE_MB = 24
MOUNT = 'mount -t tmpfs -o size="$1m" none "$2" && cp "$3" "$2"/ && exec "$4" -m deploy gateway ingest --config "$5"'
QUERY = "import json, sqlite3, sys; print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))"
LIMIT_S = 60.0


def can_mount() -> bool:
    """Whether a tmpfs can be mounted in a namespace of one's own."""
    probe = ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason="no mount namespace: a small disk cannot be made here")


@dataclass
class SmallDisk:
    """Ingest on a disk of SIZE_MB, with its data folder as this process sees it."""

    process: subprocess.Popen[bytes]
    settings: GatewaySettings
    log: Path

    @property
    def folder(self) -> Path:
        """The data folder inside of the namespace."""
        return Path(f"/proc/{self.process.pid}/root{self.settings.data_dir}")

    def rows(self, sql: str, file: str = "gateway.db") -> list[list[object]]:
        """Rows of a database on it, read from inside: SQLite would resolve the way in to a path outside."""
        inside = ["nsenter", "--target", str(self.process.pid), "--user", "--mount", "--preserve-credentials"]
        query = [sys.executable, "-c", QUERY, str(self.settings.data_dir / file), sql]
        done = subprocess.run([*inside, *query], capture_output=True, check=True)
        found: list[list[object]] = json.loads(done.stdout)
        return found

    def values(self) -> list[object]:
        """The stored readings' values by time."""
        return [value for (value,) in self.rows("SELECT value FROM reading ORDER BY time_ns", SQLITE_FILE)]

    def fill(self, leave_kb: int) -> None:
        """Let another program take the room, but for so much."""
        found = os.statvfs(self.folder)
        size = found.f_bavail * found.f_frsize - leave_kb * 1024
        with (self.folder / "hog").open("wb") as hog:
            os.posix_fallocate(hog.fileno(), 0, size)

    def free(self) -> None:
        """Give the room back."""
        (self.folder / "hog").unlink()

    def waits(self) -> list[str]:
        """What ingest says it waits for room for."""
        return [w.what for w in read_waiting(self.folder) if w.disk]

    def said(self, words: str) -> int:
        """How often the log has a line with these words."""
        return sum(words in line for line in self.log.read_text().splitlines())


@contextmanager
def small_disk(broker: Server, folder: Path, reserve_mb: int) -> Iterator[SmallDisk]:
    """Ingest as a process on a small disk."""
    settings = make_settings(broker, folder, Series())
    settings.database.rename(folder / "gateway.db")
    make_program(settings, folder)
    file = folder / "gateway.toml"
    file.write_text(f"{file.read_text()}[storage]\nreserve_mb = {reserve_mb}\n")
    words = [str(SIZE_MB), str(settings.data_dir), str(folder / "gateway.db"), sys.executable, str(file)]
    with (folder / "ingest.log").open("ab") as log:
        process = subprocess.Popen(["unshare", "-rm", "sh", "-c", MOUNT, "ingest", *words], stdout=log, stderr=log)
    try:
        yield SmallDisk(process, settings, folder / "ingest.log")
    finally:
        process.terminate()
        process.wait(LIMIT_S)


def put(outbox: Outbox, first: int, last: int) -> None:
    """Hand over readings whose values are their numbers."""
    assert all(outbox.offer(reading(number)) for number in range(first, last + 1))


async def put_rating(outbox: Outbox, number: int) -> None:
    """Store a record on the device."""
    await outbox.put(Item(Lane.RECORD, "rating/1", b'{"stars":5}', AT + number, ClockQuality.NTP, number))


@needs_mount
async def test_readings_wait_below_the_reserve_and_records_go_on(own_broker: Server, tmp_path: Path) -> None:
    with small_disk(own_broker, tmp_path, reserve_mb=4) as disk:
        async with open_agent(own_broker, "agent-01", tmp_path) as outbox:
            put(outbox, 1, 100)
            await until_empty(outbox)
            disk.fill(leave_kb=3000)
            put(outbox, 101, 200)
            await put_rating(outbox, 1)
            await until(lambda: disk.waits() == ["room"], LIMIT_S)
            await until(lambda: disk.rows("SELECT count(*) FROM record WHERE lane = 'record'") == [[1]], LIMIT_S)
            assert outbox.depth[Lane.READING] == 100
            assert disk.rows("SELECT upto FROM ledger WHERE lane = 'reading'") == [[100]]
            disk.free()
            await until_empty(outbox)
            await until(lambda: not disk.waits(), LIMIT_S)
        assert disk.values() == [float(n) for n in range(1, 201)]
        assert disk.rows("SELECT json_extract(body, '$.low') FROM event WHERE topic = 'storage'") == [[1], [0]]
        assert disk.said("readings are not acknowledged") == 1


@needs_mount
async def test_disk_without_any_room_loses_nothing_and_ends_nothing(own_broker: Server, tmp_path: Path) -> None:
    with small_disk(own_broker, tmp_path, reserve_mb=0) as disk:
        async with open_agent(own_broker, "agent-01", tmp_path) as outbox:
            put(outbox, 1, 100)
            await until_empty(outbox)
            disk.fill(leave_kb=0)
            put(outbox, 101, 8000)
            await put_rating(outbox, 1)
            await until(lambda: disk.said("is unavailable, nothing is acknowledged"), LIMIT_S)
            assert disk.process.poll() is None
            disk.free()
            await until_empty(outbox)
        assert disk.values() == [float(n) for n in range(1, 8001)]
        assert disk.rows("SELECT seq FROM record WHERE lane = 'record'") == [[1]]
        assert disk.process.poll() is None
