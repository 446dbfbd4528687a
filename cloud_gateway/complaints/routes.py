"""The API of complaints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.complaints import store
from cloud_gateway.complaints.deadlines import MOST_REPRESENTATIVES, NoRule, local_day, rule_named
from cloud_gateway.complaints.kinds import CHANNELS, KINDS
from cloud_gateway.complaints.lifecycle import CannotFollow, State, Step, days_left, possible
from cloud_gateway.complaints.model import Case, Deed, NewComplaint, NobodyMay, NotTheHandler
from cloud_gateway.complaints.readers import Reader, Writer
from cloud_gateway.complaints.statistics import compile_quarter, quarter_of, read_quarter
from cloud_gateway.complaints.store_lines import list_lines
from cloud_gateway.database import reading
from cloud_gateway.idempotency.keys import Connection, IdempotencyKey, make_once
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.store import Staff
from cloud_gateway.stations.store import find_station
from edge_agent.web.paging import After, Limit, Page, Time, decode_cursor, make_page
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

router = APIRouter(tags=["complaints"])
MAX_TEXT = 4000
KIND_CODES = tuple(kind.code for kind in KINDS)
#: Open complaints are told of so many days before their last one.
REMIND_DAYS = 3


class ComplaintEntry(BaseModel):
    """A complaint as it is received."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(description=f"One of {', '.join(KIND_CODES)}.")
    channel: str = Field("counter", description=f"One of {', '.join(CHANNELS)}.")
    text: str = Field(min_length=1, max_length=MAX_TEXT)
    person: str = Field("", max_length=200, description="Who complains; up to five names for those together.")
    contact: str = Field("", max_length=200)
    station: str = Field("", max_length=32)
    clerk: str = Field("", max_length=64, description="Number of the clerk whom it is about.")
    people: int = Field(1, ge=1, le=100_000, description="How many complain together.")
    by_head: bool = Field(False, description="The head of the station received them in person.")


class StepEntry(BaseModel):
    """A step of a case. An interest is declared at an address of its own."""

    model_config = ConfigDict(extra="forbid")

    step: Step
    text: str = Field("", max_length=MAX_TEXT)
    approved_by: str = Field("", max_length=200, description="For more time: the higher body that has allowed it.")
    told: bool = Field(False, description="For more time: the complainant has been told.")


class InterestEntry(BaseModel):
    """A member of staff with a part in the matter."""

    model_config = ConfigDict(extra="forbid")

    staff: str = Field(min_length=1, max_length=64)


@dataclass(frozen=True)
class CaseView:
    """A complaint as it stands; days are local. `days_left` null when the house has nothing to do."""

    number: str
    kind: str
    channel: str
    station: str
    clerk: str
    state: State
    rule: str
    received_at: Time
    due: date
    days_left: int | None
    complex: bool
    extended: bool
    handler: str | None
    people: int
    by_head: bool


@dataclass(frozen=True)
class LineView:
    """A step that was taken; its texts are null once masked or erased. `place`: of its entry in the evidence log."""

    number: int
    step: Step
    state: State
    at: Time
    by: str
    to: str
    place: int
    text: str | None


@dataclass(frozen=True)
class RuleView:
    """The rule that a case is counted by, and how sure its text is."""

    version: str
    source: str
    standing: str


@dataclass(frozen=True)
class CaseDetail:
    """A complaint with its steps."""

    case: CaseView
    steps: list[LineView]
    possible: list[Step]
    rule: RuleView


@dataclass(frozen=True)
class KindFigures:
    """A kind's figures of a quarter; `share` and `change` in thousandths, `change` null when none came before."""

    kind: str
    count: int
    before: int
    share: int
    change: int | None
    judged: int
    in_time: int


@dataclass(frozen=True)
class QuarterView:
    """The complaints of a quarter by kind."""

    quarter: str
    kinds: list[KindFigures]


