"""Bench of the agent: memory, CPU and writes of one device with ten streams at 1 Hz."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from cloud_gateway.migrations import migrate
from deploy.bench.agent_process import DEVICE
from deploy.bench.page import Table
from deploy.demo.programs import Program
from deploy.servers import broker_section, credentials_of, start_mosquitto

WARM_UP_S, MEASURED_S = 5.0, 20.0
RESIDENT_LIMIT_MB, CPU_LIMIT_PERCENT = 80.0, 5.0


class Ground:
    """A real broker and a gateway that acknowledges, on which agents are started."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._broker = stack.enter_context(start_mosquitto(folder / "broker"))
        self._identity = str(credentials_of(self._broker, DEVICE))
        config = folder / "gateway.toml"
        config.write_text(f'data_dir = "{folder}"\n{broker_section(self._broker)}[devices]\nadmit = "any"\n')
        migrate(folder / "gateway.db")
        gateway = Program("ingest", ("deploy", "gateway", "ingest", "--config", str(config)), folder / "gateway.log")
        gateway.start()
        stack.callback(gateway.stop)

    def start_agent(self, name: str) -> Program:
        """A real agent process on a SIMULATED board, with a new state folder of that name."""
        state = str(self._folder / name)
        arguments = ("deploy.bench.agent_process", state, str(self._broker.port), self._identity)
        agent = Program("agent", arguments, self._folder / "agent.log")
        agent.start()
        self._stack.callback(agent.kill)
        return agent


def bench_agent(folder: Path, rounds: int) -> list[Table]:
    """A real agent process on a simulated board, a real broker and a gateway that acknowledges."""
    table = Table("Agent with ten streams at 1 Hz, connected and acknowledged")
    resident: list[float] = []
    cpu: list[float] = []
    written: list[float] = []
    with ExitStack() as stack:
        ground = Ground(folder, stack)
        for number in range(rounds):
            agent = ground.start_agent(f"state-{number}")
            figures = _watch(agent.pid)
            agent.kill()
            for values, figure in zip((resident, cpu, written), figures, strict=True):
                values.append(figure)
    table.add("resident memory", resident, "MB", at_most=RESIDENT_LIMIT_MB)
    table.add("CPU of one core", cpu, "%", at_most=CPU_LIMIT_PERCENT)
    table.add("written to the disk", written, "MB a day")
    return [table]


def _watch(pid: int) -> tuple[float, float, float]:
    """Resident MB, percent of a core, MB a day written, over the measured time."""
    process = psutil.Process(pid)
    time.sleep(WARM_UP_S)  # the bench measures a span of time; there is no event to wait for
    used, bytes_before = sum(process.cpu_times()[:2]), process.io_counters().write_bytes
    time.sleep(MEASURED_S)
    cpu = (sum(process.cpu_times()[:2]) - used) / MEASURED_S * 100
    per_day = (process.io_counters().write_bytes - bytes_before) / MEASURED_S * 86400 / 1e6
    return process.memory_info().rss / 1e6, cpu, per_day
