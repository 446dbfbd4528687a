"""Serves an application from within a process that has other duties: no signal handlers, ends when cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI


class AddressTaken(OSError):
    """The address cannot be listened at."""


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


async def serve(app: FastAPI, host: str, port: int, started: Callable[[int], None] | None = None) -> None:
    """Serve until cancelled. `started` is told the port once requests are taken. Raises AddressTaken."""
    listening = _listen(host, port)
    server = Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            limit_concurrency=50,
            lifespan="off",
        )
    )
    serving = asyncio.create_task(server.serve([listening]), name="screen")
    try:
        ready = asyncio.create_task(server.ready.wait())
        await asyncio.wait([ready, serving], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if started is not None and server.started:
            started(listening.getsockname()[1])
        await asyncio.shield(serving)
    finally:
        app.state.closing.set()
        server.should_exit = True
        await asyncio.wait([serving])
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=64)
    except OSError as exc:
        raise AddressTaken(f"{host}:{port} cannot be listened at: {exc.strerror}") from exc
