"""From an office's messages to ours: follow, settle, plan, ask; what is due leaves, and whoever is asked answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sqlalchemy import insert, select, text

from cloud_gateway import tables as t
from cloud_gateway.database import reading, transaction
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.settings import LADDER
from cloud_gateway.outreach.store import plan_due
from cloud_gateway.outreach.store_ladder import follow_ladder, note_answer
from cloud_gateway.outreach.store_messages import Kit
from cloud_gateway.outreach.store_notices import list_versions, post_notices, read_notice
from cloud_gateway.outreach.tables import duty, recipient, recipient_site
from cloud_gateway.outreach.texts import render
from cloud_gateway.outreach.tokens import AnswerKey
from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.replay import arrange
from tests.cloud_gateway.exposures.ground import Ground, ground_in

_SENT = """
SELECT m.id, m.recipient, m.channel, m.hazard, m.change, m.level, m.step,
  (SELECT group_concat(s.code, ' ') FROM message_change c JOIN hazard_event e ON e.id = c.event
   JOIN site s ON s.id = e.site WHERE c.message = m.id) AS sites
FROM message m WHERE m.state IN ('sent', 'answered') ORDER BY m.id
"""
_ASKED = "SELECT id FROM message WHERE state='sent' AND answer_needed_by IS NOT NULL"


@dataclass
class Desk:
    """A gateway whose messages always arrive, and whose people answer as soon as they are asked.

    `shown` is what devices were given to show, in order: device, hazard, level and colour, once while these stay.
    """

    ground: Ground
    kit: Kit
    shown: list[str] = field(default_factory=list)
    _versions: dict[str, int] = field(default_factory=dict)

    async def add_person(self, name: str, codes: Iterable[str], **more: object) -> None:
        """Somebody who is told of these sites."""
        row = {"id": name, "name": name, "role": "risk-engineer", "language": "zh-Hans", "zone": "Asia/Shanghai"}
        row["mail"] = f"{name}@example.org"
        async with transaction(self.ground.engine) as connection:
            await connection.execute(insert(recipient).values(**row | more))
            ids = await connection.execute(select(t.site.c.id).where(t.site.c.code.in_(list(codes))))
            links = [{"recipient": name, "site": row.id} for row in ids]
            if links:
                await connection.execute(insert(recipient_site), links)

    async def add_duty(self, name: str) -> None:
        """Somebody who is asked for answers, always."""
        await self.ground.add(duty, {"id": f"d-{name}", "recipient": name, "since": 0, "until": 2**53, "rank": 1})

    async def take(self, now: int, *alerts: Alert) -> None:
        """Messages of the office come in, and all that follows is done."""
        await self.ground.take(now, *alerts)
        await self.look(now)

    async def look(self, now: int) -> None:
        """Time goes on: plan, ask, show, send, answer."""
        async with transaction(self.ground.engine) as connection:
            await plan_due(connection, self.kit, now)
            await follow_ladder(connection, self.kit, now)
            await post_notices(connection, now)
            leave = "UPDATE message SET state='sent', attempts=1, sent_at=:now WHERE state='queued' AND next_at<=:now"
            await connection.execute(text(leave), {"now": now})
            for asked in list(await connection.scalars(text(_ASKED))):
                await note_answer(connection, asked, Choice.ACTING, now)
        await self._watch()

    async def take_all(self, alerts: Iterable[Alert], order: str, seed: int) -> None:
        """Each message comes by itself, at the newest `sent` of all so far."""
        arranged = arrange(alerts, order, seed)
        for number, one in enumerate(arranged, 1):
            await self.take(max(earlier.sent for earlier in arranged[:number]), one)

    async def sent(self) -> list[str]:
        """All that has left, in order: recipient, channel, hazard, change, level, step and sites."""
        async with reading(self.ground.engine) as connection:
            rows = (await connection.execute(text(_SENT))).all()
        return [" ".join(str(part) for part in row[1:] if part != "") for row in rows]

    async def _watch(self) -> None:
        async with reading(self.ground.engine) as connection:
            for device, version in (await list_versions(connection)).items():
                if self._versions.get(device) != version:
                    entries = (await read_notice(connection, device)).entries
                    said = ", ".join(f"{one.hazard} {one.level} {one.color}".strip() for one in entries)
                    self.shown += [one for one in (f"{device}: {said or 'nothing'}",) if one not in self.shown[-1:]]
                self._versions[device] = version


@asynccontextmanager
async def desk_in(folder: Path, blank: Path) -> AsyncIterator[Desk]:
    """A desk of its own in a folder, which is made; ids of messages are counted."""
    ids = count(1)
    async with ground_in(folder, blank) as ground:
        key = AnswerKey(bytes(32), "https://example.org")
        yield Desk(ground, Kit(LADDER, key, render, lambda: f"m{next(ids):06}"))
