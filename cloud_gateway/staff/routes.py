"""Signing in by password or by one-time link, and signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.database import reading, transaction
from cloud_gateway.running import Gateway, gateway_of, now_ms
from cloud_gateway.staff import store
from cloud_gateway.staff.guard import COOKIE, find_staff, set_session
from cloud_gateway.staff.passwords import Busy

router = APIRouter(include_in_schema=False)
Name = Annotated[str, Form(max_length=64)]
Password = Annotated[str, Form(max_length=1000)]
Next = Annotated[str, Form(max_length=500)]
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
    gateway, now = gateway_of(request), now_ms()
    key = f"{name.strip().casefold()}|{request.client.host if request.client else ''}"
    if wait := gateway.throttle.wait_ms(key, now):
        return _door(request, 429, next=own_path(next), name=name, wait=wait + 999)
    try:
        who = await _check(gateway, name.strip(), password)
    except Busy:
        return _door(request, 503, next=own_path(next), name=name, busy=True)
    if who is None:
        gateway.throttle.fail(key, now)
        return _door(request, 403, next=own_path(next), name=name, wrong=True)
    gateway.throttle.forget(key)
    return await _enter(request, who, own_path(next))


async def _check(gateway: Gateway, name: str, password: str) -> str | None:
    """The id of the member of staff whose password this is."""
    async with reading(gateway.engine) as connection:
        who = await store.find_staff(connection, name)
    known = None if who is None or who.disabled_at is not None else who
    fits = await gateway.passwords.verify(known.password if known else None, password)
    return known.id if known and fits else None


@router.get("/enter")
async def show_enter(request: Request, spent: bool = False) -> Response:
    """The page behind a one-time link: the token stays in the fragment until the script posts it."""
    return _link_page(request, 200, spent)


@router.post("/enter")
async def enter(request: Request, token: Token = "") -> Response:
    """Consume a one-time link."""
    gateway, now = gateway_of(request), now_ms()
    async with transaction(gateway.engine) as connection:
        who = await store.use_link(connection, token, now)
    if who is None:
        return _link_page(request, 403, True)
    return await _enter(request, who, "/")


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session."""
    async with transaction(gateway_of(request).engine) as connection:
        await store.end_session(connection, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


async def _enter(request: Request, who: str, goal: str) -> Response:
    gateway, now = gateway_of(request), now_ms()
    web = gateway.settings.web
    async with transaction(gateway.engine) as connection:
        token = await store.start_session(connection, who, now, now + web.session_hours * 3_600_000)
    response = RedirectResponse(goal, 303)
    secure = web.origin.startswith("https://") or request.url.scheme == "https"
    set_session(response, token, web.session_hours, secure)
    return response


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
