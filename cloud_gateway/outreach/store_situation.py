"""Reads the situation that planning looks at: who could be told, what they know, and what has not been sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import event_change, hazard_event
from cloud_gateway.outreach.model import Change, Channel, MessageState, Recipient
from cloud_gateway.outreach.situation import Known, Pending, Silence, Situation
from cloud_gateway.outreach.store_facts import entries_of_messages, parts, recipients, recipients_of
from cloud_gateway.outreach.tables import message, message_change, silence
from cloud_gateway.warnings.model import Level

#: States in which a message has reached its recipient, or may have.
ARRIVED = (MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED, MessageState.ANSWERED)

_told: Select[Any] = (
    select(
        message.c.id,
        message.c.recipient,
        message.c.channel,
        message.c.state,
        message.c.attempts,
        func.coalesce(message.c.sent_at, message.c.due_at).label("told_at"),
        message_change.c.event,
        message_change.c.number,
        event_change.c.change,
        event_change.c.level,
        hazard_event.c.site,
    )
    .join(message_change, message_change.c.message == message.c.id)
    .join(
        event_change,
        (event_change.c.event == message_change.c.event) & (event_change.c.number == message_change.c.number),
    )
    .join(hazard_event, hazard_event.c.id == message_change.c.event)
    .order_by(message_change.c.number, message.c.made_at, message.c.id)
)


class _Told:
    """What messages say so far about some events, by recipient."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Known] = {}
        self.waiting: set[str] = set()
        self.sites: dict[str, set[str]] = defaultdict(set)

    def take(self, row: Row[Any]) -> None:
        """Rows come by number, so that the newest counts."""
        if row.state == MessageState.QUEUED:
            self.waiting.add(row.id)
            self.sites[row.recipient].add(row.site)
        if row.state in ARRIVED or (row.attempts and row.state != MessageState.FAILED):
            before = self.known.get((row.recipient, row.event))
            channels = {Channel(row.channel)} | (before.channels if before else frozenset())
            known = Known(Change(row.change), Level(row.level), row.number, row.told_at, frozenset(channels))
            self.known[row.recipient, row.event] = known
            self.sites[row.recipient].add(row.site)


async def read_situation(
    connection: AsyncConnection, events: Collection[str], sites: Collection[str], now: int
) -> Situation:
    """What planning needs for changes of these events at these sites.

    Who has been told of an event is told of its end, also when the site is not theirs, or not any more.
    """
    told = _Told()
    for part in parts(events):
        for row in await connection.execute(_told.where(message_change.c.event.in_(part))):
            told.take(row)
    theirs = await recipients_of(connection, sites)
    strangers = await _read_strangers(connection, told.sites, {one.id for one in theirs})
    people = sorted([*theirs, *strangers], key=lambda one: one.id)
    held = select(message.c.id).where(
        message.c.state == MessageState.QUEUED, message.c.next_at > now, message.c.attempts == 0
    )
    unsent = told.waiting | set(await connection.scalars(held))
    pending = await _read_pending(connection, unsent, {one.id for one in people})
    silences = await _read_silences(connection, now)
    return Situation(people, told.known, pending, silences, frozenset(one.id for one in strangers))


async def _read_strangers(
    connection: AsyncConnection, told: Mapping[str, Collection[str]], known: Collection[str]
) -> list[Recipient]:
    others = {who: sorted(where) for who, where in told.items() if who not in known}
    return await recipients(connection, others.keys(), others)


async def _read_pending(
    connection: AsyncConnection, unsent: Collection[str], people: Collection[str]
) -> dict[str, list[Pending]]:
    columns = (message.c.id, message.c.recipient, message.c.channel, message.c.step, message.c.due_at)
    rows = [
        row
        for part in parts(unsent)
        for row in await connection.execute(select(*columns, message.c.attempts).where(message.c.id.in_(part)))
        if row.recipient in people
    ]
    entries = await entries_of_messages(connection, [row.id for row in rows])
    pending: dict[str, list[Pending]] = defaultdict(list)
    for row in rows:
        changes = tuple(entry.change for entry in entries[row.id])
        one = Pending(row.id, row.recipient, Channel(row.channel), row.step, row.due_at, not row.attempts, changes)
        pending[row.recipient].append(one)
    return pending


async def _read_silences(connection: AsyncConnection, now: int) -> dict[tuple[str, str], Silence]:
    holding = select(silence).where(silence.c.reviewed_at.is_(None), silence.c.since <= now, silence.c.until > now)
    return {
        (row.recipient, row.event): Silence(row.recipient, row.event, Level(row.level), row.until)
        for row in await connection.execute(holding.order_by(silence.c.level))
    }
