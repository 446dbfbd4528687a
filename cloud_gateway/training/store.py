"""The training register in the database; each result is an entry of the evidence log."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.evidence.entries import Entry, Json
from cloud_gateway.evidence.store import append
from cloud_gateway.stations.tables import clerk
from cloud_gateway.training.courses import Course, Grade, Result, all_courses, missing_courses
from cloud_gateway.training.tables import training_result

_r = training_result.c


async def add_result(
    connection: AsyncConnection, number: str, course: Course, got: Grade, by: str, day: date, now: int
) -> str:
    """Write down what a clerk's test came to; returns its id. Raises LookupError: no such clerk."""
    await _require_clerk(connection, number)
    step = "passed" if got.valid_until else "failed"
    until = str(got.valid_until) if got.valid_until else None
    body: dict[str, Json] = {"clerk": number, "course": course.code, "version": course.version, "step": step}
    body |= {"right": got.right, "of": got.of, "day": str(day), "valid_until": until or "", "by": by}
    (place,) = await append(connection, [Entry("training", body)], now)
    made = str(uuid7())
    row = {"id": made, "clerk": number, "course": course.code, "version": course.version, "right": got.right}
    row |= {"of": got.of, "at": now, "day": str(day), "valid_until": until, "by": by, "place": place}
    await connection.execute(insert(training_result).values(**row))
    return made


async def withdraw(connection: AsyncConnection, clerk_number: str, course: str, by: str, day: date, now: int) -> None:
    """Take back a clerk's results of a course; they stay in the log. Raises LookupError: there is none."""
    found = [one for one in await list_results(connection, clerk_number) if one.course == course]
    if not found:
        raise LookupError(course)
    newest = found[-1]
    body: dict[str, Json] = {"clerk": clerk_number, "course": course, "version": newest.version, "step": "withdrawn"}
    body |= {"right": newest.right, "of": newest.of, "day": str(day), "valid_until": "", "by": by}
    await append(connection, [Entry("training", body)], now)
    these = (_r.clerk == clerk_number) & (_r.course == course) & _r.withdrawn_at.is_(None)
    await connection.execute(update(training_result).where(these).values(withdrawn_at=now))


async def list_results(connection: AsyncConnection, number: str | None = None) -> list[Result]:
    """Results that stand, in the order of the tests: all, or a clerk's."""
    query = select(training_result).where(_r.withdrawn_at.is_(None)).order_by(_r.at, _r.id)
    query = query if number is None else query.where(_r.clerk == number)
    return [
        Result(row.clerk, row.course, row.version, row.right, row.of, _day(row.day), _last(row.valid_until), row.by)
        for row in await connection.execute(query)
    ]


async def may_badge(connection: AsyncConnection, number: str, day: date) -> bool:
    """Whether a clerk's training holds on a local day, so that the counter may show a badge.

    As long as the register is empty every badge is shown: a house begins it when it begins it.
    """
    if not await _is_begun(connection):
        return True
    return not missing_courses(await list_results(connection, number), all_courses(), day)


async def list_untrained(connection: AsyncConnection, day: date) -> set[str]:
    """The numbers of the clerks who serve and whose training does not hold on a local day, or never did."""
    results: dict[str, list[Result]] = defaultdict(list)
    for one in await list_results(connection):
        results[one.clerk].append(one)
    numbers = await connection.scalars(select(clerk.c.number).where(~clerk.c.gone))
    return {number for number in numbers if missing_courses(results[number], all_courses(), day)}


async def list_lapsed(connection: AsyncConnection, day: date) -> set[str]:
    """The numbers of the clerks whom a counter shows without a badge, as `may_badge` has it."""
    return await list_untrained(connection, day) if await _is_begun(connection) else set()


async def _is_begun(connection: AsyncConnection) -> bool:
    return (await connection.execute(select(_r.id).limit(1))).first() is not None


async def _require_clerk(connection: AsyncConnection, number: str) -> None:
    if (
        await connection.execute(select(clerk.c.number).where(clerk.c.number == number, ~clerk.c.gone))
    ).first() is None:
        raise LookupError(number)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _last(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
