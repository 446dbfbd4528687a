"""SIMULATED boards: real gpiozero devices on mock pins, one set of pins and one converter for each board.

gpiozero keys a shared SPI interface by its pin numbers alone, so in one process every MCP3008 would read the
first board's. Each board therefore has its own pin factory, whose `spi` hands out that board's own interface.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from gpiozero import SPIBadArgs
from gpiozero.pins import SPI, BoardInfo
from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiBoardInfo

from edge_agent.hardware.board import HardwareError, LineReader, Paper, Printer
from edge_agent.hardware.gpio import GpioBoard
from firmware_sim.converter import Mcp3008, Source
from firmware_sim.machine import SimMachine

#: Raspberry Pi 4B, 2 GB, revision 1.4.
REVISION = 0xB03114
SPI_PINS = ("GPIO11", "GPIO10", "GPIO9", "GPIO8")


@cache
def _board_info(revision: int) -> BoardInfo:
    return PiBoardInfo.from_revision(revision)


class SimPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin with a world outside it: what drives it from outside wins over the pull resistor."""

    _driven: bool | None = None

    def drive(self, level: bool | None) -> None:
        """Put `level` on the pin from outside; None lets go of it, and the pull resistor decides."""
        self._driven = level
        if self._function == "input":
            self._settle()

    def _settle(self) -> None:
        level = self._pull == "up" if self._driven is None else self._driven
        (self.drive_high if level else self.drive_low)()

    def _set_pull(self, value: str) -> None:
        self._pull = value
        self._settle()

    def _change_state(self, value: bool) -> bool:
        # The mock pin would keep every state it ever had; a storm has many.
        changed = bool(self.state) != value
        self._state = value
        return changed


class SimSpi(SPI):  # type: ignore[misc]  # gpiozero has no types
    """The SPI interface of one board, with its converter behind it. It holds the SPI pins as a real one does."""

    def __init__(self, factory: SimFactory) -> None:
        super().__init__(pin_factory=factory)
        factory.reserve_pins(self, *SPI_PINS)
        self._users = 1

    def share(self) -> SimSpi:
        """Count one more device on the interface."""
        self._users += 1
        return self

    def close(self) -> None:
        """Release the pins when the last device on the interface has closed."""
        self._users = max(0, getattr(self, "_users", 0) - 1)
        if self._users == 0 and self.pin_factory is not None:
            self.pin_factory.release_pins(self, *SPI_PINS)
        super().close()

    @property
    def closed(self) -> bool:
        """Whether no device uses the interface any more."""
        return self._users == 0

    def transfer(self, data: Sequence[int]) -> list[int]:
        """Exchange one frame of words with the converter."""
        return self.pin_factory.converter.transfer(data)  # type: ignore[no-any-return]

    def _get_bits_per_word(self) -> int:
        return 8


class SimFactory(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """The pins and the converter of one board."""

    def __init__(self) -> None:
        super().__init__(revision=f"{REVISION:x}", pin_class=SimPin)
        self.converter = Mcp3008()
        self._spi: SimSpi | None = None

    def spi(self, **spi_args: object) -> SimSpi:
        """This board's SPI 0, chip select 0. Raises SPIBadArgs for another port or for pins by number."""
        if set(spi_args) - {"port", "device", "shared"} or spi_args.get("port") or spi_args.get("device"):
            raise SPIBadArgs("the simulated board has SPI port 0, device 0 only")
        if self._spi is None or self._spi.closed:
            self._spi = SimSpi(self)
            return self._spi
        return self._spi.share()

    def _get_board_info(self) -> BoardInfo:
        return _board_info(REVISION)


class SimReader:
    """A SIMULATED card reader."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[str], None]] = []
        self.lost: HardwareError | None = None

    def on_line(self, callback: Callable[[str], None]) -> None:
        """Have `callback(line)` called for each card."""
        self._listeners.append(callback)

    def say(self, line: str) -> None:
        """A card is held to it."""
        for listener in self._listeners:
            listener(line)

    def close(self) -> None:
        """Say nothing more."""
        self._listeners.clear()


class SimPrinter:
    """A SIMULATED receipt printer: keeps the last few slips in memory, as the bytes that it was given."""

    def __init__(self) -> None:
        self.slips: deque[bytes] = deque(maxlen=8)
        self.stock = Paper.ENOUGH
        self.plugged = True

    async def paper(self) -> Paper:
        """What it was told to have. Raises HardwareError while it is not plugged in."""
        if not self.plugged:
            raise HardwareError("receipt printer: it is not plugged in")
        return self.stock

    async def print(self, data: bytes) -> Paper:
        """Take a slip. Raises HardwareError without paper, or while it is not plugged in."""
        if await self.paper() is Paper.OUT:
            raise HardwareError("receipt printer: out of paper; put in a new roll")
        self.slips.append(data)
        return self.stock


class SimBoard(GpioBoard):
    """A SIMULATED board, with handles for the world around it."""

    def __init__(self, serial: str) -> None:
        self._pins = SimFactory()
        self._by_number: dict[int, SimPin] = {}
        self._sim_machine = SimMachine()
        self._reader = SimReader()
        self.slip_printer = SimPrinter()
        super().__init__(self._pins, serial)

    @property
    def machine(self) -> SimMachine:
        """The SIMULATED computer that carries the board."""
        return self._sim_machine

    def attach(self, channel: int, source: Source) -> None:
        """Have `source` asked for the ratio (0 to 1) of an analogue channel at each conversion."""
        self._pins.converter.attach(channel, source)

    def set_ratio(self, channel: int, ratio: float) -> None:
        """Hold an analogue channel at `ratio` of full scale."""
        self.attach(channel, lambda: ratio)

    def set_contact(self, pin: int, closed: bool, *, pull_up: bool = True) -> None:
        """Close or open a contact: to ground where the input is pulled up, to 3.3 V where pulled down."""
        self._pin(pin).drive(not pull_up if closed else None)

    def reader(self, path: Path) -> LineReader:
        """The SIMULATED card reader, whatever its path."""
        return self._reader

    def printer(self, path: Path) -> Printer:
        """The SIMULATED receipt printer, whatever its path."""
        return self.slip_printer

    def show_card(self, line: str) -> None:
        """Hold a card to the reader, once."""
        self._reader.say(line)

    def is_on(self, pin: int) -> bool:
        """Whether an output pin is high."""
        return bool(self._pin(pin).state)

    def close(self) -> None:
        """Close the devices, then the pins."""
        super().close()
        self._pins.close()
        self._by_number.clear()

    def _pin(self, number: int) -> SimPin:
        # Finding a pin by its name takes 20 us in gpiozero; a storm asks for the same one thousands of times.
        if number not in self._by_number:
            self._by_number[number] = self._pins.pin(number)
        return self._by_number[number]


def make_board(serial: str) -> SimBoard:
    """A SIMULATED board with the given serial number; any number of them live in one process."""
    return SimBoard(serial)
