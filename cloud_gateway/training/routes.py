"""The API of the training register, the standards of service and the self-assessment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.complaints.deadlines import local_day
from cloud_gateway.complaints.readers import Reader, Writer
from cloud_gateway.database import reading
from cloud_gateway.idempotency.keys import Connection, IdempotencyKey, make_once
from cloud_gateway.ratings.days import Period, read_period
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.store import Staff
from cloud_gateway.stations.store import Clerk, list_clerks
from cloud_gateway.training import store, store_figures
from cloud_gateway.training.courses import AnswersMissing, Course, Result, all_courses, grade, missing_courses
from cloud_gateway.training.standards import (
    BY_HAND,
    CHAPTERS,
    Check,
    Item,
    Share,
    check_standards,
    judge_item,
    standards_on,
)
from cloud_gateway.training.store_figures import Answer
from edge_agent.web.paging import Time
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

router = APIRouter(tags=["training"])
Span = Annotated[str, Query(max_length=10, description="Such as 2026, 2026-Q4, 2026-11; empty: the present year.")]


class TestEntry(BaseModel):
    """The answers of a clerk's test: the number of the option for each question, from 0."""

    model_config = ConfigDict(extra="forbid")

    clerk: str = Field(min_length=1, max_length=64)
    course: str = Field(max_length=40)
    answers: list[int] = Field(max_length=200)


class WithdrawalEntry(BaseModel):
    """A clerk's results of a course count no longer."""

    model_config = ConfigDict(extra="forbid")

    clerk: str = Field(min_length=1, max_length=64)
    course: str = Field(max_length=40)


class AnswerEntry(BaseModel):
    """What a person says of a point of the self-assessment that no data can judge."""

    model_config = ConfigDict(extra="forbid")

    met: Literal["yes", "partly", "no"]
    note: str = Field(min_length=1, max_length=1000)


@dataclass(frozen=True)
class GradeView:
    """What a test came to; `valid_until` null when it was not passed."""

    clerk: str
    course: str
    right: int
    of: int
    valid_until: date | None


@dataclass(frozen=True)
class TrainedView:
    """A clerk's training; `missing`: courses to take before the counter shows a badge."""

    clerk: str
    name: str
    station: str
    may_badge: bool
    missing: list[str]
    results: list[GradeView]


@dataclass(frozen=True)
class StandardView:
    """A standard and how it was met; `share` in thousandths, `met` null without records to judge by."""

    code: str
    version: int
    since: date
    text: str
    least: int
    part: int
    whole: int
    share: int | None
    met: bool | None


@dataclass(frozen=True)
class ItemView:
    """A point of the self-assessment: `by` data or a person; `met` yes, partly, no, or null when nobody knows yet."""

    code: str
    text: str
    by: str
    met: str | None
    part: int
    whole: int
    note: str
    at: Time | None


@dataclass(frozen=True)
class ChapterView:
    """A chapter of the self-assessment."""

    code: str
    name: str
    items: list[ItemView]


@router.get("/training")
async def list_training(request: Request, _who: Reader) -> list[TrainedView]:
    """The register: every clerk who serves, with results and what is missing."""
    async with reading(gateway_of(request).engine) as connection:
        return await read_register(connection, today_of(request))


@router.post("/training/results", status_code=201)
async def add_result(request: Request, who: Writer, entry: TestEntry, key: IdempotencyKey = None) -> Response:
    """Mark a clerk's test and write down what it came to. Who sees to it is not the clerk himself."""

    async def make(connection: Connection) -> GradeView:
        return await mark_test(request, connection, who, entry)

    return await make_once(request, who, key, GradeView, make)


@router.post("/training/withdrawals", status_code=204)
async def withdraw(request: Request, who: Writer, entry: WithdrawalEntry, key: IdempotencyKey = None) -> Response:
    """Take a clerk's results of a course back: the badge goes until the test is passed again."""
    day = today_of(request)

    async def make(connection: Connection) -> None:
        try:
            await store.withdraw(connection, entry.clerk, entry.course, who.name, day, now_ms())
        except LookupError as exc:
            raise Problem(404, "no_result", _("There is no such result."), _("Look at the register."), "clerk") from exc

    return await make_once(request, who, key, type(None), make, status=204)


@router.get("/service-standards")
async def list_standards(request: Request, _who: Reader, period: Span = "") -> list[StandardView]:
    """The standards that hold today, checked on the records of a period."""
    span = read_span(request, period)
    figures = await figures_of(request, span)
    checks = check_standards(standards_on(today_of(request)), figures)
    return [_standard(one) for one in checks]


