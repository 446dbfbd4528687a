"""The page behind an answer link: it asks, and only its buttons answer; mail scanners that fetch it change nothing.

Whoever holds the link may answer, nobody signs in. An answer can be changed as long as the link lasts, because things
get worse: the newest counts, all are kept.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.database import reading, transaction
from cloud_gateway.outreach.answering import BY_LINK, MAX_NOTE, Asked, Said, is_token, tidy_note
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.store_answers import find_asked, write_answer
from cloud_gateway.running import gateway_of, now_ms
from edge_agent.web.pages import language_of
from edge_agent.web.words import COOKIE, _

router = APIRouter(include_in_schema=False)
#: Addresses under it are secrets: no session speaks for the visitor, so no other page can misuse one.
PREFIX = "/a/"
Note = Annotated[str, Form(max_length=4 * MAX_NOTE)]
#: What the buttons say, and what each means.
CHOICES: dict[Choice, tuple[str, str]] = {
    Choice.ACTING: (_("We are on it"), _("We are taking precautions now.")),
    Choice.UNSAFE: (_("Not safe to act"), _("We leave things as they are: people first.")),
    Choice.NEED_HELP: (_("We need help"), _("Somebody will call you.")),
    Choice.NOT_MINE: (_("Not my task"), _("The next person will be asked.")),
}


@router.get("/a/{token}")
async def show_question(request: Request, token: str) -> Response:
    """What is asked, for which sites, and what was answered so far."""
    asked = await _find(request, token)
    if asked is not None and not _has_chosen_language(request):
        return _sealed(RedirectResponse(f"{PREFIX}{token}?lang={asked.language}", 303))
    return _page(request, asked)


@router.post("/a/{token}")
async def take_answer(request: Request, token: str, choice: Annotated[Choice, Form()], note: Note = "") -> Response:
    """Keep an answer; shown by the page it came from."""
    asked = await _find(request, token)
    now = gateway_of(request).clock()
    if asked is None or asked.expired(now):
        return _page(request, asked)
    async with transaction(gateway_of(request).engine) as connection:
        asked = await find_asked(connection, token)
        if asked is not None:
            await write_answer(connection, asked, Said(choice, tidy_note(note), BY_LINK, now))
    return _sealed(RedirectResponse(f"{PREFIX}{token}?lang={language_of(request)}", 303))


async def _find(request: Request, token: str) -> Asked | None:
    """What is asked; a wrong token costs its sender a try."""
    gateway = gateway_of(request)
    if is_token(token):
        async with reading(gateway.engine) as connection:
            asked = await find_asked(connection, token)
        if asked is not None:
            return asked
    gateway.throttle.fail(_key(request), now_ms())
    return None


def _page(request: Request, asked: Asked | None) -> Response:
    gateway = gateway_of(request)
    now = gateway.clock()
    status = 200
    wait = 0
    if asked is None:
        wait = gateway.throttle.wait_ms(_key(request), now_ms())
        status = 429 if wait else 404
    elif asked.expired(now):
        status = 410
    page = gateway.pages.render(request, "answer.html", status, asked=asked, now=now, choices=CHOICES)
    if wait:
        page.headers["Retry-After"] = str(wait // 1000 + 1)
    return _sealed(page)


def _has_chosen_language(request: Request) -> bool:
    return bool(request.query_params.get("lang") or request.cookies.get(COOKIE))


def _key(request: Request) -> str:
    return f"answer|{request.client.host if request.client else ''}"


def _sealed(response: Response) -> Response:
    """The address is the key: no other site gets to see it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
