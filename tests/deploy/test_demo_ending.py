"""How the demo ends when it is told to, when its port is taken, and when a part of it dies."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli import run
from deploy.demo.cable import Cable
from deploy.demo.folder import PREFIX, demo_folder, remove_abandoned
from deploy.demo.programs import Program
from deploy.servers import free_port

LIMIT_S = 40.0


class Listener(io.StringIO):
    """A stdout that sends this process a signal in the moment in which certain words are written."""

    def __init__(self, words: str, number: int) -> None:
        super().__init__()
        self._words = words
        self._number = number

    def write(self, text: str) -> int:
        if self._words in text:
            signal.raise_signal(self._number)
        return super().write(text)


def end_demo(monkeypatch: pytest.MonkeyPatch, folder: Path, number: int, after: str, *options: str) -> tuple[int, str]:
    """Run a demo with its temporary files in `folder`, signalled as it says `after`; (status, output)."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    output = Listener(after, number)
    with contextlib.redirect_stdout(output):
        status = run(["demo", "--scenario", "quick", *options])
    return status, output.getvalue()


@pytest.fixture
def own_handlers() -> Iterator[None]:
    """The demo takes over the signals of its process; put back what the tests had."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_handlers")
@pytest.mark.parametrize(
    ("number", "status", "options"),
    [(signal.SIGTERM, 143, ["--once"]), (signal.SIGINT, 130, ["--store", "influx"])],
    ids=["SIGTERM, once", "SIGINT, live"],
)
def test_an_interrupted_demo_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, status: int, options: list[str]
) -> None:
    ended, output = end_demo(monkeypatch, tmp_path, number, "SIMULATED", *options)
    assert (ended, list(tmp_path.iterdir())) == (status, [])
    assert "nothing is checked or reported" in output


@pytest.mark.usefixtures("own_handlers")
def test_a_demo_that_is_stopped_before_anything_was_put_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ended, output = end_demo(monkeypatch, tmp_path, signal.SIGINT, "Stop with Ctrl-C")
    assert (ended, list(tmp_path.iterdir())) == (130, [])
    assert "Stopped before anything was put" in output
    assert "stored 0" not in output


KILLED = """
import os, signal
from deploy.demo.folder import demo_folder
with demo_folder() as folder:
    (folder / "gateway.db").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_demo_left_goes_with_the_next_and_what_a_living_one_has_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with demo_folder() as living:
        (living / "gateway.db").touch()
        subprocess.run([sys.executable, "-c", KILLED], env=os.environ | {"TMPDIR": str(tmp_path)}, check=False)
        assert len(list(tmp_path.iterdir())) == 2
        with demo_folder() as following:
            assert {*tmp_path.iterdir()} == {living, following}
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_nobody_has_locked_yet_stays(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}new").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to("/")
    remove_abandoned(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


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
    async with asyncio.timeout(LIMIT_S):
        assert await reader.read(1) == b""
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
