"""Weiran's own processes as the demo starts them: each with a log of JSON lines, and ended by its id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_LIMIT_S = 15.0
MOUNT = 'mount -t tmpfs -o size="$1"m none "$2" && shift 2 && exec "$@"'


def mounting(folder: Path, size_mb: int) -> tuple[str, ...]:
    """A wrapper that gives a program a disk of its own at `folder`: a tmpfs that only it sees."""
    return ("unshare", "-rm", "sh", "-c", MOUNT, "sh", str(size_mb), str(folder))


def can_mount() -> bool:
    """Whether this machine lets its users do that."""
    try:
        probe = subprocess.run([*mounting(Path("/mnt"), 1), "true"], capture_output=True, check=False)  # noqa: S603 ours
    except OSError:
        return False
    return probe.returncode == 0


@dataclass
class Program:
    """One process that can be killed and started again. `inherited` are file descriptors it keeps open.

    `wrapper` is a command that makes way for the one that is appended to it.
    """

    name: str
    arguments: Sequence[str]
    log: Path
    inherited: tuple[int, ...] = ()
    wrapper: tuple[str, ...] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _killed: bool = field(default=False, repr=False)

    def start(self) -> None:
        """Start it; it dies with the process that started it."""
        self._killed = False
        guard = ["setpriv", "--pdeathsig", "KILL", "--"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program with arguments made here
                [*self.wrapper, *guard, sys.executable, "-m", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.inherited,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    @property
    def pid(self) -> int:
        """Its process id; `setpriv` makes way for the program, so that it is the program's own."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return None if self._process is None else self._process.poll()

    @property
    def started(self) -> bool:
        """Whether it has ever been started."""
        return self._process is not None

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def killed(self) -> bool:
        """Whether `kill` has ended it and it was not started again."""
        return self._killed

    @property
    def ended_by_itself(self) -> bool:
        """Whether it ended in disorder although `kill` was not called; the kernel may have killed it for memory."""
        return self.status not in (None, 0) and not self._killed

    def kill(self) -> None:
        """SIGKILL, as a power cut would; returns when it is gone."""
        if self._process is not None:
            self._killed = True
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not end it in time."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def log_lines(self) -> Iterator[dict[str, object]]:
        """What it has logged; lines that are no JSON objects are left out."""
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry

    def last_words(self) -> str:
        """The end of its log, for an error message."""
        return self.log.read_text(errors="replace")[-1500:].strip() if self.log.exists() else ""
