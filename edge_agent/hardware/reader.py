"""A device that says lines of text: a card reader on a serial port. Real readers and pseudo-terminals alike."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import stat
import termios
import tty
from collections.abc import Callable
from pathlib import Path

from edge_agent.hardware.board import HardwareError

#: A line that is longer than this is noise, and is dropped.
MAX_LINE_BYTES = 256
CHUNK = 1024


class SerialReader:
    """Reads lines without waiting. Built and used in the thread of a running event loop."""

    def __init__(self, path: Path) -> None:
        """Open the device. Raises HardwareError."""
        self._path = path
        self._rest = b""
        self._listeners: list[Callable[[str], None]] = []
        self.lost: HardwareError | None = None
        self._file = _open(path)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._file, self._read)

    def on_line(self, callback: Callable[[str], None]) -> None:
        """Call `callback(line)` for each line, stripped, in the loop's thread."""
        self._listeners.append(callback)

    def close(self) -> None:
        """Let go of the device."""
        if self._file >= 0:
            self._loop.remove_reader(self._file)
            os.close(self._file)
            self._file = -1

    def _read(self) -> None:
        try:
            data = os.read(self._file, CHUNK)
        except BlockingIOError:
            return
        except OSError as exc:
            self._give_up(str(exc.strerror))
            return
        if not data:
            self._give_up("it has gone away")
            return
        *lines, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            self._rest = b""
        for line in lines:
            self._tell(line)

    def _tell(self, line: bytes) -> None:
        text = line[: MAX_LINE_BYTES + 1].decode("ascii", "replace").strip()
        if text and len(line) <= MAX_LINE_BYTES:
            for listener in self._listeners:
                listener(text)

    def _give_up(self, why: str) -> None:
        self.close()
        self.lost = HardwareError(f"card reader {self._path}: {why}; plug it in again")


def _open(path: Path) -> int:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as exc:
        raise HardwareError(f"card reader {path}: {exc.strerror}") from exc
    if not stat.S_ISCHR(os.fstat(file).st_mode):
        os.close(file)
        raise HardwareError(f"card reader {path}: {os.strerror(errno.ENOTTY)}; name a serial device")
    with contextlib.suppress(termios.error):
        tty.setraw(file, termios.TCSANOW)
    return file
