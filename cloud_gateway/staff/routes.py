"""Signing in by password or by one-time link, and signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.audit.store import Doer, forget_acts, make_act, write_act
from cloud_gateway.database import reading, transaction
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff import store
from cloud_gateway.staff.guard import COOKIE, address_of, find_staff, set_session
from cloud_gateway.staff.passwords import Busy
from cloud_gateway.staff.store import Staff
from cloud_gateway.staff.store_failures import failure_key, find_failures, forget_failures, note_failure
from cloud_gateway.staff.store_sessions import end_session, start_session
from cloud_gateway.staff.throttle import wait_after

router = APIRouter(include_in_schema=False)
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
Name = Annotated[str, Form(max_length=64)]
Password = Annotated[str, Form(max_length=1000)]
#: Characters of the address that somebody goes on to: a chart names up to eight streams.
LONGEST_GOAL = 1500
Next = Annotated[str, Form(max_length=LONGEST_GOAL)]
Token = Annotated[str, Form(max_length=100)]


@router.get("/sign-in")
async def show_sign_in(request: Request, next: str = "/") -> Response:  # noqa: A002  # the parameter's name in links
    """The sign-in page; somebody who is signed in goes on."""
    if await find_staff(request) is not None and not request.query_params.get("lang"):
        return RedirectResponse(own_path(next), 303)
    return _door(request, next=own_path(next))


@router.post("/sign-in")
async def sign_in(request: Request, name: Name = "", password: Password = "", next: Next = "/") -> Response:  # noqa: A002
    """Check name and password; wrong ones cost time, and say nothing about which of the two was wrong."""
    key = failure_key(name, address_of(request))
    async with gateway_of(request).turns.take(key):
        return await _try(request, key, name, password, own_path(next))


async def _try(request: Request, key: str, name: str, password: str, goal: str) -> Response:
    gateway = gateway_of(request)
    async with reading(gateway.engine) as connection:
        known = await store.find_staff(connection, name.strip())
        wait = wait_after(await find_failures(connection, key), now_ms())
    if wait:
        return _door(request, 429, next=goal, name=name, wait=wait + 999)
    stored = known.password if known and known.disabled_at is None else None
    try:
        fits = await gateway.passwords.verify(stored, password)
    except Busy:
        return _door(request, 503, next=goal, name=name, busy=True)
    if known and fits and (session := await _start(request, known, key)):
        return _let_in(request, session, goal)
    await _note_failure(request, known, key)
    return _door(request, 403, next=goal, name=name, wrong=True)


async def _start(request: Request, known: Staff, key: str) -> str | None:
    """A session's token; None when the account was changed while the password was looked at."""
    async with transaction(gateway_of(request).engine) as connection:
        if await store.read_staff(connection, known.id) != known:
            return None
        await forget_failures(connection, key)
        return await _open_session(request, connection, known)


async def _note_failure(request: Request, known: Staff | None, key: str) -> None:
    now = now_ms()
    async with transaction(gateway_of(request).engine) as connection:
        await note_failure(connection, key, now)
        if known is not None:
            await write_act(connection, make_act(_doer(request, known), now, "POST", "/sign-in", status=403))


@router.get("/enter")
async def show_enter(request: Request, spent: bool = False) -> Response:
    """The page behind a one-time link: the token stays in the fragment until the script posts it."""
    return _link_page(request, 200, spent)


@router.post("/enter")
async def enter(request: Request, token: Token = "") -> Response:
    """Consume a one-time link."""
    async with transaction(gateway_of(request).engine) as connection:
        used = await store.use_link(connection, token, now_ms())
        who = None if used is None else await store.read_staff(connection, used)
        session = None if who is None else await _open_session(request, connection, who)
    return _link_page(request, 403, True) if session is None else _let_in(request, session, "/")


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session."""
    async with transaction(gateway_of(request).engine) as connection:
        await end_session(connection, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


async def _open_session(request: Request, connection: Connection, who: Staff) -> str:
    """A new session's token; the sign-in is written down as an act, and acts that are too old go."""
    settings, now = gateway_of(request).settings, now_ms()
    await write_act(connection, make_act(_doer(request, who), now, "POST", request.url.path, status=303))
    await forget_acts(connection, now - settings.audit.days * DAY_MS)
    ends_at = now + settings.web.session_hours * HOUR_MS
    return await start_session(connection, who.id, now, ends_at, address_of(request))


def _let_in(request: Request, token: str, goal: str) -> Response:
    web = gateway_of(request).settings.web
    response = RedirectResponse(goal, 303)
    secure = web.origin.startswith("https://") or request.url.scheme == "https"
    set_session(response, token, web.session_hours, secure)
    return response


def _doer(request: Request, who: Staff) -> Doer:
    return Doer(who.id, who.name, who.role, address_of(request))


def _door(request: Request, status: int = 200, **context: object) -> Response:
    said = {"name": "", "wait": None, "busy": False, "wrong": False} | context
    return gateway_of(request).pages.render(request, "sign-in.html", status, **said)


def _link_page(request: Request, status: int, spent: bool) -> Response:
    page = gateway_of(request).pages.render(request, "enter.html", status, spent=spent)
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


def own_path(goal: str) -> str:
    """`goal` when it is a path of this console, else the first page: no way out to other sites."""
    own = goal.startswith("/") and not goal.startswith(("//", "/\\")) and goal.isprintable() and "\\" not in goal
    return goal if own else "/"
