"""Bench of ingest: devices' frames through a real broker and the real ingest process into a real store."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cloud_gateway.enrolment.certificates import DeviceCertificate
from cloud_gateway.enrolment.register import enrol_devices
from cloud_gateway.ingest.validation import LATEST_AT, sort_records
from cloud_gateway.migrations import migrate
from cloud_gateway.readings.influx1 import influx1_store
from cloud_gateway.readings.lines import LineBuilder
from cloud_gateway.readings.series import SeriesStore
from cloud_gateway.readings.sqlite import SqliteStore
from deploy.bench.identities import missing_readings
from deploy.bench.load import DEVICES, PEER, RIGHTS, WAKER, Load, Sender, device_id, make_load
from deploy.bench.page import Table
from deploy.demo.programs import Program
from deploy.servers import Server, broker_section, credentials_of, start_influxd, start_mosquitto
from edge_agent.wire.frames import decode_frame
from edge_agent.wire.topics import Lane

BATCH_LINES = 5000
READINGS = {1: 30_000, 50: 200_000, 200: 200_000}
LIMITS = {50: 0.35, 200: 0.5}
SINGLE_LIMIT = 0.5
SQLITE_LIMIT = 80_000
PACED_SHARE, PACED_S = 0.3, 6.0


@dataclass
class Measures:
    """Readings a second by shape, and CPU microseconds a reading by shape and process; one entry a round."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    lost: int = 0
    delays: list[float] = field(default_factory=list)


class Bench:
    """The servers of one bench, and the runs on them."""

    def __init__(self, folder: Path, broker: Server, influx: Server) -> None:
        self._folder, self._broker, self._influx = folder, broker, influx
        self._runs = itertools.count(1)
        self.measures = Measures()

    def bare_writer(self) -> None:
        """One connection, 5,000-line batches, bytes made beforehand: the lines that the gateway would write."""
        run = next(self._runs)
        batches = _lines(make_load(READINGS[50], 50, run=run))
        connection = http.client.HTTPConnection("127.0.0.1", self._influx.port)
        _post(connection, f"/query?q=CREATE+DATABASE+bare{run}", b"")
        begun = time.perf_counter()
        for batch in batches:
            _post(connection, f"/write?db=bare{run}&precision=ns", batch)
        rate = READINGS[50] / (time.perf_counter() - begun)
        connection.close()
        self.measures.rates.setdefault("bare writer", []).append(rate)

    def bare_paho(self) -> None:
        """What plain paho drains of single-reading frames from the same broker."""
        load = make_load(READINGS[1], 1, run=next(self._runs))
        given = (str(self._broker.port), str(len(load.frames)), str(credentials_of(self._broker, PEER)))
        command = [sys.executable, "-m", "deploy.bench.bare_paho", *given]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver:  # noqa: S603 our own program
            assert receiver.stdout is not None
            receiver.stdout.readline()
            sender = Sender(self._broker)
            sender.drain(load)
            seconds = float(receiver.stdout.readline())
            sender.close()
        self.measures.rates.setdefault("bare paho", []).append(len(load.frames) / seconds)

    def ingest(self, store: str, per_frame: int) -> None:
        """From the first publish to the last ack of the application."""
        run = next(self._runs)
        load = make_load(READINGS[per_frame], per_frame, run=run)
        with self._gateway(store, run) as (program, sender):
            before = self._cpu(program, store)
            seconds = sender.send_all(load)
            after = self._cpu(program, store)
        name = f"{store}, frames of {per_frame}"
        self.measures.rates.setdefault(name, []).append(load.readings / seconds)
        for process, spent in after.items():
            used = (spent - before[process]) / load.readings * 1e6
            self.measures.cpu.setdefault((name, process), []).append(used)
        self.measures.lost += missing_readings(self._store(store, run), load, run)

    def delays(self, rate: float) -> None:
        """Publish to ack at a share of the full rate, frames of 50."""
        run, per_s = next(self._runs), rate * PACED_SHARE / 50
        load = make_load(int(per_s * PACED_S) * 50, 50, run=run)
        with self._gateway("influx", run) as (_, sender):
            self.measures.delays += sender.send_paced(load, per_s)

    def _gateway(self, store: str, run: int) -> _Gateway:
        return _Gateway(self._folder / f"gateway-{run}", self._broker, self._series(store, run))

    def _series(self, store: str, run: int) -> str:
        if store == "sqlite":
            return ""
        return f'[series]\nstore = "influx1"\nurl = "{self._influx.url}"\ndatabase = "bench{run}"\n'

    def _store(self, store: str, run: int) -> SeriesStore:
        if store == "sqlite":
            return SqliteStore(self._folder / f"gateway-{run}" / "readings.db")
        return influx1_store(self._influx.url, f"bench{run}", "autogen", None)

    def _cpu(self, program: Program, store: str) -> dict[str, float]:
        pids = {"broker": self._broker.process.pid, "gateway": program.pid}
        if store == "influx":
            pids["store"] = self._influx.process.pid
        return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in pids.items()}


