"""Reminders in the database: what is open and near its last day, and each reminder once with the words it leaves by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.complaints.deadlines import local_day
from cloud_gateway.complaints.lifecycle import OPEN
from cloud_gateway.complaints.reminders import MOST_AHEAD, Due, Key, Matter, Person, Said
from cloud_gateway.complaints.tables import complaint, handler, reminder
from cloud_gateway.tables import staff
from cloud_gateway.telephony.tables import call_back

_c, _b, _h, _r = complaint.c, call_back.c, handler.c, reminder.c
_KEY = (_r.matter, _r.of, _r.due, _r.stage, _r.to)


class Reminder(msgspec.Struct, frozen=True):
    """A reminder as it was first written; `id` and the words never change. `state`: owed, sent or failed."""

    id: str
    key: Key
    said: Said
    made_at: int
    state: str
    tries: int
    next_at: int
    error: str


async def list_near(connection: AsyncConnection, zone: str, now: int) -> list[Due]:
    """Complaints and call-backs with a handler, late or near their last day; `zone` is that of call-backs."""
    until = str(local_day(now, zone) + timedelta(days=MOST_AHEAD + 1))  # a day more, for zones ahead of it
    cases = select(_c.number, _c.due, _c.zone, _c.handler, _c.kind)
    cases = cases.where(_c.state.in_(OPEN), _c.handler.is_not(None), _c.due <= until).order_by(_c.due, _c.number)
    calls = select(_b.handler, _b.due, func.count()).where(_b.state == "open", _b.handler.is_not(None), _b.due <= until)
    read = date.fromisoformat
    return [
        Due(Matter.COMPLAINT, number, read(due), place, who, kind)
        for number, due, place, who, kind in await connection.execute(cases)
    ] + [
        Due(Matter.CALL_BACKS, who, read(due), zone, who, str(count))
        for who, due, count in await connection.execute(calls.group_by(_b.handler, _b.due).order_by(_b.due, _b.handler))
    ]


async def read_people(connection: AsyncConnection) -> dict[str, Person]:
    """Handlers by name; who has ended or cannot sign in any more gets no mail."""
    known = set(await connection.scalars(select(staff.c.name).where(staff.c.disabled_at.is_(None))))
    rows = await connection.execute(select(_h.staff, _h.mail, _h.above, _h.ended_at))
    return {
        row.staff: Person(row.mail if row.ended_at is None and row.staff in known else "", row.above) for row in rows
    }


async def read_reminders(connection: AsyncConnection, things: Iterable[Due]) -> dict[Key, Reminder]:
    """What was written of these already."""
    query = select(reminder).where(_r.of.in_({thing.of for thing in things}))
    found = {}
    for row in await connection.execute(query):
        key = Key(row.matter, row.of, row.due, row.stage, row.to)
        said = Said(row.subject, row.body)
        found[key] = Reminder(row.id, key, said, row.made_at, row.state, row.tries, row.next_at, row.error)
    return found


async def add_reminder(connection: AsyncConnection, name: str, key: Key, said: Said, now: int) -> None:
    """Write one down before it leaves; one that is there already stays as it is."""
    row = {**key._asdict(), **said._asdict(), "id": name, "made_at": now, "next_at": now, "state": "owed"}
    await connection.execute(upsert(reminder).values(**row).on_conflict_do_nothing(index_elements=_KEY))


async def note_sent(connection: AsyncConnection, name: str, now: int) -> None:
    """The mail server has taken it."""
    facts = {"state": "sent", "sent_at": now, "tries": _r.tries + 1, "error": ""}
    await connection.execute(update(reminder).where(_r.id == name).values(**facts))


async def note_failed(connection: AsyncConnection, name: str, error: str, next_at: int | None) -> None:
    """It was not taken; without `next_at` it never will be."""
    facts = {"state": "failed"} if next_at is None else {"next_at": next_at}
    await connection.execute(
        update(reminder).where(_r.id == name).values(tries=_r.tries + 1, error=error[:500], **facts)
    )
