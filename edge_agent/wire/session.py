"""A session with the broker as the duties see it: what it does, how one is made, and how one is kept up.

`edge_agent.wire.link` makes sessions over MQTT; this module knows no library.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

logger = logging.getLogger(__name__)

#: Of the time between two attempts; a device may be cut off for days, and powers of two pass every float.
MOST_DOUBLINGS = 30


class LinkError(Exception):
    """The connection could not be made or was lost; the text says why."""


class Refused(Exception):
    """The broker answered a publish with a reason code of failure (MQTT 5, 2.4): it was not passed on."""


@dataclass(frozen=True)
class Will:
    """What the broker publishes when the connection is lost; `delay_s` later, unless it is back by then."""

    topic: str
    payload: bytes
    delay_s: int
    retain: bool = True


@dataclass(frozen=True)
class LinkOptions:
    """How to connect. `receive_maximum` bounds what the broker sends before it is acknowledged here.

    It counts messages of QoS 1 only; with `receive_bytes`, nothing is read while messages of any QoS that are not
    acknowledged have more bytes than that (0: no such bound), and TCP holds the broker back.
    """

    host: str
    port: int
    client_id: str
    keepalive_s: int = 45
    session_expiry_s: int = 3600
    receive_maximum: int = 100
    receive_bytes: int = 0
    max_packet_bytes: int = 256 * 1024
    will: Will | None = None
    tls: ssl.SSLContext | None = None


class Delivery(NamedTuple):
    """A message as it came. `token` acknowledges it on the same connection only; below 0 for QoS 0."""

    topic: str
    payload: bytes
    retain: bool
    token: int


class Session(Protocol):
    """One connection from its making to its loss; it is never used again. The seam to another transport."""

    @property
    def receive_maximum(self) -> int:
        """How many messages the other side takes before it has acknowledged one."""

    async def subscribe(self, filters: Iterable[str]) -> None:
        """Subscribe with QoS 1 and wait for SUBACK. Raises LinkError when one is not granted."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> asyncio.Future[None]:
        """Publish with QoS 1. The future is done at PUBACK, which says nothing about storage.

        It fails with Refused when the broker says no, with LinkError when the connection ends before.
        """

    def send(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 0: for what is cumulative and costs nothing when lost."""

    def acknowledge(self, tokens: Iterable[int]) -> None:
        """Send PUBACK for deliveries of this connection; of a connection that is gone it is no error."""

    async def keep_alive(self) -> str:
        """Ping as the keep-alive asks, until the connection is lost; returns the reason."""


class Connect(Protocol):
    """How a session is made; `edge_agent.wire.link.connect` makes one over MQTT."""

    def __call__(
        self, options: LinkOptions, on_delivery: Callable[[Delivery], None]
    ) -> AbstractAsyncContextManager[Session]:
        """An open session, closed at the end. Raises LinkError when it cannot be made."""


async def stay_connected(
    prepare: Callable[[], Awaitable[LinkOptions]],
    on_delivery: Callable[[Delivery], None],
    serve: Callable[[Session], Awaitable[None]],
    *,
    connect: Connect,
    longest_wait_s: float = 60.0,
) -> None:
    """Connect, serve until the connection is lost, wait with full jitter, connect again; for ever.

    `prepare` gives the options of each attempt. `serve` is cancelled when the connection is lost.
    """
    failures = 0
    while True:
        options = await prepare()
        try:
            async with connect(options, on_delivery) as connection:
                logger.info("link up", extra={"client": options.client_id})
                failures = 0
                await _serve_until_lost(connection, serve)
        except LinkError as exc:
            if failures == 0:
                logger.warning("link down: %s", exc, extra={"client": options.client_id})
        failures += 1
        await asyncio.sleep(draw_wait_s(failures, longest_wait_s))


def draw_wait_s(failures: int, longest_s: float) -> float:
    """Seconds to wait after so many failures in a row: full jitter, so that a fleet does not come back at once."""
    widest = 0.5 * 2 ** min(failures, MOST_DOUBLINGS)
    return random.uniform(0.1, min(longest_s, widest))  # noqa: S311 jitter


async def _serve_until_lost(connection: Session, serve: Callable[[Session], Awaitable[None]]) -> None:
    async def watch() -> None:
        raise LinkError(await connection.keep_alive())

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            group.create_task(_run(serve, connection))
    except* LinkError as lost:
        raise LinkError(str(lost.exceptions[0])) from lost


async def _run(serve: Callable[[Session], Awaitable[None]], connection: Session) -> None:
    await serve(connection)
    raise LinkError("the duty ended")
