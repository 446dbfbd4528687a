"""Speaks to systemd: ready, alive, stopping, and a line for people (sd_notify(3)), over its datagram socket."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

logger = logging.getLogger(__name__)

SOCKET, WATCHDOG_US, WATCHDOG_PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"


class Notifier:
    """The service manager that started this process; it restarts who is silent for `watchdog_s` (None: nobody)."""

    def __init__(self, address: str, watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._reachable = True

    @classmethod
    def find(cls, environment: Mapping[str, str]) -> Notifier | None:
        """The one that `environment` names; None for a process that nobody supervises."""
        address = environment.get(SOCKET, "")
        if not address.startswith(("/", "@")):
            return None
        return cls(address, _watchdog_s(environment))

    def ready(self) -> None:
        """What depends on this service may begin."""
        self._send("READY=1")

    def alive(self) -> None:
        """Begin the watchdog's time anew."""
        self._send("WATCHDOG=1")

    def say(self, text: str) -> None:
        """Have `systemctl status` show one line."""
        self._send("STATUS=" + " ".join(text.split()))

    def stopping(self) -> None:
        """The service ends because it was told to."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        """A service manager that takes nothing now is told of once, and holds up nobody."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.sendto(text.encode(), self._address)
        except OSError as exc:
            if self._reachable:
                logger.warning("the service manager cannot be told: %s", exc)
            self._reachable = False
        else:
            self._reachable = True


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """The watchdog's time, if one watches this process."""
    text, pid = environment.get(WATCHDOG_US, ""), environment.get(WATCHDOG_PID, "")
    if not text.isdecimal() or int(text) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(text) / 1e6
