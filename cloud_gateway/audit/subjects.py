"""How a route tells the layer around it what its act was about, where the address does not say it."""

from __future__ import annotations

from fastapi import Request
from starlette.types import Scope

KEY = "act_subject"


def say_subject(request: Request, subject: str) -> None:
    """The act is about this: an id or a name of staff, never a text that somebody wrote."""
    setattr(request.state, KEY, subject)


def said_subject(scope: Scope) -> str | None:
    """What the route said, if anything."""
    found: str | None = getattr(Request(scope).state, KEY, None)
    return found
