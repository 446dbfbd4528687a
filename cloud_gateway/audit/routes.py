"""The list of acts: who asked for which change, when, from where, and what came of it; as an API and as a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from cloud_gateway.audit.store import Act, Sought, list_acts
from cloud_gateway.audit.words import name_of
from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading
from cloud_gateway.ratings.desk import look_as, visit_as
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff, list_staff
from cloud_gateway.staff.words import ROLES
from edge_agent.web.paging import After, Limit, Page, Time, decode_cursor, make_page
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.times import find_zone

api = APIRouter(tags=["acts"])
router = APIRouter(include_in_schema=False)
PAGE_MOST = 100
require_reader = require_role(Role.ADMINISTRATOR, Role.REGULATOR)
Person = Annotated[str, Query(max_length=64, description="Name of who acted; `command line`: all commands.")]
Route = Annotated[str, Query(max_length=200, description="Text that the route or the command contains.")]
Subject = Annotated[str, Query(max_length=100, description="Text that the subject contains.")]
Day = Annotated[str, Query(max_length=10, description="Local day of the house, YYYY-MM-DD.")]
Until = Annotated[str, Query(max_length=10, description="Last day, where `day` is the first of several.")]


async def visit(request: Request, visitor: Annotated[Staff, Depends(visit_as)]) -> Staff:
    """Administrators, and regulators, whose looks are written down. Raises SignInNeeded, Problem 403."""
    return await require_reader(request)


async def read(request: Request, who: Annotated[Staff, Depends(look_as)]) -> Staff:
    """The same for the API. Raises Problem 401, 403."""
    return await require_reader(request)


PageReader = Annotated[Staff, Depends(visit)]
Reader = Annotated[Staff, Depends(read)]


@dataclass(frozen=True)
class ActView:
    """An act. `staff` is null and `method` RUN for a command; `status` null: the gateway ended before it was known."""

    id: str
    at: Time
    staff: str | None
    name: str
    role: str
    address: str
    method: str
    route: str
    subject: str
    status: int | None
    took_ms: int | None


@api.get("/acts")
async def list_all(
    request: Request,
    _who: Reader,
    person: Person = "",
    route: Route = "",
    subject: Subject = "",
    day: Day = "",
    until: Until = "",
    after: After = None,
    limit: Limit = 100,
) -> Page[ActView]:
    """Changes that people asked for, sign-ins and commands, the newest first; for administrators and regulators."""
    since, end = _days(request, day, until)
    found = await _find(request, Sought(person, route, subject, since, end), after, limit)
    return make_page([ActView(**vars(one)) for one in found], limit, lambda one: (one.at, one.id))


@router.get("/audit")
async def show_acts(
    request: Request,
    visitor: PageReader,
    person: Person = "",
    route: Route = "",
    subject: Subject = "",
    day: Day = "",
    until: Until = "",
    after: After = None,
) -> Response:
    """The same as a page, with its filters; days that are none are shown again with what is wrong."""
    gateway, wrong = gateway_of(request), None
    sought = Sought(person.strip(), route.strip(), subject.strip())
    try:
        since, end = _days(request, day.strip(), until.strip())
        found = await _find(request, replace(sought, since=since, until=end), after, PAGE_MOST)
    except Problem as problem:
        wrong, found = problem, []
    asked = {"person": sought.person, "subject": sought.subject, "route": sought.route}
    asked |= {"day": day.strip(), "until": until.strip()}
    async with reading(gateway.engine) as connection:
        frame = await read_frame(connection, gateway.clock())
        names = [one.name for one in await list_staff(connection)]
    page = make_page(found, PAGE_MOST, lambda one: (one.at, one.id))
    return render_page(
        request,
        "audit.html",
        visitor,
        frame,
        False,
        wrong.status if wrong else 200,
        wrong=wrong,
        name_of=name_of,
        acts=page.items,
        next=page.next,
        first=after is None,
        names=names,
        outcome=outcome,
        roles=ROLES,
        zone=gateway.settings.ratings.zone,
        days=gateway.settings.audit.days,
        asked=asked,
        filtered=any(asked.values()),
    )


def outcome(status: int | None) -> str:
    """What came of an act: done, refused, failed, or unknown."""
    if status is None:
        return "unknown"
    return "done" if status < 400 else "refused" if status < 500 else "failed"


async def _find(request: Request, sought: Sought, after: str | None, limit: int) -> list[Act]:
    """One act more than the limit, where there are so many. Raises Problem for a foreign cursor."""
    key = decode_cursor(after, int, str)
    place = None if key is None else (int(key[0]), str(key[1]))
    async with reading(gateway_of(request).engine) as connection:
        return list(await list_acts(connection, sought, place, limit + 1))


def _days(request: Request, day: str, until: str) -> tuple[int | None, int | None]:
    """From when and before when, ms UTC; one day alone without `until`, all up to it without `day`."""
    since, end = _span(request, "day", day)
    last = _span(request, "until", until)[1]
    if since is not None and last is not None and last <= since:
        raise invalid("until", "it is before the first day")
    return since, end if last is None else last


def _span(request: Request, field: str, day: str) -> tuple[int | None, int | None]:
    """Beginning and end of a day; None for both without one. Raises Problem 422."""
    try:
        return day_span(day, gateway_of(request).settings.ratings.zone) if day else (None, None)
    except (ValueError, OverflowError) as exc:
        raise invalid(field, "write it as 2026-11-22") from exc


def day_span(day: str, zone: str) -> tuple[int, int]:
    """Beginning and end of a local day, ms UTC. Raises ValueError, OverflowError."""
    first = date.fromisoformat(day)
    place = find_zone(zone)
    begin, end = (datetime(d.year, d.month, d.day, tzinfo=place) for d in (first, first + timedelta(days=1)))
    return int(begin.timestamp() * 1000), int(end.timestamp() * 1000)
