"""The layer around the application that writes down each change a signed-in person asks for, before it is made."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_gateway.audit.addresses import Goal, Route, find_goal
from cloud_gateway.audit.store import Act, Doer, end_act, make_act, write_act
from cloud_gateway.audit.subjects import said_subject
from cloud_gateway.database import transaction
from cloud_gateway.running import Gateway, gateway_of, now_ms
from cloud_gateway.staff.guard import address_of, find_staff
from edge_agent.web.headers import SAFE_METHODS
from edge_agent.web.problems import Problem, answer
from edge_agent.web.words import _

#: They write their own acts, for who acts is known only when they are done.
OWN = frozenset({"/sign-in", "/enter"})
FAILED = 500
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Audit:
    """ASGI middleware. `routes` can change something; `keyed` are paths with a secret in them, as `Shield` has them."""

    app: ASGIApp
    routes: Sequence[Route]
    keyed: Sequence[str] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write the act, let the application work, write what came of it; an act that cannot be written is refused."""
        goal = None if scope["type"] != "http" or scope["method"] in SAFE_METHODS else self._find_goal(scope)
        if goal is None or goal.route in OWN:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            written = await _write(request, goal)
        except SQLAlchemyError as exc:
            log.error("an act cannot be written down, so it is refused: %s", type(exc).__name__)
            await answer(_not_written(), request, gateway_of(request).pages)(scope, receive, send)
            return
        if written is None:
            await self.app(scope, receive, send)
        else:
            await self._follow(written, scope, receive, send)

    def _find_goal(self, scope: Scope) -> Goal | None:
        return find_goal(scope["method"], scope["path"], self.routes, self.keyed)

    async def _follow(self, written: Act, scope: Scope, receive: Receive, send: Send) -> None:
        gateway, begun = gateway_of(Request(scope)), time.monotonic()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":  # before the answer leaves: who has it finds the act complete
                await _end(gateway, written.id, message["status"], begun, said_subject(scope))
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception:
            await _end(gateway, written.id, FAILED, begun)
            raise


async def _write(request: Request, goal: Goal) -> Act | None:
    """The act, written down; None when nobody is signed in. Raises SQLAlchemyError."""
    who = await find_staff(request)
    if who is None:
        return None
    doer = Doer(who.id, who.name, who.role, address_of(request))
    made = make_act(doer, now_ms(), request.method, goal.route, goal.subject)
    async with transaction(gateway_of(request).engine) as connection:
        await write_act(connection, made)
    return made


async def _end(gateway: Gateway, name: str, status: int, begun: float, subject: str | None = None) -> None:
    took_ms = round((time.monotonic() - begun) * 1000)
    try:
        async with transaction(gateway.engine) as connection:
            await end_act(connection, name, status, took_ms, subject)
    except SQLAlchemyError as exc:  # it was done: its outcome stays "not known"
        log.error("the outcome of an act cannot be written down: %s", type(exc).__name__, extra={"act": name})


def _not_written() -> Problem:
    title = _("This cannot be written down right now, so it was not done.")
    return Problem(503, "act_not_written", title, _("Try again in a minute; if it happens again, tell operations."))


def list_changing(routes: Sequence[BaseRoute]) -> tuple[Route, ...]:
    """Those of an application's routes that change something, in the order in which they are asked."""
    found = []
    for route in iter_route_contexts(routes):
        methods = frozenset(route.methods or ()) - SAFE_METHODS
        if methods and route.path_format is not None:
            found.append(Route(methods, route.path_format, route.path_regex))
    return tuple(found)
