"""The servers of the demo and the tests really answer, restart in place and die with their starter."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.servers import (
    Server,
    ServerFailed,
    ServerMissing,
    start_influxd,
    start_mosquitto,
    start_victoria,
)

LIMIT_S = 40.0
Starter = Callable[..., Server]
STARTERS = [
    pytest.param(start_mosquitto, id="mosquitto"),
    pytest.param(start_influxd, id="influxd"),
    pytest.param(start_victoria, id="victoria-metrics"),
]


@pytest.mark.parametrize("start", STARTERS)
def test_server_comes_back_on_its_port_after_a_kill(start: Starter, tmp_path: Path) -> None:
    with start(tmp_path) as server:
        port, first = server.port, server.process.pid
        server.kill()
        assert not server.running
        server.restart()
        assert (server.port, server.running) == (port, True)
        assert server.process.pid != first
        socket.create_connection((server.host, port), timeout=LIMIT_S).close()


@pytest.mark.parametrize("start", STARTERS)
def test_leaving_the_block_ends_the_server(start: Starter, tmp_path: Path) -> None:
    with start(tmp_path) as server:
        assert server.running
    assert server.process.returncode is not None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=LIMIT_S)


def test_influxd_listens_on_the_loopback_address_only(tmp_path: Path) -> None:
    with start_influxd(tmp_path) as server, urllib.request.urlopen(f"{server.url}/ping") as reply:
        assert reply.headers["X-Influxdb-Version"].startswith("1.")
        assert server.url == f"http://127.0.0.1:{server.port}"


def test_a_taken_port_is_an_error_that_shows_the_log(tmp_path: Path) -> None:
    with (
        start_mosquitto(tmp_path / "first") as first,
        pytest.raises(ServerFailed, match="Address already in use"),
    ):
        start_mosquitto(tmp_path / "second", port=first.port)


def test_a_missing_program_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerMissing, match="apt-get install --no-install-recommends influxdb"):
        start_influxd(tmp_path)


def test_a_server_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    started: list[Server] = []
    thread = threading.Thread(target=lambda: started.append(start_mosquitto(tmp_path)))
    thread.start()
    thread.join()
    with started[0] as server:
        assert not server._child.ended.wait(0.5)


CHILD = """
import sys, threading, pathlib
from deploy.servers import start_mosquitto, start_influxd
folder = pathlib.Path(sys.argv[1])
print(start_mosquitto(folder / "m").process.pid, start_influxd(folder / "i").process.pid, flush=True)
threading.Event().wait()
"""


def test_servers_die_with_a_killed_starter(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        try:
            handles = [os.pidfd_open(int(pid)) for pid in starter.stdout.readline().split()]
        finally:
            starter.kill()
    assert [has_ended(handle) for handle in handles] == [True, True]


def has_ended(handle: int) -> bool:
    """Waits a while for the process of a pidfd to end; closes the pidfd."""
    with os.fdopen(handle, closefd=True) as process:
        return bool(select.select([process], [], [], LIMIT_S)[0])
