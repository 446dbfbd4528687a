"""Plans messages durably: changes are taken, messages with their words and the ladder's steps made, in one transaction.

A message exists once it is committed, under an id it keeps; a change is planned in the same commit, so that a kill
neither drops a message nor makes a second one of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import event_change
from cloud_gateway.outreach.facts import Facts
from cloud_gateway.outreach.ladder import StepState
from cloud_gateway.outreach.model import Change, Message, MessageState, Recipient, SiteChange
from cloud_gateway.outreach.planning import Plan, plan_changes
from cloud_gateway.outreach.store_facts import Entry, entries_of_events, unplanned
from cloud_gateway.outreach.store_ladder import set_ladder
from cloud_gateway.outreach.store_messages import Drafts, Kit, by_key, read_facts, write_plan
from cloud_gateway.outreach.store_situation import read_situation
from cloud_gateway.outreach.tables import ladder_step, message, silence

#: Changes of one transaction: others wait for the database meanwhile.
MOST_CHANGES = 20_000


class _Planned(NamedTuple):
    """What a look at the unplanned changes has come to."""

    found: list[Entry]
    people: Sequence[Recipient]
    plan: Plan


async def draft_due(connection: AsyncConnection, kit: Kit, now: int) -> list[tuple[Message, Facts]]:
    """What `plan_due` would tell: only read, so that the words can be made while others write."""
    found, people, plan = await _look(connection, kit, now)
    return await read_facts(connection, kit, plan, people, by_key(found), now)


async def plan_due(connection: AsyncConnection, kit: Kit, now: int, drafts: Drafts = MappingProxyType({})) -> int:
    """Make the messages of all changes that have none yet; returns how many messages were made."""
    found, people, plan = await _look(connection, kit, now)
    if not found:
        return 0
    changes = [entry.change for entry in found]
    await write_plan(connection, kit, plan, people, by_key(found), now, drafts)
    await set_ladder(connection, kit.ladder, changes, now)
    await _mark_planned(connection, changes, now)
    return len(plan.messages)


async def _look(connection: AsyncConnection, kit: Kit, now: int) -> _Planned:
    found = await unplanned(connection, MOST_CHANGES)
    changes = [entry.change for entry in found]
    if not changes:
        return _Planned([], (), Plan((), ()))
    situation = await read_situation(connection, {one.event for one in changes}, {one.site for one in changes}, now)
    return _Planned(found, situation.recipients, plan_changes(changes, situation, kit.ladder, now, kit.new_id))


async def review_silences(connection: AsyncConnection, kit: Kit, now: int) -> int:
    """Tell what a silence has held back and still holds, as soon as it ends; returns how many messages were made."""
    over = select(silence).where(silence.c.reviewed_at.is_(None), silence.c.until <= now).order_by(silence.c.until)
    made = 0
    for ended in (await connection.execute(over)).all():
        made += await _catch_up(connection, kit, ended.recipient, ended.event, now)
        await connection.execute(update(silence).where(silence.c.id == ended.id).values(reviewed_at=now))
    return made


async def has_work(connection: AsyncConnection, now: int) -> bool:
    """Whether there is anything to plan, so that an idle worker takes no lock of the database."""
    waits = (
        exists().where(event_change.c.planned_at.is_(None)),
        exists().where(silence.c.reviewed_at.is_(None), silence.c.until <= now),
        exists().where(ladder_step.c.state == StepState.WAITING, ladder_step.c.due_at <= now),
        exists().where(
            ladder_step.c.state == StepState.MADE,
            ladder_step.c.message == message.c.id,
            (message.c.answer_needed_by <= now) | (message.c.state == MessageState.FAILED),
            message.c.state != MessageState.ANSWERED,
        ),
    )
    return bool(await connection.scalar(select(or_(*waits))))


async def _catch_up(connection: AsyncConnection, kit: Kit, recipient: str, event: str, now: int) -> int:
    """Tell one person where an event stands, if it is open and they do not know."""
    found = await entries_of_events(connection, [event])
    moved = [one for one in found if one.change.change is not Change.CONFIRMED and not one.closed][-1:]
    situation = await read_situation(connection, {event}, {one.change.site for one in moved}, now)
    theirs = [one for one in situation.recipients if one.id == recipient]
    only = msgspec.structs.replace(situation, recipients=theirs)
    plan = plan_changes([one.change for one in moved], only, kit.ladder, now, kit.new_id)
    await write_plan(connection, kit, plan, theirs, by_key(moved), now)
    return len(plan.messages)


async def _mark_planned(connection: AsyncConnection, changes: Iterable[SiteChange], now: int) -> None:
    this = (event_change.c.event == bindparam("its_event")) & (event_change.c.number == bindparam("its_number"))
    rows = [{"its_event": one.event, "its_number": one.number} for one in changes]
    await connection.execute(update(event_change).where(this).values(planned_at=now), rows)
