"""Prints the receipt of the rating just given, where the terminal has a printer that works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

from edge_agent.hardware.board import HardwareError, Paper
from edge_agent.tasks.device import Device
from kiosk.settings import RatingSettings

PRINTER, PAPER = "receipt printer", "receipt paper"
#: The printer is asked how it is so often, real seconds.
LOOK_S = 15.0


class Slip(StrEnum):
    """What may be printed now: nothing (no printer that works), the receipt, or what has become of it."""

    NONE = "none"
    OFFERED = "offered"
    PRINTING = "printing"
    PRINTED = "printed"
    FAILED = "failed"


class NotOffered(Exception):
    """There is nothing to print now: no printer that works, or this receipt has been printed."""


class PaperTrouble(Exception):
    """The paper is at its end."""


class Printing:
    """The printer of a terminal, and what has become of the receipt of one window. What is printed is kept nowhere."""

    def __init__(self, device: Device, rules: RatingSettings, changed: Callable[[], None]) -> None:
        self._device, self._changed = device, changed
        self._printer = None if rules.printer is None else device.board.printer(rules.printer)
        self._in_use = asyncio.Lock()
        self._ready = False
        self._window = ""
        self._slip = Slip.OFFERED

    async def mind(self) -> None:
        """The duty that asks the printer how it is; ends at once without a printer."""
        while self._printer is not None:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Ask the printer how it is, and name its trouble among the device's."""
        if self._printer is None:
            return
        async with self._in_use:
            try:
                self._tell(await self._printer.paper())
            except HardwareError as exc:
                self._lose(exc)

    def slip(self, window: str) -> Slip:
        """What may be printed of this window's receipt."""
        now = self._slip if window == self._window else Slip.OFFERED
        if now in {Slip.PRINTING, Slip.PRINTED}:
            return now
        if self._ready:
            return Slip.OFFERED  # after a failure, too
        return Slip.FAILED if now is Slip.FAILED else Slip.NONE

    async def print(self, window: str, data: bytes) -> None:
        """Print this window's receipt. Raises NotOffered, HardwareError."""
        if self._printer is None or self.slip(window) is not Slip.OFFERED:
            raise NotOffered
        self._note(window, Slip.PRINTING)
        became = Slip.FAILED
        try:
            async with self._in_use:
                self._tell(await self._printer.print(data))
            became = Slip.PRINTED
        except HardwareError as exc:
            self._lose(exc)
            raise
        finally:
            self._note(window, became)

    def _note(self, window: str, slip: Slip) -> None:
        self._window, self._slip = window, slip
        self._changed()

    def _tell(self, paper: Paper) -> None:
        self._device.report(PRINTER, None)
        low = PaperTrouble(f"paper {paper.value}; put in a new roll")
        self._device.report(PAPER, low if paper in {Paper.LOW, Paper.OUT} else None)
        self._set_ready(paper is not Paper.OUT)

    def _lose(self, trouble: HardwareError) -> None:
        self._device.report(PRINTER, trouble)
        self._set_ready(False)

    def _set_ready(self, ready: bool) -> None:
        if ready != self._ready:
            self._ready = ready
            self._changed()
