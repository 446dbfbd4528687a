"""The pages of complaints and follow-ups, and what is entered on them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import RedirectResponse, Response

from cloud_gateway.complaints import store, store_actions, store_followups
from cloud_gateway.complaints.deadlines import local_day, rule_named
from cloud_gateway.complaints.followups import OUTCOMES
from cloud_gateway.complaints.lifecycle import Step, days_left, possible
from cloud_gateway.complaints.readers import Writer
from cloud_gateway.complaints.rendering import render, today_of
from cloud_gateway.complaints.routes import (
    MAX_TEXT,
    ComplaintEntry,
    StepEntry,
    declare_interest,
    no_complaint,
    receive,
    take_step,
)
from cloud_gateway.complaints.routes_followups import (
    ActionEntry,
    CheckEntry,
    ClosingEntry,
    CustomersComplaint,
    PraiseEntry,
    check_action,
    close_follow_up,
    finish_action,
    make_complaint,
    note_contact,
)
from cloud_gateway.complaints.routes_handlers import MailEntry
from cloud_gateway.complaints.statistics import compile_quarter, quarter_of
from cloud_gateway.complaints.store_actions import NewAction
from cloud_gateway.complaints.store_followups import FollowUp
from cloud_gateway.complaints.store_handlers import list_handlers, set_mail
from cloud_gateway.complaints.store_lines import list_lines, read_texts
from cloud_gateway.database import reading, transaction
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import Visitor
from cloud_gateway.telephony.store import has_simulated
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=MAX_TEXT)]
Short = Annotated[str, Form(max_length=200)]
MOST = 200
Entry = TypeVar("Entry", bound=BaseModel)


@router.get("/complaints")
async def show_complaints(request: Request, visitor: Visitor) -> Response:
    """Open complaints, the most pressing first; figures of the quarter; actions and praise."""
    today = today_of(request)
    quarter = quarter_of(today)
    async with reading(gateway_of(request).engine) as connection:
        due = await store.list_due(connection, date.max, MOST)
        rest = await store.list_newest(connection, 20)
        lines = compile_quarter(await store.list_counted(connection, quarter), quarter, today)
        actions = await store_actions.list_actions(connection, 20)
        praise = await store_actions.list_praise(connection, 8)
        handlers = [one for one in await list_handlers(connection) if not one.ended]
    facts = {"due": due, "rest": rest, "lines": lines, "quarter": quarter, "actions": actions, "praise": praise}
    facts["handlers"] = handlers
    late = [case for case in due if case.course.due < today]
    return await render(request, "complaints.html", visitor, section="complaints", late=late, **facts)


@router.post("/complaints")
async def enter_complaint(
    request: Request,
    who: Writer,
    kind: Short,
    text: Text,
    channel: Short = "counter",
    person: Short = "",
    contact: Short = "",
    station: Short = "",
    clerk: Short = "",
    by_head: Annotated[bool, Form()] = False,
) -> Response:
    """Take a complaint and show it, with the slip that says until when it is answered."""
    facts = {"kind": kind, "text": text.strip(), "channel": channel, "person": person, "contact": contact}
    entry = _read(ComplaintEntry, facts | {"station": station, "clerk": clerk, "by_head": by_head})
    async with transaction(gateway_of(request).engine) as connection:
        case = await receive(request, connection, who, entry)
    return RedirectResponse(f"/complaints/{case.number}", 303)


@router.get("/complaints/{number}")
async def show_complaint(request: Request, number: str, visitor: Visitor) -> Response:
    """One complaint with its steps, and what can follow."""
    async with reading(gateway_of(request).engine) as connection:
        case = await store.find_case(connection, number)
        if case is None:
            raise no_complaint()
        lines = await list_lines(connection, number)
        said = await read_texts(connection, {case.place})
        actions = await store_actions.list_actions(connection, 20, of=number)
    texts = {path: text for (_place, path), text in said.items()}
    left = days_left(case.course, today_of(request))
    rule = rule_named(case.rule)
    following = possible(case.course, local_day(now_ms(), case.zone), rule)
    steps = [step for step in following if step is not Step.ASSIGN or case.handler is None]
    context = {"case": case, "lines": lines, "texts": texts, "left": left, "steps": steps, "rule": rule}
    return await render(request, "complaint.html", visitor, section="complaints", actions=actions, **context)


@router.post("/complaints/{number}/steps")
async def enter_step(
    request: Request,
    number: str,
    who: Writer,
    step: Annotated[Step, Form()],
    text: Text = "",
    approved_by: Short = "",
    told: Annotated[bool, Form()] = False,
) -> Response:
    """Take a step of a case, and show it again."""
    entry = StepEntry(step=step, text=text, approved_by=approved_by, told=told)
    async with transaction(gateway_of(request).engine) as connection:
        await take_step(connection, who, number, entry)
    return RedirectResponse(f"/complaints/{number}", 303)


@router.post("/complaints/{number}/interests")
async def enter_interest(request: Request, number: str, who: Writer) -> Response:
    """The visitor has a part in the matter."""
    async with transaction(gateway_of(request).engine) as connection:
        await declare_interest(connection, who, number, who.name)
    return RedirectResponse(f"/complaints/{number}", 303)


@router.post("/complaints/{number}/actions")
async def enter_action(
    request: Request, number: str, who: Writer, cause: Text, action: Text, owner: Short, due: Annotated[date, Form()]
) -> Response:
    """Enter what is put right because of a case."""
    facts = {"complaint": number, "cause": cause.strip(), "action": action.strip(), "owner": owner.strip(), "due": due}
    new = NewAction(**_read(ActionEntry, facts).model_dump())
    try:
        async with transaction(gateway_of(request).engine) as connection:
            await store_actions.add_action(connection, new, who.name, today_of(request), now_ms())
    except LookupError as exc:
        raise no_complaint() from exc
    return RedirectResponse(f"/complaints/{number}", 303)


@router.post("/corrective-actions/{number}/finishing")
async def enter_finish(request: Request, number: str, who: Writer) -> Response:
    """An action is done."""
    async with transaction(gateway_of(request).engine) as connection:
        done = await finish_action(connection, who, number, today_of(request))
    return RedirectResponse(f"/complaints/{done.complaint}", 303)


@router.post("/corrective-actions/{number}/check")
async def enter_check(
    request: Request, number: str, who: Writer, effective: Annotated[bool, Form()], effect: Text
) -> Response:
    """Somebody has looked whether an action has helped."""
    entry = _read(CheckEntry, {"effective": effective, "effect": effect.strip()})
    async with transaction(gateway_of(request).engine) as connection:
        checked = await check_action(connection, who, number, entry, today_of(request))
    return RedirectResponse(f"/complaints/{checked.complaint}", 303)


@router.post("/praise")
async def enter_praise(request: Request, who: Writer, clerk: Short, text: Text, station: Short = "") -> Response:
    """Write down thanks to a clerk."""
    entry = _read(PraiseEntry, {"clerk": clerk.strip(), "station": station, "text": text.strip()})
    said = (entry.station, entry.clerk, entry.text, who.name)
    async with transaction(gateway_of(request).engine) as connection:
        await store_actions.add_praise(connection, *said, today_of(request), now_ms())
    return RedirectResponse("/complaints#praise", 303)


@router.post("/handlers/{name}/mail")
async def enter_mail(request: Request, name: str, _who: Writer, mail: Short = "") -> Response:
    """A handler's reminders go to another mail address, or to none."""
    entry = _read(MailEntry, {"mail": mail.strip()})
    try:
        async with transaction(gateway_of(request).engine) as connection:
            await set_mail(connection, name, entry.mail)
    except LookupError as exc:
        raise Problem(404, "no_handler", _("There is no such handler."), _("Load the list again."), "name") from exc
    return RedirectResponse("/complaints#handlers", 303)


