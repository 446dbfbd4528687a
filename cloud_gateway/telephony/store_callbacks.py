"""Call-backs in the database: lists of customers, dealt out fairly, and what came of each call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal, TypeAlias

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.assignment import Work, deal_out
from cloud_gateway.complaints.store_handlers import interests_of, list_workers, note_given
from cloud_gateway.telephony.phones import hash_phone, mask_phone, tidy_phone
from cloud_gateway.telephony.tables import call_back

#: Days within which a customer of a list is called; a rule of this house.
WITHIN_DAYS = 15
#: Customers of one list.
MOST = 500
Result: TypeAlias = Literal["reached", "not-reached", "wrong-number"]
_b = call_back.c


class NewCall(msgspec.Struct, frozen=True):
    """A customer to be called: the policy, and the agent who sold it."""

    policy: str
    agent: str
    phone: str
    station: str = ""


class CallBack(msgspec.Struct, frozen=True):
    """A call-back as it stands; the number itself is in the policy's own system."""

    id: str
    campaign: str
    policy: str
    agent: str
    station: str
    phone_masked: str
    due: str
    handler: str | None
    state: str
    tries: int
    made_at: int
    ended_at: int | None
    ended_by: str
    call: str | None


class Ended(Exception):
    """The call-back has its result."""


async def add_calls(
    connection: AsyncConnection, key: bytes, campaign: str, new: Sequence[NewCall], day: date, now: int
) -> list[CallBack]:
    """Deal a list out; a policy that the campaign has already is left alone. Raises NoPhone.

    Nobody calls the customers of whom he is the agent, or of an agent whom he manages.
    """
    known = set(await connection.scalars(select(_b.policy).where(_b.campaign == campaign)))
    fresh = {one.policy: one for one in new if one.policy not in known}
    works = [Work(one.policy, concerns=interests_of([], [one.agent])) for one in fresh.values()]
    dealt = {one.work: one.worker for one in deal_out(works, await list_workers(connection), day, now)}
    for one in fresh.values():
        tidy = tidy_phone(one.phone)
        row = {"id": str(uuid7()), "campaign": campaign, "policy": one.policy, "agent": one.agent, "state": "open"}
        row |= {"phone_hash": hash_phone(key, tidy), "phone_masked": mask_phone(tidy), "station": one.station}
        facts = {"handler": dealt[one.policy], "due": str(day + timedelta(days=WITHIN_DAYS)), "made_at": now}
        await connection.execute(insert(call_back).values(**row, **facts))
    await note_given(connection, {name for name in dealt.values() if name}, now)
    query = select(call_back).where(_b.campaign == campaign, _b.policy.in_(fresh)).order_by(_b.policy)
    return [_call(row) for row in await connection.execute(query)]


async def note_result(connection: AsyncConnection, name: str, result: Result, by: str, now: int) -> CallBack:
    """Write down what came of a call; one that was not reached stays open. Raises LookupError, Ended."""
    found = await _require(connection, name)
    if found.state != "open":
        raise Ended(found.state)
    values: dict[str, object] = {"tries": found.tries + 1, "ended_by": by}
    if result != "not-reached":
        values |= {"state": result, "ended_at": now}
    await connection.execute(update(call_back).where(_b.id == name).values(**values))
    return await _require(connection, name)


async def list_calls(
    connection: AsyncConnection, limit: int, handler: str | None = None, is_open: bool = True
) -> list[CallBack]:
    """Call-backs by their last day; all, or those of a handler; open ones, or ended ones, the newest first."""
    query = select(call_back).where((_b.state == "open") if is_open else (_b.state != "open"))
    query = query if handler is None else query.where(_b.handler == handler)
    order = (_b.due, _b.id) if is_open else (_b.ended_at.desc(), _b.id)
    return [_call(row) for row in await connection.execute(query.order_by(*order).limit(limit))]


async def _require(connection: AsyncConnection, name: str) -> CallBack:
    row = (await connection.execute(select(call_back).where(_b.id == name))).first()
    if row is None:
        raise LookupError(name)
    return _call(row)


def _call(row: Row[tuple[object, ...]]) -> CallBack:
    facts = {name: value for name, value in row._mapping.items() if name != "phone_hash"}
    return CallBack(**facts)
