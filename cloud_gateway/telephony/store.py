"""Rated calls in the database: one with a rating is an entry that commits to it, and a row that waits to be counted."""

from __future__ import annotations

import secrets
from datetime import date

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.complaints.deadlines import local_day
from cloud_gateway.evidence.entries import Entry, Text
from cloud_gateway.evidence.store import append
from cloud_gateway.ratings.commitments import FIELD, Commitment, write_commitment
from cloud_gateway.ratings.model import NewRating
from cloud_gateway.ratings.store import add_rating
from cloud_gateway.stations.tables import station
from cloud_gateway.telephony.calls import Code, Ended, Refused
from cloud_gateway.telephony.digits import Answer
from cloud_gateway.telephony.tables import call_back, rated_call, telephony_number
from edge_agent.wire.ratings import count_id

SECRET_BYTES = 16
_n, _r, _b = telephony_number.c, rated_call.c, call_back.c


async def take_number(connection: AsyncConnection, ended: Ended, now: int, tolerance_s: int) -> None:
    """Remember a number as used as long as its message could come again in time. Raises Refused."""
    await connection.execute(delete(telephony_number).where(_n.at < now - 2 * tolerance_s * 1000))
    row = upsert(telephony_number).values(number=ended.number, at=now).on_conflict_do_nothing()
    if (await connection.execute(row)).rowcount == 0:
        raise Refused(Code.NUMBER_USED)


async def keep_call(
    connection: AsyncConnection, ended: Ended, answer: Answer, scale: int, zone: str, now: int
) -> str | None:
    """Keep a call, with its rating when there is one; returns the id that the rating is counted under.

    The caller is told no secret, so nobody can open the row. `zone` holds without a station. Raises Refused.
    """
    if await connection.scalar(select(func.count()).where(_r.call == ended.call)):
        raise Refused(Code.RATED_ALREADY)
    if ended.call_back:
        await _end_call_back(connection, ended, now)
    home = await connection.scalar(select(station.c.zone).where(station.c.code == ended.station)) or zone
    day = local_day(ended.at, home)
    count = count_id(secrets.token_bytes(SECRET_BYTES)) if answer.score is not None else None
    row = {name: getattr(ended, name) for name in ("call", "purpose", "station", "clerk", "at", "simulated")}
    row |= {"day": str(day), "scale": scale, "answer": answer.heard, "count": count}
    await connection.execute(insert(rated_call).values(**row))
    if answer.score is not None and count is not None:
        await _rate(connection, ended, count, scale, answer.score, day, zone, now)
    return count


async def has_simulated(connection: AsyncConnection) -> bool:
    """Whether any call came from a SIMULATED telephone system, so that pages say so."""
    return (await connection.execute(select(_r.call).where(_r.simulated).limit(1))).first() is not None


async def _rate(
    connection: AsyncConnection, ended: Ended, count: str, scale: int, score: int, day: date, zone: str, now: int
) -> None:
    said = Commitment(count, ended.purpose, scale, score, ended.station, ended.clerk, str(day))
    given = Text(FIELD, write_commitment(said))  # never published: when it was given would tell whose row it is
    await append(connection, [Entry("rating", {"channel": "phone"}, [given])], now)
    new = NewRating(count, "phone", ended.purpose, scale, score, ended.at, ended.station, "", ended.clerk)
    await add_rating(connection, new, zone, now)


async def _end_call_back(connection: AsyncConnection, ended: Ended, now: int) -> None:
    """A call-back that ends in a rating has reached its customer."""
    this = (_b.id == ended.call_back) & _b.call.is_(None)
    values = {"state": "reached", "call": ended.call, "ended_at": func.coalesce(_b.ended_at, now)}
    if (await connection.execute(update(call_back).where(this).values(**values))).rowcount == 0:
        raise Refused(Code.NO_CALL_BACK)
