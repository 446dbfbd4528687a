"""Reads who was told and what they answered; keeps the hand-over notes of the duty desk."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, RowMapping, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.board.model import Answer, Handover, Person, Task, Told
from cloud_gateway.board.store import fields_of
from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.model import Channel
from cloud_gateway.outreach.store_calls import TO_MAKE
from cloud_gateway.outreach.tables import answer, channel_check, handover, message, message_change, recipient_site
from cloud_gateway.outreach.tables import recipient as people
from cloud_gateway.plans.tables import task
from cloud_gateway.tables import event as news
from cloud_gateway.tables import staff

BATCH = 500
_TOLD = [
    message.c[name]
    for name in (
        "id", "recipient", "channel", "change", "level", "step", "state", "made_at", "due_at", "sent_at", "ended_at",
        "answer_needed_by", "error", "simulated", "failed_ways",
    )
]  # fmt: skip


async def told_of(connection: AsyncConnection, events: Collection[str]) -> list[Told]:
    """The messages about events, the oldest first; one about several events stands once for each."""
    found: list[Told] = []
    names = sorted(events)
    for start in range(0, len(names), BATCH):
        rows = await connection.execute(_messages(message_change.c.event.in_(names[start : start + BATCH])))
        found += (_told(row) for row in rows.mappings())
    return sorted(found, key=lambda one: (one.made_at, one.id))


async def open_calls(connection: AsyncConnection, most: int) -> list[Told]:
    """Calls of which no result is known, now or later, once for each event that they are about."""
    wanted = (message.c.channel == Channel.CALL) & message.c.state.in_(TO_MAKE)
    rows = await connection.execute(_messages(wanted).order_by(message.c.due_at).limit(most))
    return [_told(row) for row in rows.mappings()]


def _told(row: RowMapping) -> Told:
    return msgspec.convert(fields_of(row, Told) | {"failed_ways": json.loads(row["failed_ways"])}, Told)


def _messages(wanted: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*_TOLD, message_change.c.event, people.c.name, people.c.role, people.c.phone)
        .distinct()
        .join(message_change, message_change.c.message == message.c.id)
        .join(people, people.c.id == message.c.recipient)
        .where(wanted)
    )


async def answers_to(connection: AsyncConnection, messages: Collection[str]) -> list[Answer]:
    """The answers to messages, the oldest first."""
    found: list[Answer] = []
    names = sorted(messages)
    for start in range(0, len(names), BATCH):
        rows = await connection.execute(select(answer).where(answer.c.message.in_(names[start : start + BATCH])))
        found += (msgspec.convert(fields_of(row, Answer), Answer) for row in rows.mappings())
    return sorted(found, key=lambda one: one.at)


async def people_of(connection: AsyncConnection, site: str) -> list[Person]:
    """Who is to be told about a site."""
    query = select(people).join(recipient_site, recipient_site.c.recipient == people.c.id)
    rows = await connection.execute(
        query.where(recipient_site.c.site == site, people.c.disabled_at.is_(None)).order_by(
            people.c.role, people.c.name
        )
    )
    return [_person(row) for row in rows.mappings()]


def _person(row: RowMapping) -> Person:
    return msgspec.convert(fields_of(row, Person) | {"hazards": json.loads(row["hazards"])}, Person)


async def tasks_of(connection: AsyncConnection, events: Collection[str]) -> list[Task]:
    """The tasks that events have set off, by when they are due."""
    query = select(task).where(task.c.event.in_(sorted(events)[:BATCH])).order_by(task.c.due_at)
    return [msgspec.convert(fields_of(row, Task), Task) for row in (await connection.execute(query)).mappings()]


async def failing_channels(connection: AsyncConnection) -> list[str]:
    """Ways to people whose newest test failed."""
    query = select(channel_check.c.channel).where(channel_check.c.error != "").order_by(channel_check.c.channel)
    return list(await connection.scalars(query))


async def list_handovers(connection: AsyncConnection, most: int) -> list[Handover]:
    """The newest notes first."""
    writer, taker = staff.alias("writer"), staff.alias("taker")
    query = (
        select(handover, writer.c.name.label("by"), taker.c.name.label("taker"))
        .join(writer, writer.c.id == handover.c.staff)
        .outerjoin(taker, taker.c.id == handover.c.taken_by)
        .order_by(handover.c.at.desc(), handover.c.id.desc())
        .limit(most)
    )
    return [
        Handover(row.id, row.at, row.by, row.text, tuple(json.loads(row.open_events)), row.taker, row.taken_at)
        for row in await connection.execute(query)
    ]


async def write_handover(connection: AsyncConnection, who: str, text: str, now: int) -> None:
    """Keep notes for the next engineer, with the events that are open now."""
    query = select(hazard_event.c.id).where(hazard_event.c.closed_at.is_(None)).order_by(hazard_event.c.priority.desc())
    events: Sequence[str] = list(await connection.scalars(query.limit(BATCH)))
    row = {"id": str(uuid7()), "at": now, "staff": who, "text": text, "open_events": json.dumps(events)}
    await connection.execute(insert(handover).values(row))
    await connection.execute(insert(news).values(at=now, topic="message", body='{"handover":"written"}'))


async def take_handover(connection: AsyncConnection, name: str, who: str, now: int) -> bool:
    """Take a shift over; False when somebody has already, or when there are no such notes."""
    free = (handover.c.id == name) & handover.c.taken_by.is_(None)
    taken = await connection.execute(update(handover).where(free).values(taken_by=who, taken_at=now))
    if not taken.rowcount:
        return False
    await connection.execute(insert(news).values(at=now, topic="message", body='{"handover":"taken"}'))
    return True
