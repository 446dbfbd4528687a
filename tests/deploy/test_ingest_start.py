"""Ingest may be started before its store of readings: it waits, says so once, and goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cloud_gateway.migrations import migrate
from deploy.servers import free_port, start_influxd, start_mosquitto


def test_ingest_waits_for_a_store_that_is_away(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "gateway.toml"
    migrate(tmp_path / "gateway.db")
    with start_mosquitto(tmp_path / "broker") as broker:
        config.write_text(
            f'data_dir = "{tmp_path}"\n[broker]\nport = {broker.port}\n'
            f'[series]\nstore = "influx1"\nurl = "http://127.0.0.1:{port}"\n'
        )
        with start_ingest(config) as log:
            read_until(log, "does not answer and is waited for")
            with start_influxd(tmp_path / "influx", port=port):
                read_until(log, "the store of readings answers")


@contextmanager
def start_ingest(config: Path) -> Iterator[IO[str]]:
    """Its log; ended at the end, without a traceback."""
    command = [sys.executable, "-m", "deploy", "--log", "json", "gateway", "ingest", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as ingest:
        assert ingest.stderr is not None
        try:
            yield ingest.stderr
        finally:
            ingest.terminate()
        assert "Traceback" not in ingest.stderr.read()


def read_until(log: IO[str], words: str) -> None:
    """Read lines until one says `words`; on a slow machine other lines stand between."""
    passed = []
    for line in log:
        if words in line:
            return
        passed.append(line)
    raise AssertionError(f"the log ended without {words!r}: {passed}")
