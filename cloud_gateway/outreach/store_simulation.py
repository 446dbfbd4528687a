"""What a simulation writes into a database of its own and reads back; no gateway's database is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import event_change, hazard_event
from cloud_gateway.outreach.ladder import StepState
from cloud_gateway.outreach.model import Change, MessageState
from cloud_gateway.outreach.recipients import RecipientEntry, Row
from cloud_gateway.outreach.store_recipients import enter_people, every_person, list_turns
from cloud_gateway.outreach.story import StoryChange, StorySite, StoryTurn
from cloud_gateway.outreach.tables import duty, ladder_step, message, message_change, recipient
from cloud_gateway.sites.entries import Mistake
from cloud_gateway.tables import site

#: The cause of every change of a story.
CAUSE = "story"


@dataclass(frozen=True)
class Cast:
    """Who and what there is: sites, people, and who is on duty."""

    sites: Mapping[str, StorySite]
    people: Sequence[RecipientEntry]
    turns: Sequence[StoryTurn]


async def read_cast(connection: AsyncConnection) -> Cast:
    """The cast of a gateway, without the people who are disabled."""
    rows = await connection.execute(select(site.c.code, site.c.zone))
    people = [one.entry for one in await every_person(connection) if one.disabled_at is None]
    known = {one.name for one in people}
    turns = [one for one in await list_turns(connection, 0) if one.name in known]
    return Cast(
        {row.code: StorySite(code=row.code, zone=row.zone) for row in rows},
        people,
        [StoryTurn.model_construct(name=t.name, since=t.since, until=t.until, rank=t.rank) for t in turns],
    )


async def write_cast(connection: AsyncConnection, cast: Cast) -> tuple[Mistake, ...]:
    """Enter the cast; what is wrong with its people is given back, and then nobody was entered."""
    await connection.execute(insert(site), [_site_row(one) for one in cast.sites.values()])
    entered = await enter_people(connection, [Row(number, one) for number, one in enumerate(cast.people, 1)])
    ids = {row.name: row.id for row in await connection.execute(select(recipient.c.name, recipient.c.id))}
    strangers = [turn.name for turn in cast.turns if turn.name not in ids]
    mistakes = [
        *entered.mistakes,
        *(Mistake(0, "duty", f"{name!r} is no recipient", "Name a recipient of the story") for name in strangers),
    ]
    if cast.turns and not mistakes:
        rows = [
            {"id": f"duty-{number}", "recipient": ids[turn.name], **turn.model_dump(include={"since", "until", "rank"})}
            for number, turn in enumerate(cast.turns)
        ]
        await connection.execute(insert(duty), rows)
    return tuple(mistakes)


async def write_change(connection: AsyncConnection, told: StoryChange, sites: Mapping[str, StorySite]) -> None:
    """What settling would write: events begin with their first change and end with the all-clear."""
    for code in told.sites:
        event, number = await _open_event(connection, told, sites[code])
        onset = told.at if told.onset is None else told.onset
        state = {"level": told.level, "holds": told.level, "number": number, "changed_at": told.at, "onset": onset}
        closed_at = told.at if told.change is Change.CLEARED else None
        await connection.execute(
            update(hazard_event).where(hazard_event.c.id == event).values(**state, closed_at=closed_at)
        )
        row = {"event": event, "number": number, "change": told.change, "level": told.level, "at": told.at}
        await connection.execute(insert(event_change).values(**row, onset=onset, cause=CAUSE))


async def find_asked(connection: AsyncConnection, name: str, now: int) -> str | None:
    """The message that somebody would answer: the newest that asks for it, else the newest that has arrived."""
    query = (
        select(message.c.id)
        .join(recipient, recipient.c.id == message.c.recipient)
        .where(recipient.c.name == name, message.c.state == MessageState.SENT, message.c.sent_at <= now)
        .order_by(message.c.answer_needed_by.is_not(None).desc(), message.c.sent_at.desc(), message.c.id.desc())
    )
    found: str | None = await connection.scalar(query.limit(1))
    return found


async def next_moment(connection: AsyncConnection) -> int | None:
    """When something is next due by itself: a message, a step, or the end of the wait for an answer."""
    waits = (
        select(func.min(message.c.next_at)).where(message.c.state == MessageState.QUEUED),
        select(func.min(ladder_step.c.due_at)).where(ladder_step.c.state == StepState.WAITING),
        select(func.min(message.c.answer_needed_by))
        .join(ladder_step, ladder_step.c.message == message.c.id)
        .where(ladder_step.c.state == StepState.MADE, message.c.state != MessageState.ANSWERED),
    )
    found = [await connection.scalar(query) for query in waits]
    return min((at for at in found if at is not None), default=None)


async def sites_told(connection: AsyncConnection, messages: Iterable[str]) -> dict[str, list[str]]:
    """The codes of the sites of these messages, ranked."""
    query = (
        select(message_change.c.message, site.c.code)
        .join(hazard_event, hazard_event.c.id == message_change.c.event)
        .join(site, site.c.id == hazard_event.c.site)
        .where(message_change.c.message.in_(list(messages)))
        .order_by(message_change.c.message, message_change.c.rank)
    )
    found: dict[str, list[str]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.message, []).append(row.code)
    return found


async def steps_of_messages(connection: AsyncConnection, messages: Iterable[str]) -> dict[str, tuple[str, int | None]]:
    """Step and time of answer of these messages."""
    columns = (message.c.id, message.c.step, message.c.answer_needed_by)
    rows = await connection.execute(select(*columns).where(message.c.id.in_(list(messages))))
    return {row.id: (row.step, row.answer_needed_by) for row in rows}


async def _open_event(connection: AsyncConnection, told: StoryChange, where: StorySite) -> tuple[str, int]:
    """The open event of the hazard at the site, or a new one, and the number of its next change."""
    here = (hazard_event.c.site == where.code) & (hazard_event.c.hazard == told.hazard)
    columns = select(hazard_event.c.id, hazard_event.c.number)
    row = (await connection.execute(columns.where(here, hazard_event.c.closed_at.is_(None)))).first()
    if row is not None:
        return row.id, row.number + 1
    count = await connection.scalar(select(func.count()).select_from(hazard_event).where(here))
    event = f"{where.code}/{told.hazard}/{count}"
    await connection.execute(insert(hazard_event).values(_event_row(event, told, where)))
    return event, 1


def _event_row(event: str, told: StoryChange, where: StorySite) -> dict[str, object]:
    levels = {"holds": 0, "level": 0, "peak": told.level, "confirmed": False, "number": 0}
    return {
        "id": event,
        "site": where.code,
        "hazard": told.hazard,
        "simulated": told.simulated,
        "warning": None,
        "gauge": "",
        "onset": told.at,
        "priority": where.priority,
        "reasons": "[]",
        "opened_at": told.at,
        "changed_at": told.at,
        **levels,
    }


def _site_row(one: StorySite) -> dict[str, object]:
    place = {"latitude": 0.0, "longitude": 0.0, "zone": one.zone, "simulated": True}
    return {"id": one.code, "code": one.code, "name": one.code, "name_zh": one.code, **place}
