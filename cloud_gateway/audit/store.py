"""Acts in the gateway's database: written before what they name is done, and completed after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.audit.tables import act

MOST_SUBJECT = 300
MOST_ADDRESS = 64


@dataclass(frozen=True)
class Doer:
    """Who acts: `staff` is the id, None for a command; `address` is the network's, of a command the machine's user."""

    staff: str | None
    name: str
    role: str
    address: str


@dataclass(frozen=True)
class Act:
    """What somebody asked for at `at` (ms UTC), and what came of it; `status` None: not known."""

    id: str
    at: int
    staff: str | None
    name: str
    role: str
    address: str
    method: str
    route: str
    subject: str
    status: int | None
    took_ms: int | None


@dataclass(frozen=True)
class Sought:
    """Which acts: of that person, with those texts in route and subject, from `since` and before `until` (ms UTC)."""

    person: str = ""
    route: str = ""
    subject: str = ""
    since: int | None = None
    until: int | None = None


def make_act(who: Doer, at: int, method: str, route: str, subject: str = "", status: int | None = None) -> Act:
    """An act that is about to be written; what is too long is cut."""
    address = who.address[:MOST_ADDRESS]
    cut = subject[:MOST_SUBJECT]
    return Act(str(uuid7()), at, who.staff, who.name, who.role, address, method, route, cut, status, None)


async def write_act(connection: AsyncConnection, made: Act) -> None:
    """Write an act down."""
    await connection.execute(insert(act).values(**vars(made)))


async def end_act(
    connection: AsyncConnection, name: str, status: int, took_ms: int, subject: str | None = None
) -> None:
    """Say what came of the act of that id, and what it was about if that was found out only meanwhile."""
    outcome: dict[str, object] = {"status": status, "took_ms": took_ms}
    if subject is not None:
        outcome["subject"] = subject[:MOST_SUBJECT]
    await connection.execute(update(act).where(act.c.id == name).values(outcome))


async def forget_acts(connection: AsyncConnection, before: int) -> None:
    """Let go of acts from before `before`, ms UTC."""
    await connection.execute(delete(act).where(act.c.at < before))


async def list_acts(
    connection: AsyncConnection, sought: Sought, after: tuple[int, str] | None, limit: int
) -> Sequence[Act]:
    """Acts, the newest first; `after` is time and id of the one before the first."""
    query = select(act).order_by(act.c.at.desc(), act.c.id.desc()).limit(limit)
    if sought.person:
        query = query.where(act.c.name == sought.person)
    if sought.route:
        query = query.where(act.c.route.contains(sought.route, autoescape=True))
    if sought.subject:
        query = query.where(act.c.subject.contains(sought.subject, autoescape=True))
    if sought.since is not None:
        query = query.where(act.c.at >= sought.since)
    if sought.until is not None:
        query = query.where(act.c.at < sought.until)
    if after is not None:
        query = query.where(tuple_(act.c.at, act.c.id) < after)
    return [Act(**row) for row in (await connection.execute(query)).mappings()]
