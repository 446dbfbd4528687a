"""Measures how long each answer of the web process takes to begin, by the route that gave it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Files, and addresses that nothing answers at: they have no route of ours.
FILES, NOTHING = "/static", "none"
#: A route knows its path without that of the router that holds it.
API = "/api/v1"


@dataclass(frozen=True)
class Timing:
    """ASGI middleware around a whole application; `note` is told method, route, status and seconds.

    An answer is timed until its head: a stream of events never ends.
    """

    app: ASGIApp
    note: Callable[[str, str, int, float], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.monotonic()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.note(scope["method"], route_of(scope), message["status"], time.monotonic() - begun)
            await send(message)

        await self.app(scope, receive, noting)


def route_of(scope: Scope) -> str:
    """The template of the route that took the request: one of a fixed set, whatever was asked for."""
    template = getattr(scope.get("route"), "path", None)
    path = scope["path"]
    if not isinstance(template, str) or not template:
        return FILES if path.startswith(f"{FILES}/") else NOTHING
    return f"{API}{template}" if path.startswith(f"{API}/") and not template.startswith(API) else template
