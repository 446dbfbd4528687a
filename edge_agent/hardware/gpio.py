"""A board whose pins are driven through gpiozero: the only code that knows that library.

Pins are named by their BCM numbers. The converter is an MCP3008 on SPI 0, chip select 0.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import gpiozero
from gpiozero.pins import Factory
from gpiozero.pins.mock import MockFactory

from edge_agent.hardware.board import AnalogInput, DigitalInput, HardwareError, LineReader, Output, Printer
from edge_agent.hardware.machine import LinuxMachine, Machine
from edge_agent.hardware.printer import PrinterFile
from edge_agent.hardware.reader import SerialReader

try:
    from lgpio import error as LgpioError
except ImportError:

    class LgpioError(Exception):  # type: ignore[no-redef]
        """Stands in for lgpio's error where that library is not installed, and is never raised."""


logger = logging.getLogger(__name__)

PIN_ERRORS = (gpiozero.GPIOZeroError, LgpioError, OSError)
#: The largest code of a 10-bit converter.
FULL_SCALE = 1023
#: Where a board's serial number is found, best first (a Pi's own, then the system's).
SERIAL_FILES = (
    Path("/proc/device-tree/serial-number"),
    Path("/sys/firmware/devicetree/base/serial-number"),
    Path("/etc/machine-id"),
)
Device = TypeVar("Device", bound=gpiozero.Device)


class GpioAnalogInput:
    """One channel of the MCP3008."""

    def __init__(self, device: gpiozero.MCP3008) -> None:
        self._device = device

    def read(self) -> float:
        """The code over full scale: 0.0 at code 0, 1.0 at code 1023. Raises HardwareError."""
        if self._device.closed:
            raise HardwareError("the board has been closed; its converter cannot be read")
        try:
            return int(self._device.raw_value) / FULL_SCALE
        except PIN_ERRORS as exc:
            raise HardwareError(f"converter channel {self._device.channel} cannot be read: {exc}") from exc


class GpioDigitalInput:
    """One input pin. Its edges come from gpiozero's thread, as they are: nothing is debounced here."""

    def __init__(self, device: gpiozero.DigitalInputDevice) -> None:
        self._device = device
        self._listeners: list[Callable[[bool], None]] = []
        device.when_activated = lambda: self._tell(True)
        device.when_deactivated = lambda: self._tell(False)

    @property
    def active(self) -> bool:
        """Whether the input is active now. Raises HardwareError."""
        try:
            return bool(self._device.is_active)
        except PIN_ERRORS as exc:
            raise HardwareError(f"input {self._device!r} cannot be read: {exc}") from exc

    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Add `callback(active)`, called at every edge, from another thread on a real board."""
        self._listeners.append(callback)

    def _tell(self, active: bool) -> None:
        for listener in self._listeners:
            listener(active)


class GpioOutput:
    """One output pin."""

    def __init__(self, device: gpiozero.DigitalOutputDevice) -> None:
        self._device = device

    def set(self, on: bool) -> None:
        """Switch at once. Raises HardwareError."""
        try:
            self._device.on() if on else self._device.off()
        except PIN_ERRORS as exc:
            raise HardwareError(f"output {self._device!r} cannot be switched: {exc}") from exc


class GpioBoard:
    """A Raspberry Pi's pins, or whatever pins `factory` (a gpiozero pin factory) stands for."""

    def __init__(self, factory: Factory | None = None, serial: str | None = None) -> None:
        """Take `factory`, else find the machine's own. Raises HardwareError when none works."""
        self._factory = factory if factory is not None else find_pin_factory()
        self._serial = serial if serial is not None else read_serial()
        self._devices: list[gpiozero.Device] = []
        self._machine = LinuxMachine()

    @property
    def serial(self) -> str:
        """The hardware's serial number, or the system's id where the hardware has none."""
        return self._serial

    @property
    def simulated(self) -> bool:
        """True when the factory is gpiozero's mock one or built on it."""
        return isinstance(self._factory, MockFactory)

    @property
    def machine(self) -> Machine:
        """The machine this runs on."""
        return self._machine

    def analog(self, channel: int) -> AnalogInput:
        """Channel 0 to 7 of the MCP3008. Raises HardwareError."""
        return GpioAnalogInput(
            self._keep(f"converter channel {channel}", lambda: self._open(gpiozero.MCP3008, channel))
        )

    def digital(self, pin: int, *, pull_up: bool) -> DigitalInput:
        """An input by its BCM number. Raises HardwareError."""
        return GpioDigitalInput(
            self._keep(f"input {pin}", lambda: self._open(gpiozero.DigitalInputDevice, pin, pull_up=pull_up))
        )

    def output(self, pin: int) -> Output:
        """An output by its BCM number, off at first. Raises HardwareError."""
        return GpioOutput(self._keep(f"output {pin}", lambda: self._open(gpiozero.DigitalOutputDevice, pin)))

    def reader(self, path: Path) -> LineReader:
        """A card reader on a serial port of this machine. Raises HardwareError."""
        return SerialReader(path)

    def printer(self, path: Path) -> Printer:
        """A receipt printer on a port of this machine."""
        return PrinterFile(path)

    def close(self) -> None:
        """Switch the outputs off and release every pin."""
        while self._devices:
            device = self._devices.pop()
            try:
                if isinstance(device, gpiozero.DigitalOutputDevice):
                    device.off()  # a released pin floats: it must not be left as it was
                device.close()
            except PIN_ERRORS as exc:
                logger.error("pin not released: %s", exc)  # the others are released all the same

    def _open(self, kind: Callable[..., Device], address: int, **options: bool) -> Device:
        return kind(address, pin_factory=self._factory, **options)

    def _keep(self, name: str, build: Callable[[], Device]) -> Device:
        try:
            device = build()
        except PIN_ERRORS as exc:
            raise HardwareError(f"{name} cannot be used: {exc}") from exc
        self._devices.append(device)
        return device


def find_pin_factory() -> Factory:
    """The pin factory that gpiozero finds on this machine, or the one in GPIOZERO_PIN_FACTORY.

    Raises HardwareError that gives each driver's reason and the remedy.
    """
    with warnings.catch_warnings(record=True) as reasons:
        warnings.simplefilter("always")
        try:
            gpiozero.Device.ensure_pin_factory()
        except PIN_ERRORS as exc:
            raise HardwareError(_no_factory([str(r.message) for r in reasons] or [str(exc)])) from exc
    return gpiozero.Device.pin_factory


def _no_factory(reasons: list[str]) -> str:
    tried = "; ".join(reason.removeprefix("Falling back from ") for reason in reasons)
    return (
        f"no GPIO driver works here ({tried}). On a Raspberry Pi install the driver with"
        " pip install 'weiran[device]' and put the user in the group gpio; on any other machine"
        " there are no pins: run the simulator (weiran demo)."
    )


def read_serial(files: tuple[Path, ...] = SERIAL_FILES) -> str:
    """The first serial number found in `files`. Raises HardwareError when none can be read."""
    for file in files:
        try:
            serial = file.read_text(encoding="ascii", errors="replace").strip("\x00 \n")
        except OSError:
            continue
        if serial:
            return serial
    raise HardwareError(
        f"no serial number: none of {', '.join(map(str, files))} can be read; make one with systemd-machine-id-setup"
    )