@router.get("/follow-ups")
async def show_follow_ups(request: Request, visitor: Visitor) -> Response:
    """Bad ratings that wait for a word with the customer, the oldest first."""
    async with reading(gateway_of(request).engine) as connection:
        waiting = await store_followups.list_open(connection, MOST)
        ended = await store_followups.list_closed(connection, 20)
        simulated = await has_simulated(connection)
    today = today_of(request)
    timed = [(one, _left(one, today)) for one in waiting]
    context = {"waiting": timed, "ended": ended, "outcomes": OUTCOMES}
    return await render(request, "follow-ups.html", visitor, simulated, section="follow-ups", **context)


@router.post("/follow-ups/{name}/contact")
async def enter_contact(request: Request, name: str, _who: Writer) -> Response:
    """Somebody has spoken with the customer."""
    async with transaction(gateway_of(request).engine) as connection:
        await note_contact(connection, name)
    return RedirectResponse("/follow-ups", 303)


@router.post("/follow-ups/{name}/closing")
async def enter_closing(
    request: Request,
    name: str,
    who: Writer,
    outcome: Annotated[Literal["settled", "left", "no-reply", "declined"], Form()],
    note: Text = "",
) -> Response:
    """End a follow-up."""
    entry = _read(ClosingEntry, {"outcome": outcome, "note": note})
    async with transaction(gateway_of(request).engine) as connection:
        await close_follow_up(connection, who, name, entry)
    return RedirectResponse("/follow-ups", 303)


@router.post("/follow-ups/{name}/complaint")
async def enter_customers_complaint(
    request: Request,
    name: str,
    who: Writer,
    kind: Short,
    text: Text,
    person: Short = "",
    contact: Short = "",
    asked_by_customer: Annotated[bool, Form()] = False,
) -> Response:
    """The customer makes it a complaint."""
    facts = {"kind": kind, "text": text.strip(), "person": person, "contact": contact}
    entry = _read(CustomersComplaint, facts | {"asked_by_customer": asked_by_customer})
    async with transaction(gateway_of(request).engine) as connection:
        case = await make_complaint(connection, who, name, entry)
    return RedirectResponse(f"/complaints/{case.number}", 303)


def _left(one: FollowUp, today: date) -> int:
    """Days until somebody has to have spoken with the customer, or, after that, until it has to end."""
    return (date.fromisoformat(one.close_due if one.contacted_at else one.contact_due) - today).days


def _read(kind: type[Entry], facts: dict[str, object]) -> Entry:
    """An entry from a form's fields. Raises Problem 422 naming the first that is wrong."""
    try:
        return kind.model_validate(facts)
    except ValidationError as exc:
        first = exc.errors()[0]
        raise invalid(".".join(str(part) for part in first["loc"]), str(first["msg"])) from exc
