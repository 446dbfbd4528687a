"""The queue of messages in the database: taken in hand before they are sent, ended when they have left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, bindparam, case, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import event_change
from cloud_gateway.outreach.fallback import FailedWay
from cloud_gateway.outreach.model import Change, Channel, MessageState, Recipient
from cloud_gateway.outreach.sending import Letter
from cloud_gateway.outreach.store_facts import make_recipient
from cloud_gateway.outreach.store_messages import tell
from cloud_gateway.outreach.tables import channel_check, message, message_change, recipient
from cloud_gateway.warnings.model import Level

#: The worker's own row among the checks of channels: `ok_at` is its sign of life.
WORKER = "worker"
_failed_ways = msgspec.json.Decoder(tuple[FailedWay, ...])
#: Rows looked at to find one message each for so many recipients.
LOOK = 500


class Claimed(NamedTuple):
    """A message in hand: its words as stored, whose it is, which try this is, since when it is due, and what failed."""

    letter: Letter
    recipient: Recipient
    attempt: int
    due_at: int
    failed: tuple[FailedWay, ...] = ()


class Sent(NamedTuple):
    """It has left."""

    id: str
    at: int


class Failed(NamedTuple):
    """It has not; `next_at` is when it is tried again, None for never; with `way` it is tried by that one from now on.

    `failed` are then the ways that did not bring it, the last one too.
    """

    id: str
    at: int
    error: str
    next_at: int | None
    way: Channel | None = None
    failed: tuple[FailedWay, ...] = ()


async def recover(connection: AsyncConnection, now: int) -> int:
    """What a former life of the worker had in hand is queued again, to be sent as it was; returns how many."""
    lost = message.c.state == MessageState.SENDING
    found = await connection.execute(update(message).where(lost).values(state=MessageState.QUEUED, next_at=now))
    return found.rowcount


async def claim(
    connection: AsyncConnection, channel: Channel, busy: Collection[str], limit: int, now: int
) -> list[Claimed]:
    """Take up to `limit` due messages in hand, the gravest first, one for each recipient that is not `busy`."""
    due = (message.c.state == MessageState.QUEUED) & (message.c.next_at <= now) & (message.c.channel == channel)
    query = (
        select(message.c.id, message.c.recipient)
        .where(due, message.c.recipient.not_in(busy))
        .order_by(message.c.level.desc(), message.c.made_at, message.c.id)
        .limit(LOOK)
    )
    first: dict[str, str] = {}
    for row in await connection.execute(query):
        first.setdefault(row.recipient, row.id)
    taken = list(first.values())[:limit]
    if not taken:
        return []
    in_hand = {"state": MessageState.SENDING, "attempts": message.c.attempts + 1}
    await connection.execute(update(message).where(message.c.id.in_(taken)).values(in_hand))
    return await _read_claimed(connection, taken)


async def settle(connection: AsyncConnection, sent: Sequence[Sent], failed: Sequence[Failed]) -> None:
    """Write down how sendings have ended. Who has answered meanwhile has answered."""
    this = message.c.id == bindparam("its_id")
    if sent:
        state = case((message.c.state == MessageState.SENDING, MessageState.SENT), else_=message.c.state)
        done = update(message).where(this).values(state=state, sent_at=bindparam("its_at"), error="")
        await connection.execute(done, [{"its_id": one.id, "its_at": one.at} for one in sent])
        await tell(connection, max(one.at for one in sent), sent=[one.id for one in sent])
    for one in failed:
        await connection.execute(update(message).where(message.c.id == one.id).values(_ended_or_again(one)))
    if failed:
        await _drop_overtaken(connection, [one.id for one in failed], max(one.at for one in failed))
        ended = [one.id for one in failed if one.next_at is None]
        moved = [one.id for one in failed if one.way is not None]
        await tell(connection, max(one.at for one in failed), failed=ended, moved=moved)


async def next_due(connection: AsyncConnection) -> int | None:
    """When the next queued message is due."""
    queued = message.c.state == MessageState.QUEUED
    found: int | None = await connection.scalar(select(func.min(message.c.next_at)).where(queued))
    return found


async def beat(connection: AsyncConnection, now: int, trouble: str = "") -> None:
    """The worker's sign of life; `ok_at` stays where it was while there is trouble."""
    said = {"at": now, "error": trouble} | ({} if trouble else {"ok_at": now})
    statement = upsert(channel_check).values(channel=WORKER, **said)
    await connection.execute(statement.on_conflict_do_update(index_elements=["channel"], set_=said))


async def _read_claimed(connection: AsyncConnection, ids: Sequence[str]) -> list[Claimed]:
    columns = (
        message.c.id.label("message"),
        message.c.channel,
        message.c.hazard,
        message.c.change,
        message.c.level,
        message.c.subject,
        message.c.body,
        message.c.made_at,
        message.c.simulated,
        message.c.attempts,
        message.c.due_at,
        message.c.failed_ways,
    )
    query = select(recipient, *columns).join(message, message.c.recipient == recipient.c.id)
    rows = (await connection.execute(query.where(message.c.id.in_(ids)))).all()
    return [
        Claimed(_letter(row), make_recipient(row, ()), row.attempts, row.due_at, _failed_ways.decode(row.failed_ways))
        for row in rows
    ]


def _letter(row: Row[Any]) -> Letter:
    return Letter(
        id=row.message,
        channel=Channel(row.channel),
        hazard=row.hazard,
        change=Change(row.change),
        level=Level(row.level),
        subject=row.subject,
        body=row.body,
        made_at=row.made_at,
        simulated=row.simulated,
    )


def _ended_or_again(one: Failed) -> dict[str, object]:
    if one.next_at is None:
        return {"state": MessageState.FAILED, "ended_at": one.at, "error": one.error}
    again = {"state": MessageState.QUEUED, "next_at": one.next_at, "error": one.error}
    if one.way is None:
        return again
    return again | {"channel": one.way, "failed_ways": msgspec.json.encode(one.failed).decode()}


async def _drop_overtaken(connection: AsyncConnection, ids: Iterable[str], now: int) -> None:
    """A message that did not leave is not tried again when all that it tells is out of date and told anew."""
    newer = (
        (event_change.c.event == message_change.c.event)
        & (event_change.c.number > message_change.c.number)
        & (event_change.c.change != Change.CONFIRMED)
        & event_change.c.planned_at.is_not(None)
    )
    holds = (message_change.c.message == message.c.id) & ~exists().where(newer)
    idle = message.c.id.in_(list(ids)) & (message.c.state == MessageState.QUEUED) & ~exists().where(holds)
    await connection.execute(update(message).where(idle).values(state=MessageState.SUPERSEDED, ended_at=now))
