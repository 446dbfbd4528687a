"""The addresses of the page of SIMULATED boards: a list, a board, its events, and what hands do to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import HTMLResponse, StreamingResponse

from edge_agent.hardware.board import Paper
from edge_agent.web.pages import Pages
from edge_agent.web.problems import Problem
from edge_agent.web.streams import frame
from edge_agent.web.words import _
from edge_agent.wire.ratings import Uncounted
from edge_agent.wire.topics import DEVICE_ID
from firmware_sim.control import MAX_LINE, SUFFIX, Answer, ControlError, ask
from firmware_sim.control import Request as Deed
from firmware_sim.fingers import Touch
from firmware_sim.hall import COUNTED
from firmware_sim.handles import FITTING
from firmware_sim.page.boards import list_boards, look_at, look_at_all, tone_of
from firmware_sim.sight import Sight
from kiosk.web.routes import HERE, OWN_NAME

#: A board is looked at so often while its page is open, and all of them while their list is, real seconds.
LOOK_S, LOOK_AT_ALL_S = 0.3, 3.0
#: A page is told at least this often that it is not alone.
TICK_S = 2.0
ROLES = {
    "sensor-node": _("Sensor node"),
    "rating-terminal": _("Rating terminal"),
    "kiosk": _("Kiosk"),
    "camera": _("Camera"),
}
STATES = {"ok": _("runs"), "late": _("no connection"), "bad": _("sounds an alarm"), "off": _("no power")}
#: What a list begins with.
URGENCY = ("bad", "off", "late", "ok")
LAMPS = {"siren": _("Siren"), "lamp": _("Lamp"), "buzzer": _("Buzzer"), "signal": _("Duty manager's signal")}
FAULTS = {
    "frozen": _("frozen"),
    "drift": _("drifts, per hour"),
    "noise": _("noisy, deviation"),
    "bounce": _("bounces"),
    "stuck": _("stuck"),
}
TOUCHES = {
    Touch.PRESS: _("press"),
    Touch.MASH: _("six quick presses"),
    Touch.PALM: _("a palm on two keys"),
    Touch.STUCK: _("down, and not up again"),
    Touch.CHATTER: _("loose contact"),
}
PAPERS = {
    Paper.ENOUGH: ("ok", _("paper enough")),
    Paper.LOW: ("late", _("paper low")),
    Paper.OUT: ("bad", _("out of paper")),
}
#: What becomes of a press, as the agent writes it down.
OUTCOMES = {
    COUNTED: _("counted"),
    Uncounted.CHATTER.value: _("not counted: the contact chatters"),
    Uncounted.STUCK.value: _("not counted: the key is stuck"),
    Uncounted.MASHING.value: _("not counted: many presses in a row"),
    Uncounted.NO_WINDOW.value: _("not counted: nobody is to rate now"),
    Uncounted.REPEAT.value: _("not counted: this customer has rated"),
    Uncounted.LATE.value: _("not counted: it came too late"),
    Uncounted.STAFF_CARD.value: _("not counted: a clerk's card is on the reader"),
}
UNITS = {"Cel": "°C", "%RH": "%"}
_deeds: msgspec.json.Decoder[Deed] = msgspec.json.Decoder(Deed)


def only_here(request: Request) -> None:
    """Refuse whoever is not on this machine, and names that only lead here (DNS rebinding). Raises Problem."""
    client = "" if request.client is None else request.client.host
    if client not in HERE or not OWN_NAME.fullmatch(request.headers.get("host", "")):
        raise Problem(403, "only_here", _("This page is for browsers of this machine."), _("Open it there."))


def folder_of(request: Request) -> Path:
    """The folder of the boards' sockets."""
    folder: Path = request.app.state.boards
    return folder


def checked(device: str) -> str:
    """A device's id. Raises Problem."""
    if not DEVICE_ID.fullmatch(device):
        raise _missing()
    return device


router = APIRouter(dependencies=[Depends(only_here)])
Boards = Annotated[Path, Depends(folder_of)]
Device = Annotated[str, Depends(checked)]


@router.get("/")
async def show_list(request: Request, boards: Boards) -> HTMLResponse:
    """All boards."""
    sights = sorted(await look_at_all(boards), key=lambda sight: URGENCY.index(tone_of(sight)))
    return _pages(request).render(
        request, "boards.html", sights=sights, tones={s.device: tone_of(s) for s in sights}, roles=ROLES, states=STATES
    )


