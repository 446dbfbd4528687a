"""How the computer does that carries the pins: room on its disk, heat, supply voltage, memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple, Protocol

MB = 1_000_000
#: In millidegrees Celsius, one for each zone.
TEMPERATURES = "sys/class/thermal/thermal_zone*/temp"
#: A Raspberry Pi's firmware: hexadecimal flags; bit 0 says that the voltage is too low now.
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
UNDERVOLTAGE_NOW = 1
#: Newer kernels' driver for the same: "rpi_volt" has the alarm "1" while the voltage is too low.
MONITORS, MONITOR, ALARM = "sys/class/hwmon/hwmon*/name", "rpi_volt", "in0_lcrit_alarm"
#: Pages: size, resident, and more (proc(5)).
MEMORY = "proc/self/statm"


class Health(NamedTuple):
    """How a machine does; None is what it cannot tell. Memory is this process's resident one."""

    disk_free_mb: float | None = None
    temperature_c: float | None = None
    undervoltage: bool | None = None
    memory_mb: float | None = None


class Machine(Protocol):
    """The computer that carries a board."""

    def health(self, folder: Path) -> Health:
        """How it does now; the disk is the one that `folder` is on."""


class LinuxMachine:
    """The machine this runs on. `root` is where its files are; a test has its own."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def health(self, folder: Path) -> Health:
        """What the kernel's files say; they are small and never block."""
        return Health(free_mb(folder), self._temperature(), self._undervoltage(), self._memory())

    def _temperature(self) -> float | None:
        """Of the hottest zone."""
        zones = [_integer(_read(file)) for file in self._root.glob(TEMPERATURES)]
        return max((zone / 1000 for zone in zones if zone is not None), default=None)

    def _undervoltage(self) -> bool | None:
        for name in sorted(self._root.glob(MONITORS)):
            alarm = _integer(_read(name.with_name(ALARM))) if _read(name) == MONITOR else None
            if alarm is not None:
                return alarm != 0
        flags = _integer(_read(self._root / THROTTLED), 16)
        return None if flags is None else bool(flags & UNDERVOLTAGE_NOW)

    def _memory(self) -> float | None:
        pages = _read(self._root / MEMORY).split()[1:2]
        resident = _integer(pages[0]) if pages else None
        return None if resident is None else round(resident * os.sysconf("SC_PAGE_SIZE") / MB, 1)


def free_mb(folder: Path) -> float | None:
    """Room for this user on the disk of `folder`, MB; None when it cannot be asked."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return round(disk.f_bavail * disk.f_frsize / MB, 1)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _integer(text: str, base: int = 10) -> int | None:
    try:
        return int(text, base)
    except ValueError:
        return None
