"""A publisher of warnings for tests: a real HTTP server on a free port whose answers are scripted by path."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

LIMIT_S = 60.0


class Reply(NamedTuple):
    """One answer. `then` is written again and again after the body: b"" ends it, b"-" keeps silent for ever."""

    status: int = 200
    body: bytes = b""
    headers: tuple[str, ...] = ()
    then: bytes = b""


class Request(NamedTuple):
    """What a client asked for."""

    path: str
    headers: dict[str, str]


class Publisher:
    """Its address, what was asked of it, and what it answers; the last reply of a path is given again and again."""

    def __init__(self) -> None:
        self.origin = ""
        self.requests: list[Request] = []
        self._replies: dict[str, list[Reply]] = defaultdict(list)
        self._asked = asyncio.Condition()

    def script(self, path: str, *replies: Reply) -> str:
        """Answer `path` with these in turn from now on; returns the full address."""
        self._replies[path] = list(replies)
        return self.origin + path

    def times(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(request.path == path for request in self.requests)

    async def asked(self, path: str, times: int = 1) -> None:
        """Wait until the path was asked for so often."""
        async with asyncio.timeout(LIMIT_S), self._asked:
            await self._asked.wait_for(lambda: self.times(path) >= times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and answer it."""
        try:
            request = await _read(reader)
            async with self._asked:
                self.requests.append(request)
                self._asked.notify_all()
            replies = self._replies[request.path] or [Reply(404)]
            await _write(writer, replies[0])
            del replies[: len(replies) > 1]
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client had enough
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    return Request(head[0].split(" ")[1], {name.lower(): value.strip() for name, _, value in pairs})


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
    head = [f"HTTP/1.1 {reply.status} Said", "Connection: close", *reply.headers]
    if not reply.then:
        head.append(f"Content-Length: {len(reply.body)}")
    writer.write("\r\n".join([*head, "", ""]).encode("latin-1") + reply.body)
    await writer.drain()
    while reply.then:
        if reply.then == b"-":
            await writer.wait_closed()
        writer.write(reply.then)
        await writer.drain()
        await asyncio.sleep(0.001)  # the client lives in the same loop


@asynccontextmanager
async def publishing(host: str = "127.0.0.1") -> AsyncIterator[Publisher]:
    """A publisher until the block ends."""
    publisher = Publisher()
    server = await asyncio.start_server(publisher.serve, host, 0)
    publisher.origin = f"http://{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield publisher
    finally:
        server.close()
