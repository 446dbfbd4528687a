"""Errors: what is wrong, where, and what to do; a problem document (RFC 9457), or a page where a person looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from edge_agent.web.pages import Pages
from edge_agent.web.words import _

MEDIA_TYPE = "application/problem+json"
#: The code of a value that cannot be used: its remedy asks for the field, so a page names it too.
INVALID = "invalid"


class ProblemDocument(BaseModel):
    """The body of every error answer of the API (RFC 9457)."""

    type: str = Field("about:blank", description="Kind of problem as a URI; about:blank: see `code`.")
    title: str = Field(description="What is wrong, in the caller's language.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable name of the problem, for programs.")
    detail: str | None = Field(None, description="What exactly was found, in English.")
    field: str | None = Field(None, description="The parameter or field that is wrong.")
    remedy: str = Field(description="What to do about it, in the caller's language.")


@dataclass
class Problem(Exception):
    """Raised by a route to answer with a problem. `title` and `remedy` are message ids."""

    status: int
    code: str
    title: str
    remedy: str
    field: str | None = None
    detail: str | None = None
    retry_after_s: int | None = None


#: What the router itself refuses, by status: code, title and remedy as message ids.
_REFUSALS = {
    404: ("not_found", _("There is nothing at this address."), _("Check the address.")),
    405: ("method_not_allowed", _("This address does not take that method."), _("Use another method.")),
    413: ("too_large", _("The request is too large."), _("Send less at once.")),
}
_OTHER = ("refused", _("The request was refused."), _("Check the request and send it again."))

PagesOf = Callable[[Request], Pages]


def invalid(field: str, reason: str) -> Problem:
    """422: a parameter that cannot be used. `reason` names it in English, as programs log it."""
    remedy = _("Correct the named field and send the request again.")
    return Problem(422, INVALID, _("A value cannot be used."), remedy, field, detail=reason)


def install_problems(app: FastAPI, pages: PagesOf) -> None:
    """Answer Problem, validation errors and the router's own refusals: a page to a person, a document to a program.

    `pages` gives the pages of the application that a request came to.
    """

    async def on_problem(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, Problem)
        return answer(exc, request, pages(request))

    async def on_invalid(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, RequestValidationError)
        first = exc.errors()[0]
        place = ".".join(str(p) for p in first["loc"][1:])
        return answer(invalid(place, str(first["msg"])), request, pages(request))

    async def on_refused(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)
        code, title, remedy = _REFUSALS.get(exc.status_code, _OTHER)
        return answer(Problem(exc.status_code, code, title, remedy), request, pages(request))

    async def on_failure(request: Request, exc: Exception) -> Response:
        remedy = _("Try again; if it happens again, tell an administrator the time.")
        return answer(Problem(500, "internal", _("The gateway made a mistake."), remedy), request, pages(request))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(Exception, on_failure)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_refused)


def answer(problem: Problem, request: Request, pages: Pages) -> Response:
    """The problem as a response in the caller's language."""
    translate = pages.translations(request).gettext
    title, remedy = translate(problem.title), translate(problem.remedy)
    headers = {"Retry-After": str(problem.retry_after_s)} if problem.retry_after_s else {}
    if _looks(request):
        named = problem.field if problem.code == INVALID else None
        told = {"title": title, "remedy": remedy, "named": named, "ways": pages.ways_back(request)}
        page = pages.render(request, "problem.html", problem.status, **told)
        page.headers.update(headers)
        return page
    document = ProblemDocument(
        title=title,
        status=problem.status,
        code=problem.code,
        field=problem.field,
        detail=problem.detail,
        remedy=remedy,
        type="about:blank",
    )
    return JSONResponse(document.model_dump(), problem.status, headers, MEDIA_TYPE)


def _looks(request: Request) -> bool:
    """Whether a person asked, by the address bar or a link: a browser then asks for HTML. The API has no pages."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
