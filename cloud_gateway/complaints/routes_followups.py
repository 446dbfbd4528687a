"""The API of follow-ups, corrective actions and praise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.complaints import store_actions, store_followups
from cloud_gateway.complaints.deadlines import NoRule, local_day
from cloud_gateway.complaints.followups import Outcome
from cloud_gateway.complaints.model import Case, NewComplaint
from cloud_gateway.complaints.readers import Reader, Writer
from cloud_gateway.complaints.routes import (
    MAX_TEXT,
    CaseView,
    ComplaintEntry,
    check_entry,
    no_complaint,
    no_rule,
    view_case,
)
from cloud_gateway.complaints.store_actions import Action, NewAction, Owned, Praise, WrongState
from cloud_gateway.complaints.store_followups import ClosedAlready, FollowUp
from cloud_gateway.database import reading
from cloud_gateway.idempotency.keys import Connection, IdempotencyKey, make_once
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.store import Staff
from edge_agent.web.paging import Limit, Time
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(tags=["complaints"])
View = TypeVar("View")


class ClosingEntry(BaseModel):
    """How a follow-up ended."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal[Outcome.SETTLED, Outcome.LEFT, Outcome.NO_REPLY, Outcome.DECLINED]
    note: str = Field("", max_length=MAX_TEXT)


class CustomersComplaint(ComplaintEntry):
    """What the customer complains of after a bad rating."""

    asked_by_customer: Literal[True] = Field(description="The customer has made it a complaint; nobody else can.")


class ActionEntry(BaseModel):
    """What is put right because of a complaint."""

    model_config = ConfigDict(extra="forbid")

    complaint: str = Field(max_length=16)
    cause: str = Field(min_length=1, max_length=MAX_TEXT)
    action: str = Field(min_length=1, max_length=MAX_TEXT)
    owner: str = Field(min_length=1, max_length=64)
    due: date


class CheckEntry(BaseModel):
    """Whether an action has helped, and how that was seen."""

    model_config = ConfigDict(extra="forbid")

    effective: bool
    effect: str = Field(min_length=1, max_length=MAX_TEXT)


class PraiseEntry(BaseModel):
    """Thanks to a clerk."""

    model_config = ConfigDict(extra="forbid")

    clerk: str = Field(min_length=1, max_length=64)
    station: str = Field("", max_length=32)
    text: str = Field(min_length=1, max_length=MAX_TEXT)


@dataclass(frozen=True)
class FollowUpView:
    """The follow-up of a bad rating; `contact_due` and `close_due` are local days."""

    id: str
    channel: str
    station: str
    counter: str
    clerk: str
    scale: int
    score: int
    at: Time
    rule: str
    contact_due: date
    close_due: date
    contacted_at: Time | None
    closed_at: Time | None
    closed_by: str
    outcome: str
    note: str
    complaint: str | None


@dataclass(frozen=True)
class ActionView:
    """A corrective action: open, done, effective or not-effective."""

    number: str
    complaint: str
    cause: str
    action: str
    owner: str
    due: date
    state: str
    made_at: Time
    made_by: str
    done_at: Time | None
    checked_at: Time | None
    checked_by: str
    effect: str


@dataclass(frozen=True)
class PraiseView:
    """Thanks to a clerk; the text is null once masked or erased."""

    number: str
    station: str
    clerk: str
    at: Time
    text: str | None


@router.get("/follow-ups")
async def list_follow_ups(
    request: Request,
    _who: Reader,
    limit: Limit = 100,
    closed: Annotated[
        bool, Query(description="Ended ones, the newest first; else open ones, the oldest first.")
    ] = False,
) -> list[FollowUpView]:
    """Follow-ups of bad ratings."""
    look = store_followups.list_closed if closed else store_followups.list_open
    async with reading(gateway_of(request).engine) as connection:
        return [view_follow_up(one) for one in await look(connection, limit)]


@router.post("/follow-ups/{name}/contact", response_model=FollowUpView)
async def contact(request: Request, who: Writer, name: str, key: IdempotencyKey = None) -> Response:
    """Somebody has spoken, or tried to speak, with the customer."""

    async def make(connection: Connection) -> FollowUpView:
        return view_follow_up(await note_contact(connection, name))

    return await make_once(request, who, key, FollowUpView, make, status=200)


@router.post("/follow-ups/{name}/closing", response_model=FollowUpView)
async def close(request: Request, who: Writer, name: str, entry: ClosingEntry, key: IdempotencyKey = None) -> Response:
    """End a follow-up."""

    async def make(connection: Connection) -> FollowUpView:
        return view_follow_up(await close_follow_up(connection, who, name, entry))

    return await make_once(request, who, key, FollowUpView, make, status=200)


@router.post("/follow-ups/{name}/complaint", status_code=201)
async def complain(
    request: Request, who: Writer, name: str, entry: CustomersComplaint, key: IdempotencyKey = None
) -> Response:
    """The customer makes it a complaint, about the same clerk and station."""

    async def make(connection: Connection) -> CaseView:
        return view_case(await make_complaint(connection, who, name, entry), now_ms())

    return await make_once(request, who, key, CaseView, make)


@router.post("/corrective-actions", status_code=201)
async def add_action(request: Request, who: Writer, entry: ActionEntry, key: IdempotencyKey = None) -> Response:
    """Enter what is put right, by whom and until when."""
    day = _today(request)

    async def make(connection: Connection) -> ActionView:
        new = NewAction(**entry.model_dump())
        try:
            return _like(await store_actions.add_action(connection, new, who.name, day, now_ms()), ActionView)
        except LookupError as exc:
            raise no_complaint() from exc

    return await make_once(request, who, key, ActionView, make)


