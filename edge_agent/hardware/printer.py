"""A receipt printer on a character device: a USB printer (/dev/usb/lp0), a serial line, or a pseudo-terminal.

It is opened for each use, so that one that was unplugged works again as soon as it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import stat
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.hardware.board import HardwareError, Paper
from edge_agent.hardware.escpos import ASK_DONE, ASK_PAPER, read_done, read_paper

CHUNK = 1024


class PrinterFile:
    """Prints through a device file; all waiting is in a thread, and has a limit (real seconds)."""

    def __init__(self, path: Path, answer_s: float = 1.0, print_s: float = 15.0) -> None:
        self._path, self._answer_s, self._print_s = path, answer_s, print_s

    async def paper(self) -> Paper:
        """What the printer says of its paper; UNKNOWN from one that does not say. Raises HardwareError."""
        return await asyncio.to_thread(self._look)

    async def print(self, data: bytes) -> Paper:
        """Print, and say how the paper is then. Raises HardwareError: not printed, or not known to be."""
        return await asyncio.to_thread(self._print, data)

    def _look(self) -> Paper:
        with self._opened() as file:
            return self._ask(file)

    def _ask(self, file: int) -> Paper:
        _drop_input(file)
        self._write(file, ASK_PAPER, self._answer_s)
        return _answer(file, read_paper, self._answer_s) or Paper.UNKNOWN

    def _print(self, data: bytes) -> Paper:
        with self._opened() as file:
            before = self._ask(file)
            if before is Paper.OUT:
                raise self._error("out of paper; put in a new roll")
            self._write(file, data, self._print_s)
            if before is Paper.UNKNOWN:
                return before
            self._write(file, ASK_DONE, self._print_s)
            after = _answer(file, read_done, self._print_s)
            if after is None or after is Paper.OUT:
                raise self._error("it has not said that it printed all; look at its paper and its lid")
            return after

    def _write(self, file: int, data: bytes, limit_s: float) -> None:
        """Hand over all of it. A USB printer drops what it has not taken when it is closed: wait for that, too."""
        until = time.monotonic() + limit_s
        while _wait(file, select.POLLOUT, until):
            if not data:
                return
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(file, data[:CHUNK]) :]
        with contextlib.suppress(termios.error):
            termios.tcflush(file, termios.TCOFLUSH)
        raise self._error("it takes no data; look at its paper and its lid")

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as exc:
            raise self._error(f"{exc.strerror}; plug it in and switch it on") from exc
        try:
            if not stat.S_ISCHR(os.fstat(file).st_mode):
                raise self._error(f"{os.strerror(errno.ENOTTY)}; name a character device")
            with contextlib.suppress(termios.error):
                tty.setraw(file, termios.TCSANOW)
            yield file
        except OSError as exc:
            raise self._error(f"{exc.strerror}; plug it in and switch it on") from exc
        finally:
            os.close(file)

    def _error(self, why: str) -> HardwareError:
        return HardwareError(f"receipt printer {self._path}: {why}")


def _wait(file: int, event: int, until: float) -> bool:
    """Whether the file is ready before `until`. Raises OSError when it has gone away."""
    poll = select.poll()
    poll.register(file, event)
    ready = poll.poll(max(0.0, until - time.monotonic()) * 1000)
    if ready and not ready[0][1] & event:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    return bool(ready)


def _answer(file: int, read: Callable[[bytes], Paper | None], limit_s: float) -> Paper | None:
    until = time.monotonic() + limit_s
    while _wait(file, select.POLLIN, until):
        try:
            data = os.read(file, CHUNK)
        except BlockingIOError:
            continue
        if not data:
            return None
        said = read(data)
        if said is not None:
            return said
    return None


def _drop_input(file: int) -> None:
    """Forget what was said before: an answer belongs to its question."""
    with contextlib.suppress(BlockingIOError):
        while os.read(file, CHUNK):
            pass
