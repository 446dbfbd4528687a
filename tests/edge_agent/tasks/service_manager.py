"""Stands in for systemd as a process sees it: a datagram socket, and what came in on it."""

from __future__ import annotations

import socket

ALIVE = "WATCHDOG=1"


class Manager:
    """The service manager at an address."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)
        self._told: list[str] = []

    def told(self) -> list[str]:
        """All messages so far, in order."""
        while True:
            try:
                self._told.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return self._told

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
