"""Follow-ups of bad ratings in the database.

They are no entries of the evidence log: an entry at the time of the rating would tell anybody its score before the
batch that hides whose it was. What comes of one as a complaint is logged as every complaint is.
"""

from __future__ import annotations

import json

import msgspec
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.complaints.deadlines import day_after, follow_up_rule_on, local_day
from cloud_gateway.complaints.followups import Outcome, is_followed
from cloud_gateway.complaints.model import Case, NewComplaint
from cloud_gateway.complaints.store import receive
from cloud_gateway.complaints.tables import follow_up
from cloud_gateway.tables import event

TOPIC = "follow-up"
_f = follow_up.c


class Rated(msgspec.Struct, frozen=True):
    """A rating as a follow-up sees it; `count` is its id, `zone` its station's, `at` ms UTC."""

    count: str
    channel: str
    station: str
    counter: str
    clerk: str
    scale: int
    score: int
    at: int
    zone: str


class FollowUp(msgspec.Struct, frozen=True):
    """A follow-up as it stands; days are local."""

    id: str
    count: str
    channel: str
    station: str
    counter: str
    clerk: str
    scale: int
    score: int
    at: int
    zone: str
    rule: str
    contact_due: str
    close_due: str
    contacted_at: int | None
    closed_at: int | None
    closed_by: str
    outcome: str
    note: str
    complaint: str | None


class ClosedAlready(Exception):
    """The follow-up has ended."""


async def open_follow_up(connection: AsyncConnection, rated: Rated, now: int) -> str | None:
    """Open the follow-up of a bad rating in the caller's transaction; its id, None when there is nothing to do.

    A rating that is not bad opens none, the same rating again opens no second one. The clock begins on the local day on
    which the centre hears of it. Raises ValueError for what is no rating, NoRule for a day without a rule.
    """
    if not is_followed(rated.scale, rated.score):
        return None
    day = local_day(now, rated.zone)
    rule = follow_up_rule_on(day)
    made = str(uuid7())
    row = msgspec.structs.asdict(rated) | {"id": made, "rule": rule.version}
    row |= {"contact_due": str(day_after(day, rule.contact_days)), "close_due": str(day_after(day, rule.close_days))}
    done = await connection.execute(upsert(follow_up).values(**row).on_conflict_do_nothing())
    if done.rowcount == 0:
        return None
    await _tell(connection, made, "open", now)
    return made


async def note_contact(connection: AsyncConnection, name: str, now: int) -> FollowUp:
    """Somebody has spoken, or tried to speak, with the customer. Raises LookupError, ClosedAlready."""
    found = await _require_open(connection, name)
    contacted = func.coalesce(_f.contacted_at, now)
    await connection.execute(update(follow_up).where(_f.id == found.id).values(contacted_at=contacted))
    await _tell(connection, name, "contacted", now)
    return await _require(connection, name)


async def close(
    connection: AsyncConnection, name: str, outcome: Outcome, note: str, by: str, now: int, case: str | None = None
) -> FollowUp:
    """End a follow-up. Raises LookupError, ClosedAlready."""
    found = await _require_open(connection, name)
    values = {"closed_at": now, "closed_by": by, "outcome": outcome, "note": note, "complaint": case}
    if outcome is not Outcome.LEFT:
        values["contacted_at"] = found.contacted_at or now
    await connection.execute(update(follow_up).where(_f.id == name).values(**values))
    await _tell(connection, name, "closed", now)
    return await _require(connection, name)


async def make_complaint(connection: AsyncConnection, name: str, new: NewComplaint, by: str, now: int) -> Case:
    """The customer makes it a complaint. Raises LookupError, ClosedAlready, and what `receive` raises."""
    found = await _require_open(connection, name)
    told = msgspec.structs.replace(new, station=found.station, clerk=found.clerk, channel="follow-up")
    case = await receive(connection, told, by, found.zone, now)
    await close(connection, name, Outcome.COMPLAINT, "", by, now, case.number)
    return case


async def list_open(connection: AsyncConnection, limit: int) -> list[FollowUp]:
    """Open follow-ups, the oldest first."""
    query = select(follow_up).where(_f.closed_at.is_(None)).order_by(_f.at, _f.id).limit(limit)
    return [_follow_up(row) for row in await connection.execute(query)]


async def list_closed(connection: AsyncConnection, limit: int) -> list[FollowUp]:
    """Ended follow-ups, the newest first."""
    query = select(follow_up).where(_f.closed_at.is_not(None)).order_by(_f.closed_at.desc(), _f.id).limit(limit)
    return [_follow_up(row) for row in await connection.execute(query)]


async def _require(connection: AsyncConnection, name: str) -> FollowUp:
    row = (await connection.execute(select(follow_up).where(_f.id == name))).first()
    if row is None:
        raise LookupError(name)
    return _follow_up(row)


async def _require_open(connection: AsyncConnection, name: str) -> FollowUp:
    found = await _require(connection, name)
    if found.closed_at is not None:
        raise ClosedAlready(name)
    return found


async def _tell(connection: AsyncConnection, name: str, what: str, now: int) -> None:
    body = json.dumps({"follow_up": name, "state": what})
    await connection.execute(insert(event).values(at=now, topic=TOPIC, body=body))


def _follow_up(row: Row[tuple[object, ...]]) -> FollowUp:
    return FollowUp(**row._mapping)
