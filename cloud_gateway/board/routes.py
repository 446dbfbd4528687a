"""The pages of warnings, and what a duty engineer enters on them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board import store_outreach
from cloud_gateway.board.board import compose_board, judge_sources
from cloud_gateway.board.duty import compose_duty
from cloud_gateway.board.event_page import compose_event, texts_of
from cloud_gateway.board.reading import read_board, read_duty, read_event, read_frame, read_site
from cloud_gateway.board.rendering import desk_of, labels_of, render_page
from cloud_gateway.board.site_page import compose_site
from cloud_gateway.board.site_reading import read_state
from cloud_gateway.board.site_state import compose_state
from cloud_gateway.database import reading, transaction
from cloud_gateway.outreach.answering import MAX_NOTE
from cloud_gateway.outreach.routes import DESK, CallResult, keep_result
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.sites.routes import WRITERS
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.store import Staff
from cloud_gateway.warnings.routes import CLOSERS
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
DutyEngineer = Annotated[Staff, Depends(require_role(*DESK))]
Result = Annotated[Literal["acting", "unsafe", "need-help", "not-mine", "no-reply"], Form()]
Note = Annotated[str, Form(max_length=MAX_NOTE)]
Notes = Annotated[str, Form(max_length=4000)]


@router.get("/warnings")
async def show_board(request: Request, visitor: Visitor) -> Response:
    """The warning board."""
    now = gateway_of(request).clock()
    async with reading(gateway_of(request).engine) as connection:
        facts = await read_board(connection, now)
        frame = await read_frame(connection, now)
    desk = desk_of(request, facts.case, now)
    sources = judge_sources(desk, gateway_of(request).settings.sources, facts.sources)
    page = compose_board(desk, facts.standing, facts.sites, sources, facts.failing, facts.open_count)
    may = visitor.role in CLOSERS
    return render_page(request, "warnings.html", visitor, frame, page.simulated, page=page, may_close=may)


@router.get("/hazard-events/{event}")
async def show_event(request: Request, event: str, visitor: Visitor) -> Response:
    """One hazard event."""
    return await _event_page(request, event, visitor, "hazard-event.html")


@router.get("/hazard-events/{event}/report")
async def show_report(request: Request, event: str, visitor: Visitor) -> Response:
    """The report of one hazard event, made to be printed."""
    return await _event_page(request, event, visitor, "event-report.html")


@router.get("/duty")
async def show_duty(request: Request, visitor: Visitor) -> Response:
    """The duty engineer's screen."""
    now = gateway_of(request).clock()
    async with reading(gateway_of(request).engine) as connection:
        facts = await read_duty(connection, now)
        frame = await read_frame(connection, now)
    desk = desk_of(request, facts.case, now)
    page = compose_duty(desk, facts.pressing, facts.calls, facts.notes, facts.open_count)
    may = visitor.role in DESK
    return render_page(request, "duty.html", visitor, frame, page.simulated, page=page, may_enter=may)


@router.post("/duty/calls/{call}")
async def enter_result(request: Request, call: str, who: DutyEngineer, result: Result, note: Note = "") -> Response:
    """Write down how a call ended, and show the screen again."""
    await keep_result(request, who, call, CallResult(result=result, note=note))
    return RedirectResponse("/duty", 303)


@router.post("/duty/handovers")
async def write_handover(request: Request, who: DutyEngineer, text: Notes = "") -> Response:
    """Keep notes for the next engineer."""
    if not text.strip():
        raise Problem(422, "empty_notes", _("The notes are empty."), _("Write what the next one has to know."), "text")
    async with transaction(gateway_of(request).engine) as connection:
        await store_outreach.write_handover(connection, who.id, text.strip(), gateway_of(request).clock())
    return RedirectResponse("/duty#handover", 303)


@router.post("/duty/handovers/{name}/taken")
async def take_handover(request: Request, name: str, who: DutyEngineer) -> Response:
    """Take a shift over."""
    async with transaction(gateway_of(request).engine) as connection:
        if not await store_outreach.take_handover(connection, name, who.id, gateway_of(request).clock()):
            remedy = _("Read the page again; it says who has it.")
            raise Problem(409, "taken_already", _("Somebody has taken this shift over already."), remedy)
    return RedirectResponse("/duty#handover", 303)


@router.get("/sites/{code}")
async def show_site(request: Request, code: str, visitor: Visitor) -> Response:
    """One site: how it does, what is known of it, and its history."""
    gateway, labels = gateway_of(request), labels_of(request)
    now, in_scenario = gateway.clock(), bool(gateway.settings.web.notice)
    async with reading(gateway.engine) as connection:
        facts = await read_site(connection, code)
        if facts is None:
            raise Problem(404, "no_site", _("There is no such site."), _("Look at the list of sites."), "code")
        state = await read_state(connection, facts.site, now_ms(), labels, in_scenario=in_scenario)
        frame = await read_frame(connection, now)
    page, doing = compose_site(desk_of(request, facts.case, now), facts), compose_state(state, labels, now)
    simulated, may = page.simulated or doing.simulated, visitor.role in WRITERS
    return render_page(request, "site.html", visitor, frame, simulated, page=page, state=doing, may_edit=may)


async def _event_page(request: Request, name: str, visitor: Staff, template: str) -> Response:
    now = gateway_of(request).clock()
    async with reading(gateway_of(request).engine) as connection:
        found = await read_event(connection, name)
        frame = await read_frame(connection, now)
    if found is None:
        raise Problem(404, "no_event", _("There is no such hazard event."), _("Look at the warning board."), "event")
    event, case = found
    page = compose_event(desk_of(request, case, now), event)
    return render_page(
        request,
        template,
        visitor,
        frame,
        page.card.simulated,
        page=page,
        texts_of=texts_of,
        may_close=visitor.role in CLOSERS,
    )
