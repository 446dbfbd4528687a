"""Handlers in the database: who takes complaints and call-backs, and what each has in hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.assignment import Absence, Worker
from cloud_gateway.complaints.kinds import kind_of
from cloud_gateway.complaints.lifecycle import OPEN
from cloud_gateway.complaints.tables import complaint, handler, handler_absence
from cloud_gateway.stations.tables import clerk
from cloud_gateway.tables import staff
from cloud_gateway.telephony.tables import call_back


class Away(msgspec.Struct, frozen=True):
    """Local days on which a handler is absent, both included."""

    since: date
    until: date


class Handler(msgspec.Struct, frozen=True):
    """A member of staff who takes work. `manages`: numbers of the clerks that this one is the manager of.

    Reminders go to `mail`; `above` is the handler who gets them too once a last day has passed.
    """

    staff: str
    skills: tuple[str, ...] = ()
    manages: tuple[str, ...] = ()
    absences: tuple[Away, ...] = ()
    ended: bool = False
    load: int = 0
    mail: str = ""
    above: str = ""


async def put_handler(connection: AsyncConnection, one: Handler, now: int) -> None:
    """Enter a handler, or put these facts in place of what was known. Raises LookupError: no such member of staff."""
    if not await connection.scalar(select(func.count()).where(staff.c.name == one.staff)):
        raise LookupError(one.staff)
    facts = {
        "skills": json.dumps(sorted(one.skills)),
        "manages": json.dumps(sorted(one.manages)),
        "ended_at": now if one.ended else None,
        "mail": one.mail,
        "above": one.above,
    }
    values = upsert(handler).values(staff=one.staff, given_at=0, **facts)
    await connection.execute(values.on_conflict_do_update(index_elements=["staff"], set_=facts))
    await connection.execute(handler_absence.delete().where(handler_absence.c.staff == one.staff))
    rows = [{"staff": one.staff, "since": str(away.since), "until": str(away.until)} for away in one.absences]
    if rows:
        await connection.execute(upsert(handler_absence).on_conflict_do_nothing(), rows)


async def set_mail(connection: AsyncConnection, name: str, mail: str) -> None:
    """From now on a handler's reminders go there; empty: nowhere. Raises LookupError: no such handler."""
    done = await connection.execute(update(handler).where(handler.c.staff == name).values(mail=mail))
    if not done.rowcount:
        raise LookupError(name)


async def list_handlers(connection: AsyncConnection) -> list[Handler]:
    """All handlers by name, with the weight of what each has in hand."""
    loads = await _loads(connection)
    away = await _absences(connection)
    rows = await connection.execute(select(handler).order_by(handler.c.staff))
    return [
        Handler(
            row.staff,
            tuple(json.loads(row.skills)),
            tuple(json.loads(row.manages)),
            tuple(away.get(row.staff, ())),
            row.ended_at is not None,
            loads[row.staff],
            row.mail,
            row.above,
        )
        for row in rows
    ]


async def list_workers(connection: AsyncConnection) -> list[Worker]:
    """The handlers as fair assignment sees them: only those who can still sign in."""
    given = {row.staff: row.given_at for row in await connection.execute(select(handler.c.staff, handler.c.given_at))}
    names = set(await connection.scalars(select(staff.c.name).where(staff.c.disabled_at.is_(None))))
    own = {row.staff: row.number for row in await connection.execute(select(clerk.c.staff, clerk.c.number))}
    found = [one for one in await list_handlers(connection) if not one.ended and one.staff in names]
    return [_worker(one, given[one.staff], own.get(one.staff)) for one in found]


async def note_given(connection: AsyncConnection, names: Collection[str], now: int) -> None:
    """These were given work just now."""
    await connection.execute(update(handler).where(handler.c.staff.in_(names)).values(given_at=now))


def interests_of(staff_names: Iterable[str], clerks: Iterable[str]) -> frozenset[str]:
    """How people are named where interests are compared."""
    return frozenset({f"staff:{name}" for name in staff_names} | {f"clerk:{number}" for number in clerks if number})


def _worker(one: Handler, given_at: int, own: str | None) -> Worker:
    interests = interests_of([one.staff], [own or "", *one.manages])
    absences = tuple(Absence(away.since, away.until) for away in one.absences)
    return Worker(one.staff, one.load, frozenset(one.skills), interests, absences, given_at)


async def _loads(connection: AsyncConnection) -> Counter[str]:
    """Open complaints by the weight of their kind, open call-backs by one each."""
    loads: Counter[str] = Counter()
    cases = select(complaint.c.handler, complaint.c.kind, func.count()).where(complaint.c.state.in_(OPEN))
    for name, kind, count in await connection.execute(cases.group_by(complaint.c.handler, complaint.c.kind)):
        loads[name or ""] += kind_of(kind).weight * count
    calls = select(call_back.c.handler, func.count()).where(call_back.c.state == "open")
    for name, count in await connection.execute(calls.group_by(call_back.c.handler)):
        loads[name or ""] += count
    return loads


async def _absences(connection: AsyncConnection) -> dict[str, list[Away]]:
    found: dict[str, list[Away]] = {}
    for row in await connection.execute(select(handler_absence).order_by(handler_absence.c.since)):
        found.setdefault(row.staff, []).append(Away(date.fromisoformat(row.since), date.fromisoformat(row.until)))
    return found
