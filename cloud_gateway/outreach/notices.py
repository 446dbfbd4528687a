"""Brings notices to the broker, again and again if need be; ingest alone has a connection to it.

It looks at the table about every second and says everything again on a new connection: a notice is retained, so that a
device hears the newest one whenever it comes back.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.clock import now_ms
from cloud_gateway.database import reading, transaction
from cloud_gateway.outreach import store_notices
from edge_agent.wire.session import Refused, Session
from edge_agent.wire.topics import Leaf, Topic

logger = logging.getLogger(__name__)

POLL_S = 1.0


class Notices:
    """What has been said to which device over the connection of now."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._said: dict[str, int] = {}
        self._told = False

    async def publish(self, connection: Session) -> None:
        """The duty of one connection; until it is lost. Raises LinkError."""
        self._said.clear()
        while True:
            try:
                await self._publish_changed(connection)
                self._told = False
            except SQLAlchemyError as exc:  # the database is busy, full or away: the next look comes soon
                self._report(exc)
            await asyncio.sleep(POLL_S)

    async def _publish_changed(self, connection: Session) -> None:
        async with reading(self._engine) as database:
            versions = await store_notices.list_versions(database)
        new = [device for device, version in versions.items() if self._said.get(device) != version]
        said = {device: version for device in new if (version := await self._publish_one(connection, device))}
        if said:
            async with transaction(self._engine) as database:
                await store_notices.note_said(database, said, now_ms())

    async def _publish_one(self, connection: Session, device: str) -> int:
        """The version that the broker has taken; 0 for none."""
        async with reading(self._engine) as database:
            notice = await store_notices.read_notice(database, device)
        self._said[device] = notice.version
        try:
            await connection.publish(str(Topic(device, Leaf.NOTICE)), msgspec.json.encode(notice), retain=True)
        except Refused as exc:
            logger.warning("the broker refuses a notice: %s", exc, extra={"device": device})
            return 0
        return notice.version

    def _report(self, exc: SQLAlchemyError) -> None:
        """Once, until it works again."""
        if not self._told:
            logger.error("notices to devices cannot be read, and are tried again: %s", exc)
        self._told = True


class NoticeBoard:
    """The side of the outreach process: keeps the notices what the open events say."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._mark = ""

    async def post(self, now: int) -> int:
        """Look whether anything has moved, and write the notices that change; returns how many."""
        async with reading(self._engine) as database:
            mark = await store_notices.notices_mark(database)
        if mark == self._mark:
            return 0
        async with transaction(self._engine) as database:
            changed = await store_notices.post_notices(database, now)
        self._mark = mark
        return changed
