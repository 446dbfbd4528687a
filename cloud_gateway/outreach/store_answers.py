"""Answers in the database: what a link asks, what was said, and the message it ends or passes on."""

from __future__ import annotations

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.answering import Asked, AskedSite, Said
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.store_ladder import note_answer
from cloud_gateway.outreach.tables import answer, message, message_change, recipient
from cloud_gateway.outreach.tokens import hash_token
from cloud_gateway.tables import site

_asked = select(message, recipient.c.name, recipient.c.language, recipient.c.zone.label("zone"), recipient.c.role).join(
    recipient, recipient.c.id == message.c.recipient
)


async def find_asked(connection: AsyncConnection, token: str) -> Asked | None:
    """What the link with this token asks; None when there is no such link."""
    row = (await connection.execute(_asked.where(message.c.token_hash == hash_token(token)))).first()
    return None if row is None else await _read(connection, row)


async def find_message(connection: AsyncConnection, message_id: str) -> Asked | None:
    """What the message of this id asks."""
    row = (await connection.execute(_asked.where(message.c.id == message_id))).first()
    return None if row is None else await _read(connection, row)


async def write_answer(connection: AsyncConnection, asked: Asked, said: Said) -> bool:
    """Keep what was said and let the ladder go on or stop. The same word again changes nothing: False."""
    last = asked.answers[-1] if asked.answers else None
    if last is not None and (last.choice, last.note) == (said.choice, said.note):
        return False
    await connection.execute(insert(answer).values(id=str(uuid7()), message=asked.message, **vars_of(said)))
    await note_answer(connection, asked.message, said.choice, said.at)
    return True


def vars_of(said: Said) -> dict[str, object]:
    """The columns of an answer."""
    return {"at": said.at, "by": said.by, "choice": said.choice, "note": said.note}


async def _read(connection: AsyncConnection, row: Row[tuple[object, ...]]) -> Asked:
    found = row._mapping
    return Asked(
        message=found["id"],
        subject=found["subject"],
        name=found["name"],
        language=found["language"],
        zone=found["zone"],
        made_at=found["made_at"],
        answer_by=found["answer_needed_by"],
        simulated=found["simulated"],
        sites=await _sites(connection, found["id"]),
        answers=await _answers(connection, found["id"]),
    )


async def _sites(connection: AsyncConnection, message_id: str) -> tuple[AskedSite, ...]:
    query = (
        select(site.c.code, site.c.name, site.c.name_zh, hazard_event.c.closed_at)
        .join(hazard_event, hazard_event.c.site == site.c.id)
        .join(message_change, message_change.c.event == hazard_event.c.id)
        .where(message_change.c.message == message_id)
        .order_by(message_change.c.rank)
    )
    rows = (await connection.execute(query)).all()
    places = [AskedSite(row.code, row.name, row.name_zh, row.closed_at is not None) for row in rows]
    return tuple(dict.fromkeys(places))


async def _answers(connection: AsyncConnection, message_id: str) -> tuple[Said, ...]:
    query = select(answer).where(answer.c.message == message_id).order_by(answer.c.at, answer.c.id)
    return tuple(Said(Choice(row.choice), row.note, row.by, row.at) for row in await connection.execute(query))
