"""How the demo ends when it is told to, when its port is taken, and when a part of it dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli import run
from deploy.demo.cable import Cable
from deploy.demo.programs import Program
from deploy.servers import free_port

pytestmark = pytest.mark.timeout(60)


def end_demo(folder: Path, number: int, after: str, *options: str) -> tuple[int, str]:
    """Run a demo with its temporary files in `folder`, signal it once it has said `after`; (status, output)."""
    command = [sys.executable, "-m", "deploy", "demo", "--scenario", "quick", *options]
    environment = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as demo:
        assert demo.stdout is not None
        said = next(line for line in demo.stdout if after in line)
        demo.send_signal(number)
        output = said + demo.stdout.read()
        return demo.wait(30), output


@pytest.mark.parametrize(
    ("number", "status", "after", "options"),
    [
        (signal.SIGTERM, 143, "SIMULATED", ["--once"]),
        (signal.SIGINT, 130, "SIMULATED", ["--store", "influx"]),
    ],
    ids=["SIGTERM, once", "SIGINT, live"],
)
def test_an_interrupted_demo_leaves_nothing_behind(
    tmp_path: Path, number: int, status: int, after: str, options: list[str]
) -> None:
    ended, output = end_demo(tmp_path, number, after, *options)
    assert (ended, list(tmp_path.iterdir())) == (status, [])
    assert "nothing is checked or reported" in output
    assert "Traceback" not in output


def test_a_demo_that_is_stopped_before_anything_was_put_says_so(tmp_path: Path) -> None:
    ended, output = end_demo(tmp_path, signal.SIGINT, "Stop with Ctrl-C")
    assert (ended, list(tmp_path.iterdir())) == (130, [])
    assert "Stopped before anything was put" in output
    assert "stored 0" not in output


def test_a_port_that_is_taken_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["demo", "--port", str(taken.getsockname()[1])]) == 2
    output = capsys.readouterr()
    assert "Address already in use; name another one" in output.err
    assert output.out == ""


async def end_when_left(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_connection_that_is_being_opened_does_not_slip_through_the_cut() -> None:
    far = await asyncio.start_server(end_when_left, "127.0.0.1", 0)
    cable = Cable(far.sockets[0].getsockname()[1])
    await cable.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
    cable.cut()
    assert await asyncio.wait_for(reader.read(1), 5) == b""
    writer.transport.abort()
    await cable.close()
    far.close()
    await far.wait_closed()


def test_a_program_killed_from_outside_is_told_from_one_that_the_scenario_killed(tmp_path: Path) -> None:
    program = Program("pages", ("http.server", str(free_port())), tmp_path / "log")
    program.start()
    os.kill(program.pid, signal.SIGKILL)
    os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
    assert program.ended_by_itself
    program.start()
    program.kill()
    assert not program.ended_by_itself
