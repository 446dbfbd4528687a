"""Bench of endurance: whether an agent's memory, files and outbox stay as they are over half an hour."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from deploy.bench.agent import Ground
from deploy.bench.page import Table
from edge_agent.app import OUTBOX_FILE

#: What a life begins with (connections, caches) is over after so many minutes.
SETTLING = 3
MINUTE_S = 60.0
GROWTH_LIMIT_MB = 2.0
STATE = "state"


def bench_soak(folder: Path, minutes: int) -> list[Table]:
    """One agent as in the bench `agent`, looked at every minute; it must not grow once it has settled."""
    resident: list[float] = []
    files: list[float] = []
    outbox: list[float] = []
    with ExitStack() as stack:
        agent = psutil.Process(Ground(folder, stack).start_agent(STATE).pid)
        time.sleep(SETTLING * MINUTE_S)  # the bench watches a span of time; there is no event to wait for
        used, written = sum(agent.cpu_times()[:2]), agent.io_counters().write_bytes
        for _ in range(minutes):
            time.sleep(MINUTE_S)
            resident.append(agent.memory_info().rss / 1e6)
            files.append(agent.num_fds())
            outbox.append((folder / STATE / OUTBOX_FILE).stat().st_size / 1e6)
        spent = sum(agent.cpu_times()[:2]) - used
        per_day = (agent.io_counters().write_bytes - written) / (minutes * MINUTE_S) * 86400 / 1e6
    table = Table(f"The same agent over {minutes} minutes, after {SETTLING} to settle")
    table.add("resident memory", resident, "MB")
    table.add("growth from the first minute to the last", [resident[-1] - resident[0]], "MB", at_most=GROWTH_LIMIT_MB)
    table.add("open files", files, "")
    table.add("outbox file", outbox, "MB")
    table.add("CPU of one core", [spent / (minutes * MINUTE_S) * 100], "%")
    table.add("written to the disk", [per_day], "MB a day")
    return [table]