class _Gateway:
    """One ingest process with a database of its own, ready: it has acknowledged a first frame."""

    def __init__(self, folder: Path, broker: Server, series: str) -> None:
        folder.mkdir()
        config = folder / "gateway.toml"
        config.write_text(f'data_dir = "{folder}"\n{broker_section(broker)}{series}')
        migrate(folder / "gateway.db")
        asyncio.run(_enrol_devices(folder / "gateway.db"))
        self._program = Program("ingest", ("deploy", "gateway", "ingest", "--config", str(config)), folder / "log")
        self._broker = broker

    def __enter__(self) -> tuple[Program, Sender]:
        self._program.start()
        self._sender = Sender(self._broker)
        self._sender.wake()
        return self._program, self._sender

    def __exit__(self, *_: object) -> None:
        self._sender.close()
        self._program.stop()


def bench_ingest(folder: Path, rounds: int) -> list[Table]:
    """Alternating rounds of every shape and its peers on one broker and one InfluxDB."""
    with ExitStack() as stack:
        broker = stack.enter_context(start_mosquitto(folder / "broker", extra_rights=RIGHTS))
        influx = stack.enter_context(start_influxd(folder / "influx"))
        bench = Bench(folder, broker, influx)
        steps: list[Callable[[], None]] = [bench.bare_writer, bench.bare_paho]
        for shape in (50, 200, 1):
            steps.append(lambda shape=shape: bench.ingest("influx", shape))  # type: ignore[misc]
        steps.append(lambda: bench.ingest("sqlite", 50))
        for number in range(rounds):
            for step in steps:
                step()
            sys.stderr.write(f"round {number + 1} of {rounds} done\n")
        bench.delays(statistics.median(bench.measures.rates["influx, frames of 50"]))
    return _tables(bench.measures)


def _tables(m: Measures) -> list[Table]:
    ratios = Table("Ingest from 50 devices, end to end to the application's ack, beside bare programs")
    for shape, limit in LIMITS.items():
        pairs = zip(m.rates[f"influx, frames of {shape}"], m.rates["bare writer"], strict=True)
        ratios.add(f"InfluxDB, frames of {shape}, to the bare writer", [a / b for a, b in pairs], "", at_least=limit)
    pairs = zip(m.rates["influx, frames of 1"], m.rates["bare paho"], strict=True)
    ratios.add("InfluxDB, frames of 1, to bare paho", [a / b for a, b in pairs], "", at_least=SINGLE_LIMIT)
    ratios.add("SQLite, frames of 50", m.rates["sqlite, frames of 50"], "readings/s", at_least=SQLITE_LIMIT)
    ratios.add("readings not stored as sent", [float(m.lost)], "", at_most=0)
    rates = Table("Rates behind the ratios")
    for name, values in m.rates.items():
        rates.add(name, values, "messages/s" if name == "bare paho" else "readings/s")
    cpu = Table("CPU time of one reading")
    for (name, process), values in m.cpu.items():
        cpu.add(f"{name}: {process}", values, "us")
    ranked = sorted(m.delays)
    delay = Table(f"Publish to ack at {PACED_SHARE:.0%} load, frames of 50, {len(ranked)} frames")
    for share in (0.5, 0.99):
        delay.add(f"p{share * 100:.0f}", [1000 * ranked[int(share * (len(ranked) - 1))]], "ms")
    return [ratios, rates, cpu, delay]


async def _enrol_devices(database: Path) -> None:
    """Let the bench's devices speak; they sign nothing, so that any key does."""
    names = (WAKER, *map(device_id, range(DEVICES)))
    certificates = (DeviceCertificate(name, bytes(32), "", LATEST_AT) for name in names)
    await enrol_devices(database, [(certificate, "sensor-node") for certificate in certificates])


def _lines(load: Load) -> list[bytes]:
    builder = LineBuilder()
    lines: list[str] = []
    for device, _, _, payload in load.frames:
        lines += builder.build(sort_records(device, decode_frame(Lane.READING, payload)).points).lines
    return ["\n".join(lines[i : i + BATCH_LINES]).encode() for i in range(0, len(lines), BATCH_LINES)]


def _post(connection: http.client.HTTPConnection, path: str, body: bytes) -> None:
    connection.request("POST", path, body)
    reply = connection.getresponse()
    text = reply.read()
    if reply.status >= 300:
        raise RuntimeError(f"InfluxDB answered {reply.status}: {text[:200]!r}")
