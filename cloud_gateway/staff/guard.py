"""Who is asking: the session of a request, and what a route demands of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from cloud_gateway.database import reading
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff import store
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

COOKIE = "weiran_session"


class SignInNeeded(Exception):
    """A page was asked for without a session; answered by a way to the sign-in page."""


async def find_staff(request: Request) -> Staff | None:
    """Whose session the request carries."""
    token = request.cookies.get(COOKIE, "")
    if not token or len(token) > 100:
        return None
    async with reading(gateway_of(request).engine) as connection:
        return await store.find_session(connection, token, now_ms())


async def is_signed_in(request: Request) -> bool:
    """Whether the session still holds; asked again and again by long answers."""
    return await find_staff(request) is not None


async def require_staff(request: Request) -> Staff:
    """The member of staff, or Problem 401: for the API."""
    who = await find_staff(request)
    if who is None:
        raise Problem(401, "sign_in_needed", _("You are not signed in."), _("Sign in, then try again."))
    return who


async def require_visitor(request: Request) -> Staff:
    """The member of staff, or SignInNeeded: for pages."""
    who = await find_staff(request)
    if who is None:
        raise SignInNeeded
    return who


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
