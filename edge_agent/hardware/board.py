"""What a board offers to the agent: analogue inputs, digital inputs, outputs. The seam to the pins."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from edge_agent.hardware.machine import Machine


class HardwareError(Exception):
    """A pin or converter cannot be used; the text names it and what to do."""


class AnalogInput(Protocol):
    """One channel of an analogue-to-digital converter."""

    def read(self) -> float:
        """The converted value as a ratio of full scale, 0.0 to 1.0. Raises HardwareError."""


class DigitalInput(Protocol):
    """One input pin."""

    @property
    def active(self) -> bool:
        """Whether the input is active now (a pulled-up contact is active when closed to ground)."""

    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Call `callback(active)` at every edge, undebounced; it may come from another thread."""


class Output(Protocol):
    """One output pin: a siren, a lamp."""

    def set(self, on: bool) -> None:
        """Switch at once."""


class LineReader(Protocol):
    """A device that says lines of text: a card reader."""

    @property
    def lost(self) -> HardwareError | None:
        """Why nothing comes any more; None while it works."""

    def on_line(self, callback: Callable[[str], None]) -> None:
        """Call `callback(line)` for each line, stripped; it may come from another thread."""

    def close(self) -> None:
        """Let go of the device."""


class Paper(StrEnum):
    """What a printer says of its paper; UNKNOWN: it does not say."""

    ENOUGH = "enough"
    LOW = "low"
    OUT = "out"
    UNKNOWN = "unknown"


class Printer(Protocol):
    """A printer of slips."""

    async def paper(self) -> Paper:
        """How its paper is. Raises HardwareError for a printer that is not there."""

    async def print(self, data: bytes) -> Paper:
        """Print, and say how the paper is then. Raises HardwareError: not printed, or not known to be."""


class Board(Protocol):
    """One device's pins. The same code serves a Raspberry Pi and a simulated board."""

    @property
    def serial(self) -> str:
        """The hardware's serial number."""

    @property
    def simulated(self) -> bool:
        """Whether the pins are not those of a real board; declared in the birth message."""

    @property
    def machine(self) -> Machine:
        """The computer that carries the board."""

    def analog(self, channel: int) -> AnalogInput:
        """Channel 0 to 7 of the MCP3008 on SPI 0, chip select 0. Raises HardwareError."""

    def digital(self, pin: int, *, pull_up: bool) -> DigitalInput:
        """An input by its BCM number. Raises HardwareError."""

    def output(self, pin: int) -> Output:
        """An output by its BCM number, off at first. Raises HardwareError."""

    def reader(self, path: Path) -> LineReader:
        """A card reader by its serial device; called in the event loop. Raises HardwareError."""

    def printer(self, path: Path) -> Printer:
        """A receipt printer by its character device."""

    def close(self) -> None:
        """Release every pin; outputs go off."""
