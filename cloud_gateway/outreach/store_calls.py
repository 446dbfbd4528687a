"""The call sheet in the database: who is to be called now, the most pressing first, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import ScalarSelect, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.ladder import StepState
from cloud_gateway.outreach.model import Channel, MessageState
from cloud_gateway.outreach.store_messages import tell
from cloud_gateway.outreach.tables import ladder_step, message, message_change, recipient
from cloud_gateway.outreach.tokens import drop_link
from cloud_gateway.tables import site
from edge_agent.web.paging import Time
from edge_agent.web.times import rfc3339

#: Calls that a sheet shows at once.
MOST = 200
#: States in which a call is still to be made.
TO_MAKE = (MessageState.QUEUED, MessageState.SENDING, MessageState.SENT)


@dataclass(frozen=True)
class CallSite:
    """A site to speak about."""

    code: str
    name: str
    name_zh: str
    priority: float


@dataclass(frozen=True)
class Call:
    """One call to make. `tried` says who tried in vain last and when; `answer_by` when the next person is asked."""

    message: str
    recipient: str
    name: str
    role: str
    phone: str
    language: str
    hazard: str
    level: int
    step: str
    subject: str
    body: str
    since: Time
    answer_by: Time | None
    tried: str
    zone: str
    simulated: bool
    sites: list[CallSite]


async def list_calls(connection: AsyncConnection, now: int) -> list[Call]:
    """Calls to make, by level, then by the weightiest site, then by age; a step already passed on is left out."""
    its_steps = ladder_step.c.message == message.c.id
    has_steps = exists().where(its_steps)
    waits = exists().where(its_steps, ladder_step.c.state == StepState.MADE)
    query = (
        select(message, recipient.c.name, recipient.c.role, recipient.c.phone, recipient.c.language, recipient.c.zone)
        .add_columns(_weight().label("weight"))
        .join(recipient, recipient.c.id == message.c.recipient)
        .where(message.c.channel == Channel.CALL, message.c.state.in_(TO_MAKE), message.c.due_at <= now)
        .where(~has_steps | waits)
        .order_by(message.c.level.desc(), _weight().desc(), message.c.made_at, message.c.id)
        .limit(MOST)
    )
    rows = (await connection.execute(query)).all()
    places = await _sites(connection, [row.id for row in rows])
    return [
        Call(
            message=row.id,
            recipient=row.recipient,
            name=row.name,
            role=row.role,
            phone=row.phone,
            language=row.language,
            hazard=row.hazard,
            level=row.level,
            step=row.step,
            subject=row.subject,
            body=drop_link(row.id, row.body),
            since=row.made_at,
            answer_by=row.answer_needed_by,
            tried=row.error,
            zone=row.zone,
            simulated=row.simulated,
            sites=places[row.id],
        )
        for row in rows
    ]


async def note_unreached(connection: AsyncConnection, message_id: str, who: str, now: int) -> bool:
    """Nobody picked up: where an answer is waited for the next person is asked now. False: no such call is open."""
    this = (message.c.id == message_id) & (message.c.channel == Channel.CALL) & message.c.state.in_(TO_MAKE)
    values = {
        "error": f"no reply at {rfc3339(now // 1000 * 1000)}, {who}",
        "attempts": message.c.attempts + 1,
        "answer_needed_by": func.min(message.c.answer_needed_by, now),  # null stays null: nobody is waiting
    }
    done = await connection.execute(update(message).where(this).values(values))
    if done.rowcount:
        await tell(connection, now, unreached=[message_id])
    return bool(done.rowcount)


def _weight() -> ScalarSelect[float]:
    """The weightiest site of a message."""
    return (
        select(func.coalesce(func.max(hazard_event.c.priority), 0.0))
        .join(message_change, message_change.c.event == hazard_event.c.id)
        .where(message_change.c.message == message.c.id)
        .scalar_subquery()
    )


async def _sites(connection: AsyncConnection, messages: list[str]) -> dict[str, list[CallSite]]:
    query = (
        select(message_change.c.message, site.c.code, site.c.name, site.c.name_zh, hazard_event.c.priority)
        .join(hazard_event, hazard_event.c.id == message_change.c.event)
        .join(site, site.c.id == hazard_event.c.site)
        .where(message_change.c.message.in_(messages))
        .order_by(message_change.c.message, message_change.c.rank)
    )
    found: dict[str, list[CallSite]] = defaultdict(list)
    for row in await connection.execute(query):
        place = CallSite(row.code, row.name, row.name_zh, row.priority)
        if place not in found[row.message]:
            found[row.message].append(place)
    return found