@router.get("/self-assessment")
async def show_assessment(request: Request, _who: Reader, period: Span = "") -> list[ChapterView]:
    """The six chapters, filled from the records where these can say; what a person must say is marked."""
    figures = await figures_of(request, read_span(request, period))
    async with reading(gateway_of(request).engine) as connection:
        return view_chapters(figures, await store_figures.newest_answers(connection))


@router.post("/self-assessment/{item}", status_code=204)
async def answer_item(
    request: Request, who: Writer, item: str, entry: AnswerEntry, key: IdempotencyKey = None
) -> Response:
    """Say how a point is met that no data can judge."""

    async def make(connection: Connection) -> None:
        await keep_answer(connection, who, item, entry)

    return await make_once(request, who, key, type(None), make, status=204)


async def mark_test(request: Request, connection: Connection, who: Staff, entry: TestEntry) -> GradeView:
    """Shared by the API and the page. Raises Problem."""
    course = find_course(entry.course)
    clerks = {one.number: one for one in await list_clerks(connection)}
    known = clerks.get(entry.clerk)
    if known is not None and known.staff == who.name:
        raise Problem(403, "own_test", _("Nobody sees to their own test."), _("Ask somebody else to."), "clerk")
    day = today_of(request)
    try:
        got = grade(course, entry.answers, day)
        await store.add_result(connection, entry.clerk, course, got, who.name, day, now_ms())
    except AnswersMissing as exc:
        raise invalid("answers", str(exc)) from exc
    except LookupError as exc:
        raise Problem(404, "no_clerk", _("There is no such clerk."), _("Check the number."), "clerk") from exc
    return GradeView(entry.clerk, course.code, got.right, got.of, got.valid_until)


async def read_register(connection: Connection, day: date) -> list[TrainedView]:
    """Every clerk who serves, by number."""
    results = await store.list_results(connection)
    serving = [one for one in await list_clerks(connection) if not one.gone]
    return [_trained(one, [result for result in results if result.clerk == one.number], day) for one in serving]


def _trained(one: Clerk, results: Sequence[Result], day: date) -> TrainedView:
    missing = missing_courses(results, all_courses(), day)
    grades = [GradeView(one.number, r.course, r.right, r.of, r.valid_until) for r in results]
    return TrainedView(one.number, one.name, one.station, not missing, missing, grades)


async def figures_of(request: Request, span: Period) -> Mapping[str, Share]:
    """The figures of a period."""
    zone = gateway_of(request).settings.ratings.zone
    first, last = date.fromisoformat(span.first), date.fromisoformat(span.last)
    async with reading(gateway_of(request).engine) as connection:
        return await store_figures.read_figures(connection, first, last, zone, today_of(request))


async def keep_answer(connection: Connection, who: Staff, item: str, entry: AnswerEntry) -> None:
    """Shared by the API and the page. Raises Problem."""
    if item not in BY_HAND:
        raise Problem(404, "no_item", _("No such point is answered by hand."), _("Look at the assessment."), "item")
    said = Answer(item, entry.met, entry.note.strip(), now_ms(), who.name)
    await store_figures.add_answer(connection, said)


def view_chapters(figures: Mapping[str, Share], answers: Mapping[str, Answer]) -> list[ChapterView]:
    """The self-assessment as the API and the page say it."""
    return [
        ChapterView(code, name, [_item(item, figures, answers.get(item.code)) for item in items])
        for code, name, items in CHAPTERS
    ]


def _item(item: Item, figures: Mapping[str, Share], said: Answer | None) -> ItemView:
    if item.figure:
        part, whole = figures.get(item.figure, Share(0, 0))
        met = {True: "yes", False: "no", None: None}[judge_item(item, figures)]
        return ItemView(item.code, item.text, "data", met, part, whole, "", None)
    if said is None:
        return ItemView(item.code, item.text, "", None, 0, 0, "", None)
    return ItemView(item.code, item.text, said.by, said.met, 0, 0, said.note, said.at)


def find_course(code: str) -> Course:
    """The course of that code. Raises Problem 404."""
    course = all_courses().get(code)
    if course is None:
        raise Problem(404, "no_course", _("There is no such course."), _("Look at the register."), "course")
    return course


def read_span(request: Request, text: str) -> Period:
    """The period that is asked for, the present year without one. Raises Problem."""
    try:
        return read_period(text or str(today_of(request).year))
    except ValueError as exc:
        raise invalid("period", str(exc)) from exc


def today_of(request: Request) -> date:
    """The house's local day."""
    return local_day(now_ms(), gateway_of(request).settings.ratings.zone)


def _standard(one: Check) -> StandardView:
    outcome = {name: value for name, value in vars(one).items() if name != "standard"}
    return StandardView(**(vars(one.standard) | outcome))
