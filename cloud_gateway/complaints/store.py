"""Complaints in the database: each step is one row and one entry of the evidence log, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.assignment import Work, choose_worker
from cloud_gateway.complaints.deadlines import local_day, rule_named, rule_on
from cloud_gateway.complaints.kinds import kind_of
from cloud_gateway.complaints.lifecycle import OPEN, Course, State, Step, begin, take
from cloud_gateway.complaints.model import Case, Deed, NewComplaint, NobodyMay, NotTheHandler
from cloud_gateway.complaints.statistics import Counted, Quarter
from cloud_gateway.complaints.store_handlers import interests_of, list_workers, note_given
from cloud_gateway.complaints.store_numbers import next_number
from cloud_gateway.complaints.tables import complaint, complaint_interest, complaint_step
from cloud_gateway.evidence.entries import Entry, Json, Text
from cloud_gateway.evidence.store import append
from cloud_gateway.tables import event

TOPIC = "complaint"
#: Steps that are the handler's own.
OWN = frozenset({Step.ANSWER, Step.DECIDE_REVIEW})
_c = complaint.c


async def receive(connection: AsyncConnection, new: NewComplaint, by: str, zone: str, now: int) -> Case:
    """Take a complaint and give it to somebody; without anybody who may take it, it stays received.

    Raises NoRule for a day without a rule, LookupError for an unknown kind.
    """
    kind_of(new.kind)
    day = local_day(now, zone)
    rule = rule_on(day)
    course = begin(day, rule)
    number = await next_number(connection, "C", day)
    texts = [Text("text", new.text), Text("person", new.person), Text("contact", new.contact)]
    place = await _log(connection, number, Deed(Step.RECEIVE, by), course, day, "", now, (new.kind, new.station), texts)
    row = {
        **{name: getattr(new, name) for name in ("kind", "channel", "station", "clerk", "people", "by_head")},
        **{"number": number, "zone": zone, "rule": rule.version, "received_at": now, "received": str(day)},
        **{"place": place, "first_due": str(course.due), **_course_row(course)},
    }
    await connection.execute(insert(complaint).values(**row))
    await _note(connection, number, Deed(Step.RECEIVE, by), course, "", place, now)
    case = await _require(connection, number)
    try:
        return await _give(connection, case, Deed(Step.ASSIGN, by), now)
    except NobodyMay:
        return case


async def take_step(connection: AsyncConnection, number: str, deed: Deed, now: int) -> Case:
    """Take a step of a case. Raises LookupError, CannotFollow, NotTheHandler, NobodyMay."""
    case = await _require(connection, number)
    if deed.step is Step.ASSIGN:
        return await _give(connection, case, deed, now)
    if deed.step in OWN and case.handler != deed.by:
        raise NotTheHandler(case.handler or "nobody")
    day = local_day(now, case.zone)
    course = take(case.course, deed.step, day, rule_named(case.rule))
    await _keep(connection, case, deed, course, case.handler, day, now)
    moved = await _require(connection, number)
    return await _give_review(connection, moved, deed, now) if deed.step is Step.ASK_REVIEW else moved


async def declare_interest(connection: AsyncConnection, number: str, who: str, by: str, now: int) -> Case:
    """A member of staff has a part in the matter; whoever has it in hand gives it up.

    Raises LookupError, NobodyMay: then nothing has changed.
    """
    case = await _require(connection, number)
    await connection.execute(upsert(complaint_interest).values(complaint=number, staff=who).on_conflict_do_nothing())
    if case.handler != who or case.course.state not in OPEN:
        return case
    return await _give(connection, case, Deed(Step.ASSIGN, by), now)


async def find_case(connection: AsyncConnection, number: str) -> Case | None:
    """One complaint."""
    row = (await connection.execute(select(complaint).where(_c.number == number))).first()
    return None if row is None else _case(row)


async def list_cases(connection: AsyncConnection, after: str, limit: int, state: State | None = None) -> list[Case]:
    """Complaints by number above `after`: all, or those of a state."""
    query = select(complaint).where(_c.number > after).order_by(_c.number).limit(limit)
    if state is not None:
        query = query.where(_c.state == state)
    return [_case(row) for row in await connection.execute(query)]


async def list_newest(connection: AsyncConnection, limit: int) -> list[Case]:
    """The newest complaints that wait for nothing of ours."""
    query = select(complaint).where(_c.state.not_in(OPEN)).order_by(_c.received_at.desc(), _c.number.desc())
    return [_case(row) for row in await connection.execute(query.limit(limit))]


async def list_due(connection: AsyncConnection, until: date, limit: int) -> list[Case]:
    """Open complaints whose last day is not after `until`: the most pressing first."""
    query = select(complaint).where(_c.state.in_(OPEN), _c.due <= str(until)).order_by(_c.due, _c.number)
    return [_case(row) for row in await connection.execute(query.limit(limit))]


async def list_counted(connection: AsyncConnection, quarter: Quarter) -> list[Counted]:
    """What the figures of a quarter are made of: complaints of it and of the one before."""
    first, last = _bounds(quarter.before)[0], _bounds(quarter)[1]
    columns = (_c.kind, _c.received, _c.first_due, _c.first_answered)
    query = select(*columns).where(_c.received >= first, _c.received < last, _c.state != State.WITHDRAWN)
    read = date.fromisoformat
    rows = await connection.execute(query)
    return [Counted(kind, read(day), read(due), read(done) if done else None) for kind, day, due, done in rows]


def _bounds(quarter: Quarter) -> tuple[str, str]:
    year, number = quarter
    after = date(year + number // 4, number % 4 * 3 + 1, 1)
    return str(date(year, number * 3 - 2, 1)), str(after)


async def _give(connection: AsyncConnection, case: Case, deed: Deed, now: int) -> Case:
    """Give a case to whoever has the least in hand and no interest. Raises NobodyMay, CannotFollow."""
    day = local_day(now, case.zone)
    course = take(case.course, Step.ASSIGN, day, rule_named(case.rule))
    query = select(complaint_interest.c.staff).where(complaint_interest.c.complaint == case.number)
    concerned = set(await connection.scalars(query))
    if case.course.state is State.REVIEW and case.answered_by:
        concerned.add(case.answered_by)
    kind = kind_of(case.kind)
    work = Work(case.number, kind.weight, kind.skill, interests_of(concerned, [case.clerk]))
    others = [one for one in await list_workers(connection) if one.id != case.handler]
    worker = choose_worker(work, others, day)
    if worker is None:
        raise NobodyMay(case.number)
    await note_given(connection, [worker.id], now)
    await _keep(connection, case, deed, course, worker.id, day, now)
    return await _require(connection, case.number)


async def _give_review(connection: AsyncConnection, case: Case, deed: Deed, now: int) -> Case:
    """A review goes to somebody else than who answered; until there is one, it has no handler."""
    await connection.execute(update(complaint).where(_c.number == case.number).values(handler=None))
    case = await _require(connection, case.number)
    try:
        return await _give(connection, case, Deed(Step.ASSIGN, deed.by), now)
    except NobodyMay:
        return case


async def _keep(
    connection: AsyncConnection, case: Case, deed: Deed, course: Course, to: str | None, day: date, now: int
) -> None:
    """Write a step down: entry, row of the step, and how the case stands."""
    texts = [Text(name, text) for name in ("text", "approved_by") if (text := getattr(deed, name))]
    about = (case.kind, case.station)
    place = await _log(connection, case.number, deed, course, day, to or "", now, about, texts, case.rule)
    await _note(connection, case.number, deed, course, to or "", place, now)
    changed: dict[str, object] = _course_row(course) | {"handler": to}
    if case.first_answered is None:
        changed["first_due"] = str(course.due)
    if deed.step is Step.ANSWER:
        changed |= {"answered_by": deed.by, "first_answered": str(case.first_answered or day)}
    await connection.execute(update(complaint).where(_c.number == case.number).values(**changed))


async def _log(
    connection: AsyncConnection,
    number: str,
    deed: Deed,
    course: Course,
    day: date,
    to: str,
    now: int,
    about: tuple[str, str],
    texts: Sequence[Text],
    rule: str = "",
) -> int:
    body: dict[str, Json] = {
        "subject": "case",
        "number": number,
        "step": deed.step.value,
        "state": course.state.value,
        "day": str(day),
        "by": deed.by,
        "kind": about[0],
        "station": about[1],
        "rule": rule or rule_on(day).version,
        "due": str(course.due) if course.state in OPEN else "",
        "to": to,
    }
    (place,) = await append(connection, [Entry("complaint", body, [text for text in texts if text.text])], now)
    return place


async def _note(
    connection: AsyncConnection, number: str, deed: Deed, course: Course, to: str, place: int, now: int
) -> None:
    known = select(complaint_step.c.number).where(complaint_step.c.complaint == number)
    last = await connection.scalar(known.order_by(complaint_step.c.number.desc()).limit(1))
    row = {"complaint": number, "number": (last or 0) + 1, "step": deed.step, "state": course.state, "at": now}
    row |= {"by": deed.by, "to": to, "due": str(course.due), "place": place}
    await connection.execute(insert(complaint_step).values(**row))
    body = json.dumps({"complaint": number, "state": course.state})
    await connection.execute(insert(event).values(at=now, topic=TOPIC, body=body))


async def _require(connection: AsyncConnection, number: str) -> Case:
    case = await find_case(connection, number)
    if case is None:
        raise LookupError(number)
    return case


def _course_row(course: Course) -> dict[str, object]:
    days = {name: getattr(course, name) for name in ("due", "answered", "review_asked")}
    told = {name: str(day) if day else None for name, day in days.items()}
    return {"state": course.state, "complex": course.complex, "extended": course.extended, **told}


def _case(row: Row[tuple[object, ...]]) -> Case:
    facts = dict(row._mapping)
    days = [_day(facts.pop(name)) for name in ("answered", "review_asked")]
    received, due = (date.fromisoformat(facts.pop(name)) for name in ("received", "due"))
    course = Course(State(facts.pop("state")), received, due, facts.pop("complex"), facts.pop("extended"), *days)
    first_due = date.fromisoformat(facts.pop("first_due"))
    return Case(course=course, first_due=first_due, first_answered=_day(facts.pop("first_answered")), **facts)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
