"""Listens where settings say, and serves without touching the signals of the process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn


class AddressTaken(OSError):
    """A process cannot listen where its settings say."""


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: who runs the process decides when it ends."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that is listened at. Raises AddressTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as exc:
        why = str(exc.strerror or exc).partition(" (while")[0]  # what follows names the address once more
        raise AddressTaken(exc.errno, f"cannot listen on {host}:{port}: {why}") from exc
