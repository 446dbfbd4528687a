"""A rating terminal: the agent, and beside its duties those of the counter and of the screen."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence

from edge_agent import app
from edge_agent.hardware.board import Board
from edge_agent.hardware.clock import Clock, SystemClock
from edge_agent.storage.facts import Item
from edge_agent.storage.outbox import Observer
from edge_agent.tasks.device import Device, Duty
from edge_agent.tasks.notify import Notifier
from edge_agent.tasks.watchdog import keep_watch
from edge_agent.wire.messages import LaneAck
from edge_agent.wire.topics import Lane
from kiosk.rating.terminal import Terminal
from kiosk.settings import KioskSettings
from kiosk.web.app import create_app
from kiosk.web.server import AddressTaken, serve

SCREEN, SCREEN_RETRY_S = "screen", 10.0


class Observers:
    """Several observers of one outbox."""

    def __init__(self, *observers: Observer | None) -> None:
        self._observers = [observer for observer in observers if observer is not None]

    def stored(self, epoch: str, items: Sequence[tuple[int, Item]]) -> None:
        """These are committed."""
        for observer in self._observers:
            observer.stored(epoch, items)

    def acknowledged(self, epoch: str, lane: Lane, ack: LaneAck) -> None:
        """The gateway has these."""
        for observer in self._observers:
            observer.acknowledged(epoch, lane, ack)


async def run(
    settings: KioskSettings,
    hardware: Board,
    clock: Clock,
    duties: Sequence[Duty] = (),
    *,
    observer: Observer | None = None,
    machine_clock: SystemClock | None = None,
    terminal: Terminal | None = None,
    started: Callable[[int], None] | None = None,
) -> None:
    """Run one terminal as `edge_agent.app.run` runs a device, and raise what that raises, or CredentialError.

    `terminal` is one that the caller holds; `started` is told the port of the screen.
    """
    counter = terminal or Terminal(settings.rating)

    async def show(device: Device) -> None:
        await counter.ready.wait()
        while True:
            await _serve_once(device, counter, started)
            await asyncio.sleep(SCREEN_RETRY_S)

    watching = Observers(observer, counter)
    own = (counter.run, show, *duties)
    await app.run(settings, hardware, clock, own, observer=watching, machine_clock=machine_clock)


async def _serve_once(device: Device, terminal: Terminal, started: Callable[[int], None] | None) -> None:
    """A screen that cannot be served is told of; the keys of the counter work without it."""

    def tell(port: int) -> None:
        device.report(SCREEN, None)
        if started is not None:
            started(port)

    try:
        await serve(create_app(terminal), terminal.rules.host, terminal.rules.port, tell)
    except AddressTaken as exc:
        device.report(SCREEN, exc)


def check(settings: KioskSettings) -> None:
    """Raise as `edge_agent.app.check` does, and CredentialError for a shared key that cannot be used."""
    app.check(settings)
    Terminal(settings.rating)


def main(settings: KioskSettings) -> None:
    """Run the terminal on the pins of this machine until it is told to stop (SIGTERM or SIGINT)."""
    from edge_agent.hardware.gpio import GpioBoard  # noqa: PLC0415 a simulated device needs no real pins

    asyncio.run(_run_until_signal(settings, GpioBoard()))


async def _run_until_signal(settings: KioskSettings, board: Board) -> None:
    notifier = Notifier.find(os.environ)

    async def stop_on_signal(device: Device) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, device.stopping.set)

    async def supervised(device: Device) -> None:
        if notifier is not None:
            await keep_watch(device, notifier)

    await run(settings, board, SystemClock(), (stop_on_signal, supervised))
