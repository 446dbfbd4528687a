"""The pages of alarms: the list, and one alarm with what can be done about it."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.alarms import acts
from cloud_gateway.alarms.acts import LEAST_REASON, MOST_TEXT, Handler, Named, Noter, read_alarm, take_step
from cloud_gateway.alarms.hand import Kind
from cloud_gateway.alarms.store import last_closed
from cloud_gateway.alarms.store_hand import Choice, Key, Shown, list_earlier, list_held
from cloud_gateway.alarms.view import ListPage, compose_list, compose_page, make_address
from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import labels_of, render_page
from cloud_gateway.database import reading, transaction
from cloud_gateway.devices.condition import Moment, scenario_clock
from cloud_gateway.devices.store import Stream, facts, list_devices, list_streams
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.sites.store import list_sites
from cloud_gateway.staff.guard import Visitor
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import Problem

router = APIRouter(include_in_schema=False)
PAGE = "/alarms/{device}/{epoch}/{seq}"
#: Alarms on a page, sites to choose from, other raisings of a rule.
SHOWN, SITES, EARLIER = 200, 1000, 10
Text = Annotated[str, Form(max_length=2 * MOST_TEXT)]
Name = Annotated[str, Query(max_length=64)]


@router.get("/alarms")
async def list_alarms(
    request: Request,
    visitor: Visitor,
    state: Shown = Shown.OPEN,
    severity: Literal["", "urgent", "attention"] = "",
    site: Name = "",
    device: Name = "",
    q: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """Alarms, what presses first; which ones stands in the address."""
    choice = Choice(state, severity, site, device, q.strip())
    labels = labels_of(request)
    async with reading(gateway_of(request).engine) as connection:
        moment = await _read_moment(request, connection)
        frame = await read_frame(connection, moment.now)
        held = await list_held(connection, choice, visitor.name, SHOWN + 1)
        sites = [(one.code, labels.site(one)) for one in await list_sites(connection, "", SITES)]
        ended = await last_closed(connection)
    page: ListPage = compose_list(held, choice, SHOWN, sites, ended, moment, labels)
    may = visitor.role in acts.HANDLERS
    return render_page(request, "alarms.html", visitor, frame, page.simulated, page=page, may=may)


@router.get(PAGE)
@router.get(f"{PAGE}/notes")
@router.get(f"{PAGE}/closing")
async def show_alarm(request: Request, key: Named, visitor: Visitor) -> Response:
    """One alarm: what, where, since when, who has it, and its history.

    Also where a refused form left its reader, so that the page stays live and speaks the other language there.
    """
    return await _show(request, visitor, key)


@router.post(f"{PAGE}/acknowledgement")
async def acknowledge(request: Request, key: Named, who: Handler) -> Response:
    """The visitor has seen it."""
    return await _take(request, who, key, Kind.ACKNOWLEDGED)


@router.post(f"{PAGE}/assignee")
async def assign(
    request: Request, key: Named, who: Handler, whom: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """Give it to somebody, or back to nobody."""
    return await _take(request, who, key, Kind.ASSIGNED, whom=whom)


@router.post(f"{PAGE}/notes")
async def note(request: Request, key: Named, who: Noter, text: Text = "") -> Response:
    """Write something down about it."""
    said = text.strip()
    if not 1 <= len(said) <= MOST_TEXT:
        return await _show(request, who, key, said, "text")
    return await _take(request, who, key, Kind.NOTED, text=said)


@router.post(f"{PAGE}/closing")
async def close(
    request: Request, key: Named, who: Handler, reason: Text = "", crossed: Annotated[bool, Form()] = False
) -> Response:
    """Close it with a reason; what is missing is asked for on the page."""
    said = reason.strip()
    if not LEAST_REASON <= len(said) <= MOST_TEXT:
        return await _show(request, who, key, said, "reason")
    try:
        return await _take(request, who, key, Kind.CLOSED, text=said, crossed=crossed)
    except Problem as problem:
        if problem.field != "crossed":
            raise
        return await _show(request, who, key, said, "crossed")


@router.post(f"{PAGE}/reopening")
async def reopen(request: Request, key: Named, who: Handler) -> Response:
    """Take a closing back."""
    return await _take(request, who, key, Kind.REOPENED)


async def _take(
    request: Request, who: Staff, key: Key, kind: Kind, *, whom: str = "", text: str = "", crossed: bool = False
) -> Response:
    async with transaction(gateway_of(request).engine) as connection:
        await take_step(connection, who, key, kind, whom=whom, text=text, crossed=crossed)
    return RedirectResponse(make_address(key), 303)


async def _show(request: Request, visitor: Staff, key: Key, said: str = "", wrong: str = "") -> Response:
    """The page; with what was entered, and the name of the field that is `wrong`."""
    labels = labels_of(request)
    async with reading(gateway_of(request).engine) as connection:
        held, steps = await read_alarm(connection, key)
        moment = await _read_moment(request, connection)
        frame = await read_frame(connection, moment.now)
        streams = await list_streams(connection, [key.device])
        earlier = await list_earlier(connection, held.alarm, EARLIER)
        people = await acts.list_assignees(connection)
    page = compose_page(held, steps, streams, earlier, moment, labels)
    rights = {"may": visitor.role in acts.HANDLERS, "may_note": visitor.role in acts.NOTERS, "people": people}
    entered = {"said": said, "wrong": wrong}
    status = 422 if wrong else 200
    return render_page(
        request, "alarm.html", visitor, frame, held.simulated, status=status, page=page, **rights, **entered
    )


async def _read_moment(request: Request, connection: Connection) -> Moment:
    """Now; in a scenario simulated devices tell its time."""
    now, gateway = now_ms(), gateway_of(request)
    if not gateway.settings.web.notice:
        return Moment(now, now)
    devices = await list_devices(connection, "", SITES)
    streams: dict[str, list[Stream]] = defaultdict(list)
    for one in await list_streams(connection, [one.id for one in devices]):
        streams[one.device].append(one)
    told = scenario_clock(facts(one, streams[one.id]) for one in devices)
    return Moment(now, now if told is None else told)
