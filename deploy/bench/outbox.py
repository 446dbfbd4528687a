"""Bench of the outbox: durable puts a second with many writers, and what they cost the disk."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from deploy.bench.page import Table
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.wire.messages import ClockQuality
from edge_agent.wire.topics import Lane

PUTTERS = 200
PUTS = 40_000
BODY = b'"' + b"x" * 298 + b'"'
LIMIT_PER_S = 5000
RAW_WRITES = 500


def bench_outbox(folder: Path, rounds: int) -> list[Table]:
    """Puts a second, beside a bare 4 KiB write with fdatasync on the same disk; bytes and syncs by /proc/self/io."""
    table = Table(f"Outbox: {PUTTERS} concurrent putters, {len(BODY)}-byte bodies, lane record")
    rates, raw, written, syncs = [], [], [], []
    for number in range(rounds):
        raw.append(_raw_syncs(folder / f"raw-{number}"))
        before = _written_bytes()
        commits, seconds = asyncio.run(_put(folder / f"outbox-{number}.db"))
        rates.append(PUTS / seconds)
        written.append((_written_bytes() - before) / PUTS)
        syncs.append(commits / PUTS)
    table.add("durable puts", rates, "/s", at_least=LIMIT_PER_S)
    table.add("bare write and fdatasync of one page", raw, "/s")
    table.add("puts for each bare synced page", [a / b for a, b in zip(rates, raw, strict=True)], "")
    table.add("commits, each one fsync of the write-ahead log", syncs, "/put")
    table.add("bytes written to the disk", written, "B/put")
    return [table]


async def _put(path: Path) -> tuple[int, float]:
    """Returns how many commits were made, and the time they took."""
    outbox = await Outbox.open(path, boot="bench", max_mb=4096)
    commits = 0

    async def count() -> None:
        nonlocal commits
        while True:
            outbox.changed.clear()
            await outbox.changed.wait()
            commits += 1

    async def put() -> None:
        for _ in range(PUTS // PUTTERS):
            await outbox.put(Item(Lane.RECORD, "rating/1", BODY, 1, ClockQuality.NTP, 1))

    counting = asyncio.create_task(count())
    begun = time.perf_counter()
    await asyncio.gather(*(put() for _ in range(PUTTERS)))
    seconds = time.perf_counter() - begun
    counting.cancel()
    await outbox.close()
    return commits, seconds


def _raw_syncs(path: Path) -> float:
    page = b"x" * 4096
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    begun = time.perf_counter()
    for _ in range(RAW_WRITES):
        os.write(descriptor, page)
        os.fdatasync(descriptor)
    seconds = time.perf_counter() - begun
    os.close(descriptor)
    return RAW_WRITES / seconds


def _written_bytes() -> int:
    """Bytes that this process has sent to storage (proc_pid_io(5))."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["write_bytes"])
