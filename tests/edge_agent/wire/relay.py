"""A network path that can swallow what goes through it, as a modem does that has lost its cell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Relay:
    """Passes bytes between its port and another; while `swallows`, neither they nor an end get through."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.swallows = False
        self.seen: list[bytes] = []
        self.port = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, far_writer]
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._tasks.add(asyncio.create_task(self._copy(source, sink)))

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                self.seen.append(data)
                if not self.swallows:
                    sink.write(data)
        if not self.swallows:
            sink.close()

    def cut(self) -> None:
        """Break every connection without a goodbye."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        """Break everything and wait until it is gone."""
        self.cut()
        await asyncio.gather(*self._tasks)


@asynccontextmanager
async def open_relay(target: int, port: int = 0) -> AsyncIterator[Relay]:
    """A relay on `port`, or on a free one."""
    relay = Relay(target)
    server = await asyncio.start_server(relay.carry, "127.0.0.1", port)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        await relay.close()