@router.get("/corrective-actions")
async def list_actions(request: Request, _who: Reader, limit: Limit = 100) -> list[ActionView]:
    """Corrective actions, those still to be done first."""
    async with reading(gateway_of(request).engine) as connection:
        return [_like(one, ActionView) for one in await store_actions.list_actions(connection, limit)]


@router.post("/corrective-actions/{number}/finishing", response_model=ActionView)
async def finish(request: Request, who: Writer, number: str, key: IdempotencyKey = None) -> Response:
    """It is done; somebody else will see whether it helped."""
    day = _today(request)

    async def make(connection: Connection) -> ActionView:
        return _like(await finish_action(connection, who, number, day), ActionView)

    return await make_once(request, who, key, ActionView, make, status=200)


@router.post("/corrective-actions/{number}/check", response_model=ActionView)
async def check(request: Request, who: Writer, number: str, entry: CheckEntry, key: IdempotencyKey = None) -> Response:
    """Say whether it has helped; not by its owner."""
    day = _today(request)

    async def make(connection: Connection) -> ActionView:
        return _like(await check_action(connection, who, number, entry, day), ActionView)

    return await make_once(request, who, key, ActionView, make, status=200)


@router.post("/praise", status_code=201)
async def add_praise(request: Request, who: Writer, entry: PraiseEntry, key: IdempotencyKey = None) -> Response:
    """Write down thanks to a clerk by name."""
    day = _today(request)

    async def make(connection: Connection) -> PraiseView:
        said = (entry.station, entry.clerk, entry.text, who.name)
        return _like(await store_actions.add_praise(connection, *said, day, now_ms()), PraiseView)

    return await make_once(request, who, key, PraiseView, make)


@router.get("/praise")
async def list_praise(request: Request, _who: Reader, limit: Limit = 100) -> list[PraiseView]:
    """Thanks, the newest first."""
    async with reading(gateway_of(request).engine) as connection:
        return [_like(one, PraiseView) for one in await store_actions.list_praise(connection, limit)]


async def note_contact(connection: Connection, name: str) -> FollowUp:
    """Shared by the API and the page. Raises Problem."""
    try:
        return await store_followups.note_contact(connection, name, now_ms())
    except LookupError as exc:
        raise _no_follow_up() from exc
    except ClosedAlready as exc:
        raise _closed() from exc


async def close_follow_up(connection: Connection, who: Staff, name: str, entry: ClosingEntry) -> FollowUp:
    """Shared by the API and the page. Raises Problem."""
    note = entry.note.strip()
    try:
        return await store_followups.close(connection, name, entry.outcome, note, who.name, now_ms())
    except LookupError as exc:
        raise _no_follow_up() from exc
    except ClosedAlready as exc:
        raise _closed() from exc


async def make_complaint(connection: Connection, who: Staff, name: str, entry: CustomersComplaint) -> Case:
    """Shared by the API and the page. Raises Problem."""
    check_entry(entry)
    new = NewComplaint(**entry.model_dump(exclude={"asked_by_customer"}))
    try:
        return await store_followups.make_complaint(connection, name, new, who.name, now_ms())
    except LookupError as exc:
        raise _no_follow_up() from exc
    except ClosedAlready as exc:
        raise _closed() from exc
    except NoRule as exc:
        raise no_rule(exc) from exc


async def finish_action(connection: Connection, who: Staff, number: str, day: date) -> Action:
    """Shared by the API and the page. Raises Problem."""
    try:
        return await store_actions.finish_action(connection, number, who.name, day, now_ms())
    except LookupError as exc:
        raise _no_action() from exc
    except WrongState as exc:
        raise _wrong_state(exc) from exc


async def check_action(connection: Connection, who: Staff, number: str, entry: CheckEntry, day: date) -> Action:
    """Shared by the API and the page. Raises Problem."""
    said = (entry.effective, entry.effect.strip(), who.name)
    try:
        return await store_actions.check_action(connection, number, *said, day, now_ms())
    except LookupError as exc:
        raise _no_action() from exc
    except WrongState as exc:
        raise _wrong_state(exc) from exc
    except Owned as exc:
        remedy = _("Ask somebody else to look at the effect.")
        raise Problem(403, "own_action", _("Nobody checks their own action."), remedy) from exc


def view_follow_up(one: FollowUp) -> FollowUpView:
    """A follow-up as the API says it."""
    facts = {name: getattr(one, name) for name in FollowUpView.__dataclass_fields__}
    days = {name: date.fromisoformat(facts[name]) for name in ("contact_due", "close_due")}
    return FollowUpView(**(facts | days))


def _like(one: Action | Praise, kind: type[View]) -> View:
    return kind(**msgspec.structs.asdict(one))


def _today(request: Request) -> date:
    return local_day(now_ms(), gateway_of(request).settings.ratings.zone)


def _no_follow_up() -> Problem:
    return Problem(404, "no_follow_up", _("There is no such follow-up."), _("Check its id."), "name")


def _closed() -> Problem:
    return Problem(409, "closed", _("This follow-up has ended already."), _("Load the list again."))


def _no_action() -> Problem:
    return Problem(404, "no_action", _("There is no such action."), _("Check its number."), "number")


def _wrong_state(exc: WrongState) -> Problem:
    remedy = _("Load the list again; an action is done first, then its effect is checked.")
    return Problem(409, "wrong_state", _("The action is not at this point."), remedy, detail=str(exc))
