"""A gateway's database with sites, people and hazard events, and the real planning upon it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import insert, select, text, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.exposures.tables import event_change, hazard_event
from cloud_gateway.outreach.facts import Facts
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.model import Change, Message
from cloud_gateway.outreach.settings import Rung
from cloud_gateway.outreach.store import plan_due, review_silences
from cloud_gateway.outreach.store_ladder import follow_ladder, note_answer
from cloud_gateway.outreach.store_messages import Kit
from cloud_gateway.outreach.tables import duty, recipient, recipient_site, silence
from cloud_gateway.outreach.tokens import PLACE, AnswerKey
from cloud_gateway.tables import site
from cloud_gateway.warnings.model import Level
from tests.databases import make_database
from tests.waiting import POLL_S

#: 2026-07-20 08:00 in Shanghai.
AT = 1_784_505_600_000
MINUTE, HOUR = 60_000, 3_600_000
LIMIT_S = 60.0


def plain(message: Message, language: str, facts: Facts) -> tuple[str, str]:
    """Words that show what planning decided."""
    named = " ".join(one.code for one in facts.sites)
    return f"{message.change} {message.level}", f"{language} {named} {facts.link}"


@dataclass
class Ground:
    """What the gateway knows, and the one who plans. Events are named by their site: `e-` and its code."""

    engine: AsyncEngine
    kit: Kit

    async def add_sites(self, *codes: str, simulated: bool = False) -> None:
        async with transaction(self.engine) as connection:
            for number, code in enumerate(codes):
                await connection.execute(insert(site).values(**_site(code)))
                await connection.execute(insert(hazard_event).values(**_event(code, float(-number), simulated)))

    async def add_person(self, name: str, *codes: str, **more: object) -> None:
        values = {"role": "risk-engineer", "language": "en", "zone": "Asia/Shanghai", "mail": f"{name}@example.org"}
        async with transaction(self.engine) as connection:
            await connection.execute(insert(recipient).values(id=name, name=name, **values | more))
            for code in codes:
                await connection.execute(insert(recipient_site).values(recipient=name, site=code))

    async def add_duty(self, *names: str, since: int = AT - HOUR, until: int = AT + 100 * HOUR) -> None:
        async with transaction(self.engine) as connection:
            for rank, name in enumerate(names, 1):
                values = {"id": f"d-{name}", "recipient": name, "since": since, "until": until, "rank": rank}
                await connection.execute(insert(duty).values(**values))

    async def add_silence(self, name: str, code: str, level: Level, until: int) -> None:
        values = {"id": f"s-{name}-{code}", "recipient": name, "event": f"e-{code}", "level": level, "since": AT - HOUR}
        async with transaction(self.engine) as connection:
            await connection.execute(insert(silence).values(**values, until=until))

    async def change(
        self, change: Change, level: Level, *codes: str, at: int = AT, onset: int | None = None, cause: str = "w1"
    ) -> None:
        """What settling does: the events of these sites have changed, together."""
        async with transaction(self.engine) as connection:
            for code in codes:
                await write_change(connection, f"e-{code}", change, level, at, at if onset is None else onset, cause)

    async def plan(self, now: int = AT) -> int:
        async with transaction(self.engine) as connection:
            made = await plan_due(connection, self.kit, now)
            made += await review_silences(connection, self.kit, now)
            return made + await follow_ladder(connection, self.kit, now)

    async def answer(self, message_id: str, choice: Choice, now: int) -> None:
        async with transaction(self.engine) as connection:
            await note_answer(connection, message_id, choice, now)

    async def leave(self, now: int = AT) -> None:
        """All that is due leaves, as if sent."""
        sql = "UPDATE message SET state='sent', attempts=1, sent_at=:now WHERE state='queued' AND next_at<=:now"
        async with transaction(self.engine) as connection:
            await connection.execute(text(sql), {"now": now})

    async def rows(self, sql: str, **values: object) -> list[RowMapping]:
        async with reading(self.engine) as connection:
            return list((await connection.execute(text(sql), values)).mappings())

    async def until(self, sql: str) -> None:
        """Wait until a query, of another task or process's doing, gives a row."""
        async with asyncio.timeout(LIMIT_S):
            while not await self.rows(sql):  # noqa: ASYNC110 - rows have no event
                await asyncio.sleep(POLL_S)

    async def execute(self, sql: str) -> None:
        async with transaction(self.engine) as connection:
            await connection.execute(text(sql))

    async def told(self, *, where: str = "state='queued'") -> list[tuple[str, ...]]:
        """Recipient, subject and sites of messages, in the order they were made."""
        rows = await self.rows(f"SELECT recipient, step, subject, body FROM message WHERE {where} ORDER BY made_at, id")
        return [(r["recipient"], r["step"], r["subject"], " ".join(_codes(r["body"]))) for r in rows]

    async def steps(self) -> list[tuple[str, int, str]]:
        """Name, try and state of all steps of the ladder, by due time."""
        rows = await self.rows("SELECT name, try, state FROM ladder_step ORDER BY number, due_at, name, try")
        return [(row["name"], row["try"], row["state"]) for row in rows]


async def write_change(
    connection: AsyncConnection, event: str, change: Change, level: Level, at: int, onset: int, cause: str
) -> None:
    """One more change of an event, as settling writes it."""
    known = select(hazard_event.c.number).where(hazard_event.c.id == event)
    number = (await connection.scalar(known) or 0) + 1
    closed_at = at if change is Change.CLEARED else None
    values = {"level": level, "number": number, "changed_at": at, "closed_at": closed_at, "onset": onset}
    await connection.execute(update(hazard_event).where(hazard_event.c.id == event).values(**values))
    told = {"event": event, "number": number, "change": change, "level": level, "at": at, "onset": onset}
    await connection.execute(insert(event_change).values(**told, cause=cause))


@asynccontextmanager
async def ground(folder: Path, ladder: tuple[Rung, ...] = ()) -> AsyncIterator[Ground]:
    """An empty gateway; ids of messages are counted, so that they sort as they were made."""
    make_database(folder / "gateway.db")
    engine = open_database(folder / "gateway.db")
    ids = _ids()
    try:
        yield Ground(engine, Kit(ladder, AnswerKey(bytes(32), "https://example.org"), plain, lambda: next(ids)))
    finally:
        await engine.dispose()


def _ids() -> Iterator[str]:
    return (f"m{number:06}" for number in count(1))


def _codes(body: str) -> list[str]:
    return [word for word in body.split()[1:] if not word.startswith(PLACE)]


def _site(code: str) -> dict[str, object]:
    place = {"latitude": 31.2, "longitude": 121.5, "zone": "Asia/Shanghai", "simulated": False}
    return {"id": code, "code": code, "name": code.title(), "name_zh": f"{code}仓库", **place}


def _event(code: str, priority: float, simulated: bool) -> dict[str, object]:
    levels = {"holds": 0, "level": 0, "peak": 0, "gauge": "", "onset": AT, "confirmed": False, "number": 0}
    ranked = {"priority": priority, "reasons": '[["low-ground", 2.0, "low ground"]]', "simulated": simulated}
    return {
        "id": f"e-{code}",
        "site": code,
        "hazard": "rainstorm",
        "warning": None,
        "opened_at": AT,
        "changed_at": AT,
        **levels,
        **ranked,
    }
