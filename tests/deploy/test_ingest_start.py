"""How the gateway's processes start: before their store of readings, and on a database of another release."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copytree
from typing import IO

import pytest

from cloud_gateway.migrations import migrate
from cloud_gateway.revisions import known_revisions
from deploy.cli import run
from deploy.provision.folder import INGEST, Provision
from deploy.servers import free_port, start_influxd, start_mosquitto
from tests.databases import make_database

CREDENTIALS = (("ca", "ca"), ("certificate", "certificate"), ("key", "key"))
ROOT = Path(__file__).parents[2]
NEWER = """
from alembic import op
revision = "next"
down_revision = "{newest}"
def upgrade():
    op.execute("CREATE TABLE novelty (id INTEGER PRIMARY KEY)")
"""


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


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_ingest_that_waits_for_its_store_ends_quietly(tmp_path: Path, stop: signal.Signals) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f'data_dir = "{tmp_path}"\n[series]\nstore = "influx1"\nurl = "http://127.0.0.1:{free_port()}"\n')
    migrate(tmp_path / "gateway.db")
    with start_ingest(config, stop) as log:
        read_until(log, "does not answer and is waited for")


def test_database_of_an_older_release_is_told_until_it_is_migrated(tmp_path: Path) -> None:
    newest = known_revisions()[0]
    file, config = tmp_path / "gateway.db", write_settings(tmp_path)
    release = make_next_release(tmp_path / "release")
    migrate(file)
    refused = [run_gateway(part, config, release) for part in ("ingest", "web")]
    said = f"{file} is at revision {newest} and this release needs next. Run: weiran gateway migrate --config {config}"
    assert [(one.returncode, one.stderr.strip()) for one in refused] == [(2, f"weiran: {said}")] * 2
    assert run_gateway("migrate", config, release).returncode == 0
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM novelty").fetchone() == (0,)


@pytest.mark.parametrize("part", ["ingest", "web", "migrate"])
def test_database_of_a_newer_release_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    file, config = tmp_path / "gateway.db", write_settings(tmp_path)
    make_database(file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'next'")
    assert run(["gateway", part, "--config", str(config)]) == 2
    said = f"weiran: {file} is at revision next of a newer release; this one knows up to {known_revisions()[0]}."
    assert capsys.readouterr().err.startswith(said)


def test_key_that_others_may_read_is_told_with_the_command_that_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provision = Provision(tmp_path / "provision")
    provision.init(["127.0.0.1"], 8883)
    folder = provision.services / INGEST
    (folder / "key.pem").chmod(0o644)
    config = write_settings(tmp_path)
    files = "".join(f'{kind}_file = "{folder / name}.pem"\n' for kind, name in CREDENTIALS)
    config.write_text(f"{config.read_text()}[broker]\n{files}")
    make_database(tmp_path / "gateway.db")
    assert run(["gateway", "ingest", "--config", str(config)]) == 2
    said = f"weiran: {folder}/key.pem may be read by others (mode 0644). Run: chmod 600 {folder}/key.pem"
    assert capsys.readouterr().err.strip() == said


def write_settings(folder: Path) -> Path:
    """Settings of a gateway in the folder that would end by itself: nobody can listen on its address."""
    config = folder / "gateway.toml"
    config.write_text(f'data_dir = "{folder}"\n[web]\nhost = "192.0.2.1"\n')
    return config


def make_next_release(folder: Path) -> Path:
    """A copy of the program whose chain of migrations has one revision more."""
    for part in ("cloud_gateway", "deploy", "edge_agent"):
        copytree(ROOT / part, folder / part, ignore=lambda *_: {"__pycache__", "vendor"})
    versions = folder / "cloud_gateway" / "migrations" / "versions"
    (versions / "next.py").write_text(NEWER.format(newest=known_revisions()[0]))
    return folder


def run_gateway(part: str, config: Path, release: Path) -> subprocess.CompletedProcess[str]:
    """What `weiran gateway PART` of that copy of the program says and ends with."""
    command = [sys.executable, "-m", "deploy", "gateway", part, "--config", str(config)]
    return subprocess.run(command, check=False, cwd=release, capture_output=True, text=True, timeout=60)


@contextmanager
def start_ingest(config: Path, stop: signal.Signals = signal.SIGTERM) -> Iterator[IO[str]]:
    """Its log; ended at the end by the signal, in order and without a traceback."""
    command = [sys.executable, "-m", "deploy", "--log", "json", "gateway", "ingest", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as ingest:
        assert ingest.stderr is not None
        try:
            yield ingest.stderr
            ingest.send_signal(stop)
            assert "Traceback" not in ingest.stderr.read()
            assert ingest.wait() == 0
        finally:
            ingest.kill()


def read_until(log: IO[str], words: str) -> None:
    """Read lines until one says `words`; on a slow machine other lines stand between."""
    passed = []
    for line in log:
        if words in line:
            return
        passed.append(line)
    raise AssertionError(f"the log ended without {words!r}: {passed}")


def test_a_database_is_made_for_its_user_alone(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f'data_dir = "{tmp_path / "data"}"\n')
    before = os.umask(0o022)
    try:
        assert run(["gateway", "migrate", "--config", str(config)]) == 0
    finally:
        assert os.umask(before) == 0o022
    assert (tmp_path / "data" / "gateway.db").stat().st_mode & 0o777 == 0o600
