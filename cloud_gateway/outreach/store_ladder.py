"""The ladder in the database: steps that wait for their time, persons asked in turn, and what answers stop.

All due times are rows, so that a restart forgets none. `follow_ladder` may be called at any time and as often.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.outreach.ladder import (
    EFFECTS,
    Choice,
    Effect,
    Step,
    StepState,
    next_person,
    outlives,
    setting_off,
    steps_of,
)
from cloud_gateway.outreach.model import Change, Message, MessageState, Recipient, SiteChange
from cloud_gateway.outreach.planning import Plan, plan_call, plan_steps
from cloud_gateway.outreach.settings import Rung
from cloud_gateway.outreach.store_facts import Entry, entries_of_events, on_duty, parts, recipients, recipients_of
from cloud_gateway.outreach.store_messages import Kit, by_key, supersede, tell, write_plan
from cloud_gateway.outreach.store_situation import read_situation
from cloud_gateway.outreach.tables import ladder_step, message

OPEN = (StepState.WAITING, StepState.MADE)
#: Who is asked when nobody on the duty list is left: the risk engineers of the site.
STAND_IN = "risk-engineer"
_this = (
    (ladder_step.c.event == bindparam("its_event"))
    & (ladder_step.c.number == bindparam("its_number"))
    & (ladder_step.c.name == bindparam("its_name"))
    & (ladder_step.c["try"] == bindparam("its_attempt"))
)


class _Due(NamedTuple):
    """A step whose time has come, its rung, and the change it belongs to at the level that the event has now."""

    step: Step
    rung: Rung
    entry: Entry
    change: SiteChange


async def set_ladder(
    connection: AsyncConnection, ladder: Sequence[Rung], changes: Iterable[SiteChange], now: int
) -> None:
    """Stop the steps that changes end, bring forward what a gauge has confirmed, and set off the steps of new ones.

    `changes` of an event come in order of their numbers.
    """
    news: dict[str, list[SiteChange]] = defaultdict(list)
    for one in changes:
        news[one.event].append(one)
    rungs = {rung.name: rung for rung in ladder}
    open_steps = await _open_steps(connection, news)
    ended = {row for row in open_steps if not _stays(row, rungs, news[row.event])}
    hurried = [row for row in open_steps if row not in ended and _is_hurried(row, rungs, news[row.event])]
    await _stop(connection, ended, now)
    await _change(connection, [_step(row) for row in hurried], due_at=now)
    begun = [one for one in map(setting_off, news.values()) if one is not None]
    await _wait(connection, [step for one in begun for step in steps_of(one, ladder, now)])


def _stays(row: Row[Any], rungs: Mapping[str, Rung], news: Iterable[SiteChange]) -> bool:
    return all(outlives(rungs.get(row.name), one.change, one.level) for one in news)


def _is_hurried(row: Row[Any], rungs: Mapping[str, Rung], news: Iterable[SiteChange]) -> bool:
    """Whether a call that waits for its hour is due now, because our own gauge says that it has begun."""
    confirmed = any(one.change is Change.CONFIRMED for one in news)
    return confirmed and row.state == StepState.WAITING and rungs[row.name].answer_within_s > 0


async def follow_ladder(connection: AsyncConnection, kit: Kit, now: int) -> int:
    """Ask the next person where nobody has answered in time, then make the messages of all steps that are due.

    Returns how many messages were made.
    """
    await _escalate(connection, kit.ladder, now)
    due = await _read_due(connection, kit.ladder, now)
    asking = [one for one in due if one.rung.answer_within_s]
    telling = [one for one in due if not one.rung.answer_within_s]
    return await _tell_sites(connection, kit, telling, now) + await _ask_people(connection, kit, asking, now)


async def note_answer(connection: AsyncConnection, message_id: str, choice: Choice, now: int) -> None:
    """Take an answer into account: the message is answered, and the ladder goes on or stops as `EFFECTS` says.

    Only a message that asked for an answer moves the ladder: who has read the advice is reminded all the same.
    """
    this = message.c.id == message_id
    await connection.execute(update(message).where(this).values(state=MessageState.ANSWERED, ended_at=now))
    effect = EFFECTS[choice]
    asked = [
        _step(row) for row in await connection.execute(_steps(ladder_step.c.message == message_id, StepState.MADE))
    ]
    if effect is Effect.NEXT_PERSON:
        await _pass_on(connection, asked, now)
    else:
        await _change(connection, asked, state=StepState.ANSWERED)
    if effect is Effect.STOPS_ALL and asked:
        await _stop(connection, await _open_steps(connection, {step.event for step in asked}), now)
    await tell(connection, now, answered=[message_id])


async def _tell_sites(connection: AsyncConnection, kit: Kit, due: Sequence[_Due], now: int) -> int:
    if not due:
        return 0
    events, sites = {one.step.event for one in due}, {one.change.site for one in due}
    situation = await read_situation(connection, events, sites, now)
    plan = plan_steps([(one.change, one.rung) for one in due], situation, now, kit.new_id)
    await write_plan(connection, kit, plan, situation.recipients, by_key(one.entry for one in due), now)
    await _change(connection, [one.step for one in due], state=StepState.MADE)
    return len(plan.messages)


async def _ask_people(connection: AsyncConnection, kit: Kit, due: Sequence[_Due], now: int) -> int:
    """One message to one person for all that they are asked about one hazard."""
    tried = await _read_tried(connection, [one.step for one in due])
    groups: dict[tuple[str, str, bool, frozenset[str]], list[_Due]] = defaultdict(list)
    for one in due:
        asked = tried.get((one.step.event, one.step.number, one.step.name), frozenset())
        groups[one.change.hazard, one.rung.name, one.change.simulated, asked].append(one)
    return sum([await _ask(connection, kit, together, asked, now) for (*_, asked), together in groups.items()])


async def _ask(connection: AsyncConnection, kit: Kit, due: Sequence[_Due], tried: Collection[str], now: int) -> int:
    """Make the message to the next person; where nobody is left the desk is told."""
    found = await _find_person(connection, kit, due, tried, now)
    steps = [one.step for one in due]
    if found is None:
        await _change(connection, steps, state=StepState.ESCALATED)
        await tell(connection, now, nobody=sorted({step.event for step in steps}))
        return 0
    person, asking = found
    await write_plan(connection, kit, Plan((asking,), ()), [person], by_key(one.entry for one in due), now)
    await _change(connection, steps, state=StepState.MADE, message=asking.id)
    return 1


async def _find_person(
    connection: AsyncConnection, kit: Kit, due: Sequence[_Due], tried: Collection[str], now: int
) -> tuple[Recipient, Message] | None:
    changes, rung = [one.change for one in due], due[0].rung
    engineers = [one for one in await recipients_of(connection, {c.site for c in changes}) if one.role == STAND_IN]
    listed = list(dict.fromkeys([*await on_duty(connection, now), *(one.id for one in engineers)]))
    people = {one.id: one for one in await recipients(connection, listed)}
    passed = set(tried)
    while (name := next_person(listed, passed)) is not None:
        asking = plan_call(changes, rung, people[name], now, kit.new_id) if name in people else None
        if asking is not None:
            return people[name], asking
        passed.add(name)
    return None


async def _escalate(connection: AsyncConnection, ladder: Sequence[Rung], now: int) -> None:
    """Steps that nobody answered in time, or whose message could not be sent."""
    late = (message.c.answer_needed_by <= now) | (message.c.state == MessageState.FAILED)
    query = (
        select(ladder_step)
        .join(message, message.c.id == ladder_step.c.message)
        .where(ladder_step.c.state == StepState.MADE, late, message.c.state != MessageState.ANSWERED)
    )
    steps = [_step(row) for row in await connection.execute(query)]
    tries = {rung.name: rung.tries for rung in ladder}
    last = {step for step in steps if step.attempt >= tries.get(step.name, 1)}
    await _pass_on(connection, [step for step in steps if step not in last], now)
    await _change(connection, last, state=StepState.ESCALATED)
    await tell(connection, now, unanswered=sorted({step.event for step in last}))


async def _pass_on(connection: AsyncConnection, steps: Sequence[Step], now: int) -> None:
    """The next person is asked now."""
    await _change(connection, steps, state=StepState.ESCALATED)
    await _wait(connection, [msgspec.structs.replace(one, attempt=one.attempt + 1, due_at=now) for one in steps])


async def _read_due(connection: AsyncConnection, ladder: Sequence[Rung], now: int) -> list[_Due]:
    """The steps that are due and still called for; the others are stopped."""
    rungs = {rung.name: rung for rung in ladder}
    rows = (await connection.execute(_steps(ladder_step.c.due_at <= now, StepState.WAITING))).all()
    entries = by_key(await entries_of_events(connection, {row.event for row in rows}))
    due, idle = [], []
    for row in rows:
        entry, rung = entries[row.event, row.number], rungs.get(row.name)
        if rung is None or entry.closed or entry.holds < rung.least:
            idle.append(_step(row))
        else:
            due.append(_Due(_step(row), rung, entry, msgspec.structs.replace(entry.change, level=entry.holds)))
    await _change(connection, idle, state=StepState.STOPPED)
    return due


async def _read_tried(connection: AsyncConnection, steps: Sequence[Step]) -> dict[tuple[str, int, str], frozenset[str]]:
    """Who has been asked already, by event, number and name of the step."""
    tried: dict[tuple[str, int, str], frozenset[str]] = defaultdict(frozenset)
    for part in parts({step.event for step in steps}):
        query = select(ladder_step.c.event, ladder_step.c.number, ladder_step.c.name, message.c.recipient)
        joined = query.join(message, message.c.id == ladder_step.c.message).where(ladder_step.c.event.in_(part))
        for row in await connection.execute(joined):
            tried[row.event, row.number, row.name] |= {row.recipient}
    return tried


async def _open_steps(connection: AsyncConnection, events: Iterable[str]) -> list[Row[Any]]:
    return [
        row
        for part in parts(set(events))
        for row in await connection.execute(_steps(ladder_step.c.event.in_(part), *OPEN))
    ]


async def _stop(connection: AsyncConnection, rows: Iterable[Row[Any]], now: int) -> None:
    """End steps; a call that was to be made for them alone is not made any more."""
    rows = list(rows)
    await _change(connection, [_step(row) for row in rows], state=StepState.STOPPED)
    asked = {row.message for row in rows if row.message}
    still: set[str] = set()
    for part in parts(asked):
        query = _steps(ladder_step.c.message.in_(part), *OPEN)
        still |= {row.message for row in await connection.execute(query)}
    await supersede(connection, asked - still, now)


async def _wait(connection: AsyncConnection, steps: Iterable[Step]) -> None:
    rows = [
        {
            "event": one.event,
            "number": one.number,
            "name": one.name,
            "try": one.attempt,
            "due_at": one.due_at,
            "state": StepState.WAITING,
        }
        for one in steps
    ]
    if rows:
        await connection.execute(upsert(ladder_step).on_conflict_do_nothing(), rows)


async def _change(connection: AsyncConnection, steps: Iterable[Step], **values: object) -> None:
    rows = [
        {"its_event": one.event, "its_number": one.number, "its_name": one.name, "its_attempt": one.attempt}
        for one in steps
    ]
    if rows:
        await connection.execute(update(ladder_step).where(_this).values(**values), rows)


def _steps(condition: object, *states: StepState) -> Select[Any]:
    query = select(ladder_step).where(condition, ladder_step.c.state.in_(states))  # type: ignore[arg-type]
    return query.order_by(ladder_step.c.event, ladder_step.c.number, ladder_step.c.name, ladder_step.c["try"])


def _step(row: Row[Any]) -> Step:
    return Step(row.event, row.number, row.name, row._mapping["try"], row.due_at)
