"""People, hazard events and messages in a real database, as planning leaves them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures import tables as e
from cloud_gateway.outreach import tables as o
from cloud_gateway.outreach.tokens import hash_token
from cloud_gateway.sites.store import NewSite, add_site
from tests.cloud_gateway.conftest import now_ms


@dataclass(frozen=True)
class Question:
    """One message that asks for an answer about one site: its ids and the token of its link."""

    message: str
    event: str
    recipient: str
    token: str
    site: str


async def add_person(connection: AsyncConnection, **more: object) -> str:
    """A recipient; returns the id."""
    person = f"r-{secrets.token_hex(6)}"
    row = {"id": person, "name": "林一", "role": "customer", "language": "zh-Hans", "zone": "Asia/Shanghai"}
    await connection.execute(insert(o.recipient).values(**(row | {"phone": "13800000001"} | more)))
    return person


async def add_event(connection: AsyncConnection, **more: object) -> tuple[str, str]:
    """An open hazard event at a site of its own; returns the ids of the event and of the site."""
    code, event, now = secrets.token_hex(6), f"e-{secrets.token_hex(6)}", now_ms()
    site = await add_site(connection, NewSite(code, f"Store {code}", f"仓库 {code}", 31.2, 121.5, "Asia/Shanghai"))
    row: dict[str, object] = {
        "id": event,
        "site": site.id,
        "hazard": "rainstorm",
        "holds": 3,
        "level": 3,
        "peak": 3,
        "gauge": "",
    }
    row |= {"onset": now, "number": 1, "priority": 5.0, "reasons": "[]", "opened_at": now, "changed_at": now}
    await connection.execute(insert(e.hazard_event).values(**(row | more)))
    change: dict[str, object] = {
        "event": event,
        "number": 1,
        "change": "raised",
        "level": 3,
        "at": now,
        "onset": now,
        "cause": "w1",
    }
    await connection.execute(insert(e.event_change).values(**change))
    return event, site.id


async def ask(engine: AsyncEngine, *, answer_by: int | None = None, step: str = "call-out", **more: object) -> Question:
    """A message that was sent and waits for its answer, with the step of the ladder that it belongs to."""
    token, message, now = secrets.token_urlsafe(32), f"m-{secrets.token_hex(6)}", now_ms()
    async with transaction(engine) as connection:
        person = await add_person(connection)
        event, site = await add_event(connection)
        row: dict[str, object] = {
            "id": message,
            "recipient": person,
            "channel": "mail",
            "hazard": "rainstorm",
            "change": "raised",
        }
        row |= {"level": 3, "step": step, "subject": "官方预警 · 暴雨（橙色）", "body": "words", "made_at": now}
        row |= {"due_at": now, "state": "sent", "next_at": now, "token_hash": hash_token(token)}
        row |= {"answer_needed_by": now + 900_000 if answer_by is None else answer_by}
        await connection.execute(insert(o.message).values(**(row | more)))
        told: dict[str, object] = {"message": message, "event": event, "number": 1, "rank": 0}
        await connection.execute(insert(o.message_change).values(**told))
        rung: dict[str, object] = {
            "event": event,
            "number": 1,
            "name": step,
            "try": 1,
            "due_at": now,
            "state": "made",
            "message": message,
        }
        await connection.execute(insert(o.ladder_step).values(**rung))
    return Question(message, event, person, token, site)


async def answers_of(engine: AsyncEngine, question: Question) -> list[tuple[str, str, str]]:
    """(choice, note, by) of each answer, in order."""
    query = select(o.answer).where(o.answer.c.message == question.message).order_by(o.answer.c.at, o.answer.c.id)
    async with reading(engine) as connection:
        return [(row.choice, row.note, row.by) for row in await connection.execute(query)]


async def state_of(engine: AsyncEngine, question: Question) -> str:
    """Of the message."""
    async with reading(engine) as connection:
        return str(await connection.scalar(select(o.message.c.state).where(o.message.c.id == question.message)))


async def steps_of(engine: AsyncEngine, question: Question) -> list[tuple[int, str]]:
    """(try, state) of the ladder's steps."""
    query = select(o.ladder_step).where(o.ladder_step.c.event == question.event).order_by(o.ladder_step.c["try"])
    async with reading(engine) as connection:
        return [(row._mapping["try"], row.state) for row in await connection.execute(query)]
