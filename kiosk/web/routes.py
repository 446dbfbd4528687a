"""The addresses of a terminal. The screen and its touches are for the device's own browser alone."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import io
import json
import re
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
import segno
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, StreamingResponse

from edge_agent.hardware.board import HardwareError
from edge_agent.proof.digest import digest
from edge_agent.web.headers import BodyTooLarge
from edge_agent.web.pages import Pages, language_of
from edge_agent.web.problems import Problem
from edge_agent.web.streams import frame
from edge_agent.web.words import LANGUAGES, Words, _
from edge_agent.wire.ratings import LABELS
from kiosk.rating.counter import More
from kiosk.rating.printing import NotOffered
from kiosk.rating.terminal import Terminal, Unavailable
from kiosk.rating.tickets import MAX_EVENT_BYTES, EventCode, Refused
from kiosk.web.questions import CODES, REASONS, RECOMMEND
from kiosk.web.screen import Screen, compose_screen

SERVICES = "/api/v1/services"
#: The screen is told at least this often that it is not alone, real seconds; the page gives up after three.
TICK_S = 2.0
HERE = ("127.0.0.1", "::1")
#: The Host of a request for the screen: a foreign page's name that leads here is another (DNS rebinding).
OWN_NAME = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
#: First bytes of the pictures that a badge may have.
PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
#: What a refused event means for whoever sent it: status and title; the code says which.
REFUSALS = {
    EventCode.UNREADABLE: (422, _("The event cannot be read.")),
    EventCode.UNKNOWN_KEY: (401, _("The event's key is not known here.")),
    EventCode.BAD_SIGNATURE: (401, _("The event's signature is wrong.")),
    EventCode.UNKNOWN_COUNTER: (404, _("This terminal stands at another counter.")),
    EventCode.TOO_OLD: (409, _("The event is too old.")),
    EventCode.TOO_NEW: (409, _("The event is of the future.")),
    EventCode.NUMBER_USED: (409, _("The event's number has been used.")),
    EventCode.TOO_MANY: (429, _("There are too many events.")),
}


def terminal_of(request: Request) -> Terminal:
    """The terminal that is served."""
    terminal: Terminal = request.app.state.terminal
    return terminal


def only_here(request: Request) -> None:
    """Refuse whoever is not on the device itself. Raises Problem."""
    client = "" if request.client is None else request.client.host
    if client not in HERE or not OWN_NAME.fullmatch(request.headers.get("host", "")):
        raise Problem(403, "only_here", _("This is for the terminal's own screen."), _("Use the terminal itself."))


router = APIRouter()
Here = Annotated[None, Depends(only_here)]
At = Annotated[Terminal, Depends(terminal_of)]


class Touch(BaseModel):
    """A key of the screen."""

    score: int = Field(ge=1, le=5, description="The score that the key stands for.")


class SlipOrder(BaseModel):
    """The receipt that the customer wants on paper."""

    window: str = Field(pattern=r"^[0-9a-f]{32}$", description="The window of that rating.")


class Addition(BaseModel):
    """What the customer adds to the rating just given."""

    window: str = Field(pattern=r"^[0-9a-f]{32}$", description="The window of that rating.")
    reasons: list[str] = Field([], max_length=len(CODES), description="Codes of reasons.")
    settled: bool | None = Field(None, description="Whether the matter was settled.")
    recommend: int | None = Field(None, ge=0, le=10, description="How likely a recommendation is, 0 to 10.")


@router.get("/")
async def show_page(request: Request, _here: Here, terminal: At) -> HTMLResponse:
    """The screen."""
    return _render(request, terminal, "terminal.html")


@router.get("/screen")
async def show_parts(request: Request, _here: Here, terminal: At) -> HTMLResponse:
    """The parts of the screen as they are now."""
    return _render(request, terminal, "parts.html")


@router.get("/screen/events")
async def follow_screen(request: Request, _here: Here, terminal: At) -> StreamingResponse:
    """An event whenever the screen has changed."""
    stream = _events(terminal, request.app.state.closing)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.get("/api/v1/screen")
async def read_screen(_here: Here, terminal: At) -> Response:
    """The screen as data."""
    return Response(msgspec.json.encode(screen_of(terminal)), media_type="application/json")


@router.post("/api/v1/presses", status_code=202)
async def press(touch: Touch, _here: Here, terminal: At) -> None:
    """A key of the screen was pressed; whether it counts is on the record."""
    if touch.score > terminal.rules.scale:
        raise Problem(422, "invalid", _("A value cannot be used."), _("Use a key of the screen."), "score")
    try:
        terminal.touch(touch.score)
    except Unavailable as exc:
        raise _unavailable(exc) from exc


@router.post("/api/v1/additions", status_code=202)
async def add(addition: Addition, _here: Here, terminal: At) -> None:
    """More about the rating just given, once."""
    if not CODES.issuperset(addition.reasons):
        raise Problem(422, "invalid", _("A value cannot be used."), _("Use a reason of the screen."), "reasons")
    reasons = tuple(dict.fromkeys(addition.reasons))
    try:
        taken = terminal.add(More(addition.window, reasons, addition.settled, addition.recommend))
    except Unavailable as exc:
        raise _unavailable(exc) from exc
    if not taken:
        raise Problem(409, "too_late", _("It is too late to add to that rating."), _("Nothing is to be done."))


@router.post("/api/v1/slips", status_code=201)
async def print_slip(order: SlipOrder, _here: Here, terminal: At) -> None:
    """Print the receipt of the rating just given, once; the answer comes when it is printed."""
    try:
        await terminal.print_receipt(order.window)
    except NotOffered as exc:
        title = _("This receipt cannot be printed now.")
        raise Problem(409, "not_offered", title, _("Scan the code on the screen.")) from exc
    except HardwareError as exc:
        title, advice = _("The printer does not print."), _("Scan the code on the screen.")
        raise Problem(503, "printer", title, advice, detail=str(exc)) from exc
    except Unavailable as exc:
        raise _unavailable(exc) from exc


@router.post(SERVICES, status_code=202)
async def hear_service(request: Request, terminal: At) -> None:
    """A service begins or ends; signed with a shared key in the header Weiran-Signature."""
    body = await _read_bounded(request)
    try:
        await terminal.hear(body, request.headers.get("weiran-signature", ""))
    except Refused as exc:
        status, title = REFUSALS[exc.code]
        raise Problem(status, exc.code.value, title, _("See docs/runbook.md, 'A terminal refuses events'.")) from exc
    except Unavailable as exc:
        raise _unavailable(exc) from exc


@router.get("/clerks/{number}/photo")
async def show_photo(number: str, _here: Here, terminal: At) -> Response:
    """The picture on a badge."""
    found = next((clerk.photo for clerk in terminal.clerks() if clerk.number == number and clerk.photo), "")
    try:
        data = base64.b64decode(found, validate=True)
    except binascii.Error:
        data = b""
    kind = next((kind for head, kind in PICTURES.items() if data.startswith(head)), None)
    if kind is None:
        raise Problem(404, "not_found", _("There is no picture."), _("Nothing is to be done."))
    return Response(data, media_type=kind)


@router.get("/receipt.svg")
async def show_code(_here: Here, terminal: At) -> Response:
    """The QR code of the rating just given."""
    if terminal.given is None or not terminal.given.link:
        raise Problem(404, "not_found", _("There is no receipt now."), _("Nothing is to be done."))
    drawn = io.BytesIO()
    segno.make(terminal.given.link, error="l", micro=False).save(
        drawn, kind="svg", xmldecl=False, border=3, omitsize=True, dark="#000", light="#fff"
    )
    return Response(drawn.getvalue(), media_type="image/svg+xml")


def screen_of(terminal: Terminal) -> Screen:
    """The screen as it is now."""
    device = terminal.device
    notice = None if device.notice is None else device.notice.counter
    return compose_screen(
        terminal.counter,
        notice,
        terminal.given,
        device.clock.mono(),
        linked=device.linked,
        full=terminal.full,
        simulated=device.board.simulated,
        slip=terminal.slip,
    )


def _render(request: Request, terminal: Terminal, page: str) -> HTMLResponse:
    pages: Pages = request.app.state.pages
    words: Words = request.app.state.words
    second = next(tag for tag in LANGUAGES if tag != language_of(request))
    labels = list(enumerate(LABELS[terminal.rules.scale], start=1))
    return pages.render(
        request,
        page,
        screen=screen_of(terminal),
        second=second,
        also=words.of(second).gettext,
        labels=labels[::-1],
        reasons=REASONS,
        recommend=RECOMMEND,
    )


async def _events(terminal: Terminal, closing: asyncio.Event) -> AsyncIterator[bytes]:
    said = ""
    while not closing.is_set():
        screen = screen_of(terminal)
        key = digest(msgspec.json.encode(msgspec.structs.replace(screen, left_s=0)))
        topic = "tick" if key == said else "screen"
        said = key
        device = terminal.device
        body = json.dumps({"at": device.clock.now(), "body": {"key": key, "left_s": screen.left_s}})
        yield frame(topic, body)
        await terminal.change(TICK_S)


async def _read_bounded(request: Request) -> bytes:
    body = b""
    with contextlib.suppress(ClientDisconnect, BodyTooLarge):  # half an event is none
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_EVENT_BYTES:
                raise Problem(413, "too_large", _("The request is too large."), _("Send less at once."))
    return body


def _unavailable(exc: Unavailable) -> Problem:
    title = _("The terminal cannot take anything now.")
    return Problem(503, "unavailable", title, _("Send it again."), detail=str(exc), retry_after_s=2)
