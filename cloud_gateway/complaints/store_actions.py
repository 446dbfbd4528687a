"""Corrective actions and praise in the database; each step is an entry of the evidence log."""

from __future__ import annotations

from datetime import date

import msgspec
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.complaints.store_lines import read_texts
from cloud_gateway.complaints.store_numbers import next_number
from cloud_gateway.complaints.tables import complaint, corrective_action, praise
from cloud_gateway.evidence.entries import Entry, Json, Text
from cloud_gateway.evidence.store import append

_a, _p = corrective_action.c, praise.c


class WrongState(Exception):
    """An action is done once, then its effect is checked once."""


class Owned(Exception):
    """The effect is checked by somebody else than the owner of the action."""


class NewAction(msgspec.Struct, frozen=True):
    """What is put right because of a complaint: its cause, by whom, until which local day."""

    complaint: str
    cause: str
    action: str
    owner: str
    due: date


class Action(msgspec.Struct, frozen=True):
    """A corrective action: open, done, effective or not-effective."""

    number: str
    complaint: str
    cause: str
    action: str
    owner: str
    due: date
    state: str
    made_at: int
    made_by: str
    done_at: int | None
    checked_at: int | None
    checked_by: str
    effect: str


class Praise(msgspec.Struct, frozen=True):
    """Thanks to a clerk; `text` is None once it was masked or erased."""

    number: str
    station: str
    clerk: str
    at: int
    text: str | None


async def add_action(connection: AsyncConnection, new: NewAction, by: str, day: date, now: int) -> Action:
    """Enter an action. Raises LookupError: no such complaint."""
    if not await connection.scalar(select(func.count()).where(complaint.c.number == new.complaint)):
        raise LookupError(new.complaint)
    number = await next_number(connection, "A", day)
    row = msgspec.structs.asdict(new) | {"number": number, "due": str(new.due), "state": "open"}
    await connection.execute(insert(corrective_action).values(**row, made_at=now, made_by=by))
    made = await _require(connection, number)
    await _log(connection, made, "begin", f"{new.cause}\n{new.action}", by, day, now)
    return made


async def finish_action(connection: AsyncConnection, number: str, by: str, day: date, now: int) -> Action:
    """It is done; its effect is still to be seen. Raises LookupError, WrongState."""
    await _require(connection, number, "open")
    await connection.execute(update(corrective_action).where(_a.number == number).values(state="done", done_at=now))
    done = await _require(connection, number)
    await _log(connection, done, "finish", "", by, day, now)
    return done


async def check_action(
    connection: AsyncConnection, number: str, effective: bool, effect: str, by: str, day: date, now: int
) -> Action:
    """Somebody else has looked whether it helped. Raises LookupError, WrongState, Owned."""
    found = await _require(connection, number, "done")
    if found.owner == by:
        raise Owned(number)
    values = {"state": "effective" if effective else "not-effective", "effect": effect}
    values |= {"checked_by": by}
    await connection.execute(update(corrective_action).where(_a.number == number).values(**values, checked_at=now))
    checked = await _require(connection, number)
    await _log(connection, checked, "check", effect, by, day, now)
    return checked


async def list_actions(connection: AsyncConnection, limit: int, of: str | None = None) -> list[Action]:
    """Actions, open ones first by their last day, then the newest; all, or those of one complaint."""
    query = select(corrective_action).order_by(_a.state != "open", _a.state != "done", _a.due, _a.number).limit(limit)
    if of is not None:
        query = query.where(_a.complaint == of)
    return [_action(row) for row in await connection.execute(query)]


async def add_praise(
    connection: AsyncConnection, station: str, clerk: str, text: str, by: str, day: date, now: int
) -> Praise:
    """Write down thanks to a clerk."""
    number = await next_number(connection, "P", day)
    body: dict[str, Json] = {"subject": "praise", "number": number, "step": "receive", "state": "received"}
    body |= {"day": str(day), "by": by, "station": station, "clerk": clerk}
    (place,) = await append(connection, [Entry("complaint", body, [Text("text", text)])], now)
    row = {"number": number, "station": station, "clerk": clerk, "at": now, "place": place}
    await connection.execute(insert(praise).values(**row))
    return Praise(number, station, clerk, now, text)


async def list_praise(connection: AsyncConnection, limit: int) -> list[Praise]:
    """The newest first."""
    rows = (await connection.execute(select(praise).order_by(_p.at.desc(), _p.number.desc()).limit(limit))).all()
    texts = await read_texts(connection, {row.place for row in rows})
    return [Praise(row.number, row.station, row.clerk, row.at, texts.get((row.place, "text"))) for row in rows]


async def _log(connection: AsyncConnection, one: Action, step: str, text: str, by: str, day: date, now: int) -> None:
    body: dict[str, Json] = {"subject": "action", "number": one.number, "step": step, "state": one.state}
    body |= {"day": str(day), "by": by, "to": one.owner, "due": str(one.due)}
    await append(connection, [Entry("complaint", body, [Text("text", text)] if text else [])], now)


async def _require(connection: AsyncConnection, number: str, state: str = "") -> Action:
    row = (await connection.execute(select(corrective_action).where(_a.number == number))).first()
    if row is None:
        raise LookupError(number)
    found = _action(row)
    if state and found.state != state:
        raise WrongState(found.state)
    return found


def _action(row: Row[tuple[object, ...]]) -> Action:
    facts = dict(row._mapping)
    return Action(due=date.fromisoformat(facts.pop("due")), **facts)
