"""The duty that sends reminders by mail: each is written down before it leaves, and is sent until taken or overtaken.

After a kill at any moment the one in hand is sent again, the same bytes under the same Message-ID; nothing else is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils import uuid7

from cloud_gateway.complaints.reminders import Key, Owed, owed, write
from cloud_gateway.complaints.store_reminders import (
    Reminder,
    add_reminder,
    list_near,
    note_failed,
    note_sent,
    read_people,
    read_reminders,
)
from cloud_gateway.database import reading, transaction
from cloud_gateway.outreach.model import Change, Channel, Recipient
from cloud_gateway.outreach.sending import CannotSend, Letter, Sender
from cloud_gateway.outreach.worker import FIRST_WAIT_MS, LONGEST_WAIT_MS
from cloud_gateway.warnings.model import Level
from edge_agent.web.words import CHINESE, read_words

logger = logging.getLogger(__name__)
LOCALE = Path(__file__).parents[1] / "locale"


class Reminding:
    """Looks and sends. `zone`: of call-backs; `origin`: of links; `clock` gives ms UTC."""

    def __init__(self, engine: AsyncEngine, sender: Sender, zone: str, origin: str, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._sender = sender
        self._zone = zone
        self._origin = origin.rstrip("/")
        self._clock = clock

    async def look(self) -> int:
        """Write down what is owed, and send it; returns how many letters the server took."""
        current, known = await self._read()
        new = [one for one in current if one.key not in known]
        if new:
            await self._write_down(new)
            current, known = await self._read()
        now = self._clock()
        held = [(known[one.key], one) for one in current if one.key in known]
        due = [(row, one) for row, one in held if row.state == "owed" and row.next_at <= now]
        return sum([await self._send(row, one) for row, one in due])

    async def _read(self) -> tuple[list[Owed], dict[Key, Reminder]]:
        """What holds now, and what was written of it: what no longer holds is not looked at again."""
        now = self._clock()
        async with reading(self._engine) as connection:
            near = await list_near(connection, self._zone, now)
            people = await read_people(connection) if near else {}
            known = await read_reminders(connection, near) if near else {}
        return owed(near, people, now), known

    async def _write_down(self, new: list[Owed]) -> None:
        chinese = await asyncio.to_thread(_chinese)
        async with transaction(self._engine) as connection:
            for one in new:
                said = write(one, self._origin, chinese)
                await add_reminder(connection, str(uuid7()), one.key, said, self._clock())

    async def _send(self, row: Reminder, one: Owed) -> bool:
        made = (row.id, Channel.MAIL, "other", Change.ADVICE, Level.NONE)
        goal = Recipient(one.key.to, one.key.to, "branch", CHINESE, self._zone, (), one.mail)
        try:
            await self._sender.send(Letter(*made, row.said.subject, row.said.body, made_at=row.made_at), goal)
        except CannotSend as exc:
            logger.warning("a reminder was not taken", extra={"reminder": row.id, "reason": str(exc)})
            again = self._clock() + min(FIRST_WAIT_MS * 2 ** min(row.tries, 16), LONGEST_WAIT_MS)
            async with transaction(self._engine) as connection:
                await note_failed(connection, row.id, str(exc), again if exc.retry else None)
            return False
        async with transaction(self._engine) as connection:
            await note_sent(connection, row.id, self._clock())
        return True


@cache
def _chinese() -> NullTranslations:
    """The names of kinds; read when the first reminder is written."""
    return read_words([LOCALE]).of(CHINESE)