@router.get("/boards/{device}")
async def show_board(request: Request, device: Device, boards: Boards) -> HTMLResponse:
    """One board, for hands and eyes."""
    sight = await look_at(boards, device)
    if sight is None:
        raise _missing()
    before, after = _neighbours(list_boards(boards), device)
    gettext = _pages(request).translations(request).gettext
    outcomes = {outcome: gettext(word) for outcome, word in OUTCOMES.items()}
    words = {"roles": ROLES, "names": LAMPS, "faults": FAULTS, "touches": TOUCHES, "fitting": FITTING}
    words |= {"papers": PAPERS, "outcomes": outcomes, "units": UNITS}
    return _pages(request).render(request, "board.html", sight=sight, before=before, after=after, **words)


@router.get("/events")
async def follow_all(request: Request, boards: Boards) -> StreamingResponse:
    """How each board stands, every few seconds."""

    async def look() -> bytes:
        sights = await look_at_all(boards)
        return msgspec.json.encode({s.device: [tone_of(s), s.waiting] for s in sights})

    return _stream(request, "boards", look, LOOK_AT_ALL_S)


@router.get("/boards/{device}/events")
async def follow_board(request: Request, device: Device, boards: Boards) -> StreamingResponse:
    """The board whenever it has changed; null when it is gone."""

    async def look() -> bytes:
        return msgspec.json.encode(await look_at(boards, device))

    return _stream(request, "board", look, LOOK_S)


@router.get("/api/v1/boards")
async def read_boards(boards: Boards) -> Response:
    """All boards as data."""
    sights: list[Sight] = await look_at_all(boards)
    return Response(msgspec.json.encode({"items": sights, "simulated": True}), media_type="application/json")


@router.post("/api/v1/boards/{device}/deeds")
async def do(request: Request, device: Device, boards: Boards) -> Response:
    """Press, hold, release, spoil, mend, roll, stand, card, cable or darken (`type`); answers with the board then."""
    body = await request.body()
    try:
        wanted = _deeds.decode(body[: MAX_LINE + 1])
    except msgspec.DecodeError as exc:
        remedy = _("Correct the named field and send the request again.")
        raise Problem(422, "invalid", _("A value cannot be used."), remedy, detail=str(exc)) from exc
    return Response(msgspec.json.encode(await _ask(boards, device, wanted)), media_type="application/json")


async def _ask(boards: Path, device: str, wanted: Deed) -> Answer:
    path = boards / f"{device}{SUFFIX}"
    if not path.is_socket():
        raise _missing()
    try:
        return await ask(path, wanted)
    except ControlError as exc:
        title, remedy = _("The board has refused."), _("See what it has, and try another part.")
        raise Problem(409, "refused", title, remedy, detail=str(exc)) from exc


def _neighbours(devices: Sequence[str], device: str) -> tuple[str, str]:
    """The boards before and after it; empty where there is none."""
    place = devices.index(device) if device in devices else 0
    return "".join(devices[max(place - 1, 0) : place]), "".join(devices[place + 1 : place + 2])


def _missing() -> Problem:
    return Problem(404, "not_found", _("There is no such board, or it has ended."), _("Choose one from the list."))


def _stream(request: Request, topic: str, look: Callable[[], Awaitable[bytes]], every_s: float) -> StreamingResponse:
    closing: asyncio.Event = request.app.state.closing
    stream = _events(topic, look, every_s, closing)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(
    topic: str, look: Callable[[], Awaitable[bytes]], every_s: float, closing: asyncio.Event
) -> AsyncIterator[bytes]:
    """What is seen whenever it has changed, and ticks between."""
    said, told_s = b"", 0.0
    while not closing.is_set():
        seen, now_s = await look(), time.monotonic()
        if seen != said:
            yield frame(topic, _stamped(seen))
        elif now_s >= told_s + TICK_S:
            yield frame("tick", _stamped(b"null"))
        if seen != said or now_s >= told_s + TICK_S:
            said, told_s = seen, now_s
        try:
            async with asyncio.timeout(every_s):
                await closing.wait()
        except TimeoutError:
            continue


def _stamped(body: bytes) -> str:
    return msgspec.json.encode({"at": time.time_ns() // 1_000_000, "body": msgspec.Raw(body)}).decode()


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages
