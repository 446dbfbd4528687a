"""Who is asking: the session of a request, and what a route demands of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from cloud_gateway.database import TransactionRefused, reading, transaction
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from cloud_gateway.staff.store_sessions import find_session, note_seen
from edge_agent.web.pages import Ways, lead_to_first
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

COOKIE = "weiran_session"
#: How exactly it is known when a session was last used, ms.
SEEN_MS = 300_000
log = logging.getLogger(__name__)


class SignInNeeded(Exception):
    """A page was asked for without a session; answered by a way to the sign-in page."""


async def find_staff(request: Request) -> Staff | None:
    """Whose session the request carries; now and then it is noted where the session was last used."""
    token, now = request.cookies.get(COOKIE, ""), now_ms()
    if not token or len(token) > 100:
        return None
    async with reading(gateway_of(request).engine) as connection:
        found = await find_session(connection, token, now)
    if found is None:
        return None
    who, session = found
    if now - session.seen_at >= SEEN_MS:
        await _note_seen(request, token, now)
    return who


async def _note_seen(request: Request, token: str, now: int) -> None:
    try:
        async with transaction(gateway_of(request).engine) as connection:
            await note_seen(connection, token, address_of(request), now)
    except TransactionRefused:  # a page that can still be read is worth more
        log.warning("when a session was last used cannot be written down")


def address_of(request: Request) -> str:
    """The network address a request came from."""
    return request.client.host if request.client else ""


async def is_signed_in(request: Request) -> bool:
    """Whether the session still holds; asked again and again by long answers."""
    return await find_staff(request) is not None


async def require_staff(request: Request) -> Staff:
    """The member of staff, or Problem 401: for the API."""
    who = await find_staff(request)
    if who is None:
        raise not_signed_in()
    return who


def not_signed_in() -> Problem:
    """401."""
    return Problem(401, "sign_in_needed", _("You are not signed in."), _("Sign in, then try again."))


async def require_visitor(request: Request) -> Staff:
    """The member of staff, or SignInNeeded: for pages."""
    who = await find_staff(request)
    if who is None:
        raise SignInNeeded
    return who


def ways_back(request: Request) -> Ways:
    """Where a wrong address leads back to: who is not signed in has no use for the console's first page."""
    if COOKIE in request.cookies:
        return lead_to_first(request)
    return [("/wall", _("The public wall")), ("/sign-in", _("Sign in"))]


def require_role(*roles: Role) -> Callable[[Request], Awaitable[Staff]]:
    """A dependency that admits these roles only, else Problem 403."""

    async def check(request: Request) -> Staff:
        who = await require_staff(request)
        if who.role not in roles:
            remedy = _("Ask an administrator for a role that may.")
            raise Problem(403, "role_may_not", _("Your role may not do this."), remedy)
        return who

    return check


Visitor = Annotated[Staff, Depends(require_visitor)]


def set_session(response: Response, token: str, hours: int, secure: bool) -> None:
    """Put the session in the browser: out of reach of scripts, not sent along from other sites."""
    response.set_cookie(COOKIE, token, max_age=hours * 3600, path="/", secure=secure, httponly=True, samesite="lax")
