"""Publishes what is desired of devices: what the table says is brought to the broker, again and again if need be.

Ingest alone has a connection to the broker. It looks at the table about every second, says everything again on a new
connection, and to a device at each of its births: a message that was lost heals by itself, and a device that has
it already changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading
from cloud_gateway.twin import store
from edge_agent.wire.session import Refused, Session
from edge_agent.wire.topics import Leaf, Topic

logger = logging.getLogger(__name__)

POLL_S = 1.0


class Desires:
    """What has been said to which device over the connection of now."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._said: dict[str, int] = {}
        self._sum = -1
        self._wanted = asyncio.Event()
        self._told = False

    def say_again(self, devices: Iterable[str]) -> None:
        """These devices were born: what is desired of them is said once more."""
        for device in devices:
            self._said.pop(device, None)
            self._sum = -1
            self._wanted.set()

    async def publish(self, connection: Session) -> None:
        """The duty of one connection; until it is lost. Raises LinkError."""
        self._said.clear()
        self._sum = -1
        while True:
            self._wanted.clear()
            try:
                await self._publish_changed(connection)
                self._told = False
            except SQLAlchemyError as exc:  # the database is busy, full or away: the next look comes soon
                self._report(exc)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._wanted.wait()

    async def _publish_changed(self, connection: Session) -> None:
        async with reading(self._engine) as database:
            total = await store.sum_versions(database)
            if total == self._sum:
                return
            versions = await store.list_versions(database)
        self._sum = total
        for device in [d for d, version in versions.items() if self._said.get(d) != version]:
            await self._publish_one(connection, device)

    async def _publish_one(self, connection: Session, device: str) -> None:
        async with reading(self._engine) as database:
            desired = await store.read_desired(database, device)
        self._said[device] = desired.version
        try:
            await connection.publish(str(Topic(device, Leaf.DESIRED)), msgspec.json.encode(desired), retain=True)
        except Refused as exc:
            logger.warning("the broker refuses what is desired of a device: %s", exc, extra={"device": device})

    def _report(self, exc: SQLAlchemyError) -> None:
        """Once, until it works again."""
        self._sum = -1
        if not self._told:
            logger.error("what is desired of devices cannot be read, and is tried again: %s", exc)
        self._told = True