@router.post("/complaints", status_code=201)
async def add_complaint(request: Request, who: Writer, entry: ComplaintEntry, key: IdempotencyKey = None) -> Response:
    """Take a complaint; it goes to a handler at once, where there is one who may take it."""

    async def make(connection: Connection) -> CaseView:
        return view_case(await receive(request, connection, who, entry), now_ms())

    return await make_once(request, who, key, CaseView, make)


@router.get("/complaints")
async def list_complaints(
    request: Request,
    _who: Reader,
    after: After = None,
    limit: Limit = 100,
    state: Annotated[State | None, Query(description="In this state only.")] = None,
) -> Page[CaseView]:
    """Complaints by number."""
    start = decode_cursor(after, str) or [""]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_cases(connection, str(start[0]), limit + 1, state)
    return make_page([view_case(row, now_ms()) for row in rows], limit, lambda one: [one.number])


@router.get("/complaint-reminders")
async def list_reminders(
    request: Request,
    _who: Reader,
    days: Annotated[int, Query(ge=0, le=365, description="Due within so many days, or overdue.")] = REMIND_DAYS,
    limit: Limit = 100,
) -> list[CaseView]:
    """Open complaints that are nearly or over their last day: the most pressing first."""
    now = now_ms()
    until = local_day(now, gateway_of(request).settings.ratings.zone) + timedelta(days=days)
    async with reading(gateway_of(request).engine) as connection:
        return [view_case(row, now) for row in await store.list_due(connection, until, limit)]


@router.get("/complaint-statistics")
async def show_statistics(
    request: Request,
    _who: Reader,
    quarter: Annotated[str, Query(max_length=7, description="Such as 2026-Q4; empty: the present one.")] = "",
) -> QuarterView:
    """The complaints of a quarter by kind, against the one before. Withdrawn ones are left out."""
    today = local_day(now_ms(), gateway_of(request).settings.ratings.zone)
    try:
        wanted = read_quarter(quarter) if quarter else quarter_of(today)
    except ValueError as exc:
        raise invalid("quarter", str(exc)) from exc
    async with reading(gateway_of(request).engine) as connection:
        lines = compile_quarter(await store.list_counted(connection, wanted), wanted, today)
    return QuarterView(str(wanted), [KindFigures(**vars(line)) for line in lines])


@router.get("/complaints/{number}")
async def show_complaint(request: Request, _who: Reader, number: str) -> CaseDetail:
    """One complaint with its steps."""
    async with reading(gateway_of(request).engine) as connection:
        case = await store.find_case(connection, number)
        if case is None:
            raise no_complaint()
        lines = await list_lines(connection, number)
    names = LineView.__dataclass_fields__
    steps = [LineView(**{name: getattr(line, name) for name in names}) for line in lines]
    rule = rule_named(case.rule)
    now = now_ms()
    following = possible(case.course, local_day(now, case.zone), rule)
    return CaseDetail(view_case(case, now), steps, following, RuleView(rule.version, rule.source, rule.standing))


@router.post("/complaints/{number}/steps", response_model=CaseView)
async def add_step(
    request: Request, who: Writer, number: str, entry: StepEntry, key: IdempotencyKey = None
) -> Response:
    """Take a step of a case: what may follow is in `possible` of it."""

    async def make(connection: Connection) -> CaseView:
        return view_case(await take_step(connection, who, number, entry), now_ms())

    return await make_once(request, who, key, CaseView, make, status=200)


@router.post("/complaints/{number}/interests", response_model=CaseView)
async def add_interest(
    request: Request, who: Writer, number: str, entry: InterestEntry, key: IdempotencyKey = None
) -> Response:
    """Say that a member of staff has a part in the matter; whoever has it in hand gives it up."""

    async def make(connection: Connection) -> CaseView:
        return view_case(await declare_interest(connection, who, number, entry.staff), now_ms())

    return await make_once(request, who, key, CaseView, make, status=200)


