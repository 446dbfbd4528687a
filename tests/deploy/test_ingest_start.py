"""Ingest may be started before its store of readings: it waits, says so once, and goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
        command = [sys.executable, "-m", "deploy", "--log", "json", "gateway", "ingest", "--config", str(config)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as ingest:
            assert ingest.stderr is not None
            assert "does not answer and is waited for" in ingest.stderr.readline()
            with start_influxd(tmp_path / "influx", port=port):
                assert "the store of readings answers" in ingest.stderr.readline()
                ingest.terminate()
                assert "Traceback" not in ingest.stderr.read()
