"""systemd is told that the device is at work only while every duty gets on: over a real datagram socket."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from edge_agent import app
from edge_agent.app import OUTBOX_FILE
from edge_agent.hardware.board import Board
from edge_agent.hardware.clock import Clock, SystemClock
from edge_agent.settings import AgentSettings
from edge_agent.tasks.device import Device
from edge_agent.tasks.notify import Notifier
from edge_agent.tasks.progress import Progress
from edge_agent.tasks.watchdog import keep_watch
from firmware_sim.board import make_board
from tests.edge_agent.tasks.agents import level, make_settings
from tests.edge_agent.tasks.service_manager import ALIVE, Manager
from tests.waiting import until

QUICK_S = 0.3


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def manager(address: str) -> Iterator[Manager]:
    manager = Manager(address)
    yield manager
    manager.close()


@contextmanager
def watched_agent(settings: AgentSettings, board: Board, clock: Clock, address: str) -> Iterator[None]:
    """An agent with its watchdog, from its start to its end; on a thread of its own, so that it can really block."""
    devices: list[tuple[Device, asyncio.AbstractEventLoop]] = []

    async def supervised(device: Device) -> None:
        devices.append((device, asyncio.get_running_loop()))
        await keep_watch(device, Notifier(address, QUICK_S))

    thread = threading.Thread(target=lambda: asyncio.run(app.run(settings, board, clock, (supervised,))))
    thread.start()
    try:
        yield
    finally:
        for device, loop in devices:
            loop.call_soon_threadsafe(device.stopping.set)
        thread.join()


async def test_agent_is_ready_then_alive_again_and_again_and_says_that_it_stops(
    tmp_path: Path, address: str, manager: Manager
) -> None:
    settings = make_settings(tmp_path / "state", level(interval_s=0.1))
    with watched_agent(settings, make_board("SIM-1"), SystemClock(), address):
        await until(lambda: manager.told().count(ALIVE) >= 3)
    assert manager.told()[0] == "READY=1"
    assert manager.told()[-1] == "STOPPING=1"
    assert "STATUS=at work" in manager.told()


async def test_manager_is_told_what_is_degraded(tmp_path: Path, address: str, manager: Manager) -> None:
    board = make_board("SIM-1")
    board.output(5)
    settings = make_settings(tmp_path / "state")
    with watched_agent(settings, board, SystemClock(), address):
        await until(lambda: any(text.startswith("STATUS=degraded: siren or lamp") for text in manager.told()))
        await until(lambda: ALIVE in manager.told())


class HungClock(SystemClock):
    """A clock on which nobody who sleeps once `hung` is set ever wakes."""

    def __init__(self) -> None:
        super().__init__()
        self.hung = threading.Event()

    async def sleep(self, seconds: float) -> None:
        """Sleep for ever, or in real time."""
        await (asyncio.Event().wait() if self.hung.is_set() else asyncio.sleep(seconds))


async def test_one_hung_duty_stops_the_watchdog_although_the_loop_lives(
    tmp_path: Path, address: str, manager: Manager
) -> None:
    clock = HungClock()
    settings = make_settings(tmp_path / "state", level(interval_s=0.1)).model_copy(update={"hung_after_s": 1.0})
    with watched_agent(settings, make_board("SIM-1"), clock, address):
        await until(lambda: ALIVE in manager.told())
        clock.hung.set()
        await until(lambda: len(hung_rounds(manager)) >= 3)
    after = manager.told()[manager.told().index(hung_rounds(manager)[0]) :]
    assert ALIVE not in after


def hung_rounds(manager: Manager) -> list[str]:
    """What was said while sampling did not get on."""
    return [text for text in manager.told() if text.startswith("STATUS=no progress") and "sampling level" in text]


async def test_disk_that_does_not_answer_stops_the_watchdog_until_it_does(
    tmp_path: Path, address: str, manager: Manager
) -> None:
    settings = make_settings(tmp_path / "state", level(interval_s=0.1)).model_copy(update={"hung_after_s": 1.0})
    with watched_agent(settings, make_board("SIM-1"), SystemClock(), address):
        await until(lambda: ALIVE in manager.told())
        with closing(sqlite3.connect(settings.state_dir / OUTBOX_FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # the agent's thread waits for this
            await until(lambda: any("no progress" in text and "store" in text for text in manager.told()))
        before = len(manager.told())
        await until(lambda: ALIVE in manager.told()[before:])


async def test_blocked_loop_says_nothing_until_it_goes_on(tmp_path: Path, address: str, manager: Manager) -> None:
    board, gate, entered = make_board("SIM-1"), threading.Event(), threading.Event()
    gate.set()

    def read() -> float:
        entered.set()
        gate.wait()
        return 0.5

    board.attach(0, read)
    with watched_agent(make_settings(tmp_path / "state", level(interval_s=0.1)), board, SystemClock(), address):
        await until(lambda: ALIVE in manager.told())
        gate.clear()
        entered.clear()
        await until(entered.is_set)
        before = len(manager.told())
        await asyncio.sleep(3 * QUICK_S)  # not to wait for something: nothing must come in this time
        assert len(manager.told()) == before
        gate.set()
        await until(lambda: ALIVE in manager.told()[before:])


def test_duty_is_hung_once_it_is_so_much_behind_its_time() -> None:
    now = 100.0
    progress = Progress(lambda: now)
    progress.begin("quick").beat(1)
    progress.begin("slow").beat(600)
    now = 161.0
    assert progress.hung(60) == []
    now = 161.5
    assert progress.hung(60) == ["quick"]
    progress.begin("quick").beat(1)
    assert progress.hung(60) == []


def test_duty_that_never_got_on_is_hung_too() -> None:
    now = 100.0
    progress = Progress(lambda: now)
    progress.begin("writer")
    now = 161.0
    assert progress.hung(60) == ["writer"]


def test_process_that_nobody_supervises_has_no_manager() -> None:
    assert Notifier.find({}) is None
    assert Notifier.find({"NOTIFY_SOCKET": "vsock:2:1"}) is None


WATCHDOGS = {
    "watched": ({"WATCHDOG_USEC": "30000000"}, 30.0),
    "not watched": ({}, None),
    "another process is": ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
    "nonsense": ({"WATCHDOG_USEC": "soon"}, None),
}


@pytest.mark.parametrize(("more", "watchdog_s"), WATCHDOGS.values(), ids=WATCHDOGS)
def test_watchdog_time_is_what_the_manager_gave(more: dict[str, str], watchdog_s: float | None) -> None:
    notifier = Notifier.find({"NOTIFY_SOCKET": "/run/systemd/notify"} | more)
    assert notifier is not None
    assert notifier.watchdog_s == watchdog_s


def test_manager_in_the_abstract_namespace_hears_too(tmp_path: Path) -> None:
    name = f"weiran-{tmp_path.name}-{id(tmp_path)}"
    manager = Manager(f"\0{name}")
    Notifier(f"@{name}").say("two\nlines")
    assert manager.told() == ["STATUS=two lines"]
    manager.close()


def test_manager_that_is_gone_is_told_of_once_and_harms_nothing(address: str, caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier(address)
    notifier.alive()
    notifier.alive()
    assert caplog.text.count("cannot be told") == 1