async def receive(request: Request, connection: Connection, who: Staff, entry: ComplaintEntry) -> Case:
    """Shared by the API and the page. Raises Problem."""
    check_entry(entry)
    known = await find_station(connection, entry.station) if entry.station else None
    if entry.station and known is None:
        raise invalid("station", "there is no such station")
    zone = known.zone if known else gateway_of(request).settings.ratings.zone
    try:
        return await store.receive(connection, NewComplaint(**entry.model_dump()), who.name, zone, now_ms())
    except NoRule as exc:
        raise no_rule(exc) from exc


def check_entry(entry: ComplaintEntry) -> None:
    """Raises Problem for a kind or a channel that is none, and for too many who speak for others."""
    if entry.kind not in KIND_CODES:
        raise invalid("kind", "not one of the kinds")
    if entry.channel not in CHANNELS:
        raise invalid("channel", "not one of the channels")
    if len([name for name in entry.person.replace("、", ",").split(",") if name.strip()]) > MOST_REPRESENTATIVES:
        raise invalid("person", f"at most {MOST_REPRESENTATIVES} speak for all who complain together")


async def take_step(connection: Connection, who: Staff, number: str, entry: StepEntry) -> Case:
    """Shared by the API and the page. Raises Problem."""
    _check_step(entry)
    deed = Deed(entry.step, who.name, entry.text.strip(), entry.approved_by.strip())
    try:
        return await store.take_step(connection, number, deed, now_ms())
    except LookupError as exc:
        raise no_complaint() from exc
    except CannotFollow as exc:
        remedy = _("Read the case again; it says what can follow.")
        raise Problem(409, exc.code, _("The case cannot take this step."), remedy, "step", str(exc)) from exc
    except NotTheHandler as exc:
        remedy = _("Ask its handler, or give the case to somebody else.")
        raise Problem(403, "not_the_handler", _("Only its handler may do this."), remedy, detail=str(exc)) from exc
    except NobodyMay as exc:
        raise nobody_may() from exc


async def declare_interest(connection: Connection, who: Staff, number: str, staff: str) -> Case:
    """Shared by the API and the page. Raises Problem."""
    try:
        return await store.declare_interest(connection, number, staff, who.name, now_ms())
    except LookupError as exc:
        raise no_complaint() from exc
    except NobodyMay as exc:
        raise nobody_may() from exc


def _check_step(entry: StepEntry) -> None:
    wordy = {Step.ANSWER, Step.REOPEN, Step.ASK_REVIEW, Step.DECIDE_REVIEW, Step.CALL_COMPLEX, Step.EXTEND}
    if entry.step is Step.RECEIVE:
        raise invalid("step", "a complaint is received at an address of its own")
    if entry.step in wordy and not entry.text.strip():
        raise invalid("text", "this step needs its reason or its answer")
    if entry.step is Step.EXTEND and not (entry.approved_by.strip() and entry.told):
        raise invalid("approved_by", "more time needs a higher body's approval, and the complainant told")


def no_complaint() -> Problem:
    """No case has this number."""
    return Problem(404, "no_complaint", _("There is no such complaint."), _("Check its number."), "number")


def no_rule(exc: NoRule) -> Problem:
    """No deadlines are known for the day."""
    remedy = _("Tell an administrator: a rule must be entered first.")
    return Problem(409, "no_rule", _("No rule of deadlines holds on this day."), remedy, detail=str(exc))


def nobody_may() -> Problem:
    """Everybody is away, lacks the skill or has an interest."""
    remedy = _("Enter another handler, or wait until one is back.")
    return Problem(409, "nobody_may", _("Nobody may take this case now."), remedy)


def view_case(case: Case, now: int) -> CaseView:
    """A case as the API says it."""
    course = case.course
    return CaseView(
        number=case.number,
        kind=case.kind,
        channel=case.channel,
        station=case.station,
        clerk=case.clerk,
        state=course.state,
        rule=case.rule,
        received_at=case.received_at,
        due=course.due,
        days_left=days_left(course, local_day(now, case.zone)),
        complex=course.complex,
        extended=course.extended,
        handler=case.handler,
        people=case.people,
        by_head=case.by_head,
    )
