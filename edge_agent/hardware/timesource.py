"""What a machine can tell of its time: its clocks, whether a time server steers them, what gave the time at boot."""

from __future__ import annotations

import ctypes
import time
from functools import cached_property
from pathlib import Path
from typing import Protocol

from edge_agent.hardware.timefloor import NS_PER_MS, Look

#: adjtimex(2): what it returns when no time server steers the clock, and a size that no `struct timex` exceeds.
TIME_ERROR, TIMEX_BYTES = 5, 512
#: systemd-timesyncd makes this file once the clock has been set from the network (systemd-timesyncd.service(8)).
SYNCHRONIZED = Path("run/systemd/timesync/synchronized")
#: "1" in the file of the hardware clock from which the kernel set its own at boot.
HARDWARE_CLOCKS = "sys/class/rtc/rtc*/hctosys"


class TimeSource(Protocol):
    """Where a clock gets its time from; tests and simulators have their own."""

    def times(self) -> tuple[int, int]:
        """Wall time, ms UTC, and monotonic time, ns: of one moment."""

    def look(self) -> Look:
        """All that can be seen now."""


class MachineTime:
    """This machine's own clocks. `root` is where its files are; a test has its own."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex

    def times(self) -> tuple[int, int]:
        """CLOCK_REALTIME in ms, CLOCK_MONOTONIC in ns."""
        return time.time_ns() // NS_PER_MS, time.monotonic_ns()

    def look(self) -> Look:
        """The clocks, and what the kernel and the files of timesyncd and of the hardware clock say."""
        wall_ms, mono_ns = self.times()
        return Look(wall_ms, mono_ns, self._is_synchronized(), (self._root / SYNCHRONIZED).exists(), self._rtc)

    def _is_synchronized(self) -> bool:
        """The kernel clears its mark of being steered when the clock is set by hand, or after hours without."""
        state = int(self._adjtimex(ctypes.create_string_buffer(TIMEX_BYTES)))
        return 0 <= state != TIME_ERROR

    @cached_property
    def _rtc(self) -> bool:
        """Looked up once: it is of the boot."""
        return any(_read(file) == "1" for file in self._root.glob(HARDWARE_CLOCKS))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
