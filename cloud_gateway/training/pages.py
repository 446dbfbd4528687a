"""The pages of the training register, of a test, and of standards with the self-assessment."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.complaints.readers import Writer
from cloud_gateway.complaints.rendering import render
from cloud_gateway.database import reading, transaction
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import Visitor
from cloud_gateway.training.courses import all_courses
from cloud_gateway.training.routes import (
    AnswerEntry,
    TestEntry,
    figures_of,
    find_course,
    keep_answer,
    mark_test,
    read_register,
    read_span,
    today_of,
    view_chapters,
)
from cloud_gateway.training.standards import HOUSE, check_standards, standards_on
from cloud_gateway.training.store_figures import newest_answers
from edge_agent.web.problems import invalid

router = APIRouter(include_in_schema=False)
_FIELD = re.compile(r"q([0-9]{1,3})")


@router.get("/training")
async def show_register(request: Request, visitor: Visitor) -> Response:
    """Every clerk who serves, with the training that counts; who lacks some first."""
    async with reading(gateway_of(request).engine) as connection:
        register = await read_register(connection, today_of(request))
    people = sorted(register, key=lambda one: (one.may_badge, one.clerk))
    lacking = [one for one in people if not one.may_badge]
    context = {"people": people, "lacking": lacking, "courses": all_courses()}
    return await render(request, "training.html", visitor, section="training", **context)


@router.get("/training/{course}")
async def show_test(request: Request, course: str, visitor: Visitor) -> Response:
    """The test of a course, for a clerk beside somebody who sees to it."""
    found = find_course(course)
    async with reading(gateway_of(request).engine) as connection:
        people = await read_register(connection, today_of(request))
    return await render(request, "test.html", visitor, section="training", course=found, people=people)


@router.post("/training/{course}")
async def enter_test(request: Request, course: str, who: Writer) -> Response:
    """Mark a test, and show the register."""
    form = await request.form()
    clerk = str(form.get("clerk", ""))[:64]
    given = {int(found[1]): str(value) for name, value in form.items() if (found := _FIELD.fullmatch(name))}
    answers = [given.get(number, "") for number in range(len(find_course(course).question))]
    if not all(answer.isascii() and answer.isdigit() and len(answer) < 4 for answer in answers):
        raise invalid("answers", "each question needs one answer")
    entry = TestEntry(clerk=clerk, course=course, answers=[int(answer) for answer in answers])
    async with transaction(gateway_of(request).engine) as connection:
        await mark_test(request, connection, who, entry)
    return RedirectResponse("/training", 303)


@router.get("/standards")
async def show_standards(request: Request, visitor: Visitor, period: str = "") -> Response:
    """The standards checked on the records of a period, and the self-assessment of six chapters."""
    span = read_span(request, period[:10])
    figures = await figures_of(request, span)
    checks = check_standards(standards_on(today_of(request)), figures)
    async with reading(gateway_of(request).engine) as connection:
        chapters = view_chapters(figures, await newest_answers(connection))
    context = {"checks": checks, "chapters": chapters, "period": span.name, "house": HOUSE}
    return await render(request, "standards.html", visitor, section="standards", **context)


@router.post("/standards/{item}")
async def enter_answer(
    request: Request,
    item: str,
    who: Writer,
    met: Annotated[Literal["yes", "partly", "no"], Form()],
    note: Annotated[str, Form(min_length=1, max_length=1000)],
) -> Response:
    """Say how a point is met that no data can judge."""
    async with transaction(gateway_of(request).engine) as connection:
        await keep_answer(connection, who, item, AnswerEntry(met=met, note=note))
    return RedirectResponse(f"/standards#{item}", 303)
