"""Who may see the figures of ratings, and that a regulator's looks are written down before anything is shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from cloud_gateway.database import transaction
from cloud_gateway.ratings.days import Period, local_day, read_period
from cloud_gateway.ratings.store_figures import note_view
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import Visitor, require_role, require_staff
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

READERS = (Role.ADMINISTRATOR, Role.COUNTER_MANAGER, Role.OPERATIONS, Role.REGULATOR)
Publisher = Annotated[Staff, Depends(require_role(Role.ADMINISTRATOR, Role.COUNTER_MANAGER, Role.OPERATIONS))]
Auditor = Annotated[Staff, Depends(require_role(Role.ADMINISTRATOR, Role.REGULATOR))]
Anybody = Annotated[Staff, Depends(require_staff)]


async def read_as(request: Request, who: Annotated[Staff, Depends(require_role(*READERS))]) -> Staff:
    """The reader of an API; a regulator's look is written down. Raises Problem 403."""
    await _note(request, who)
    return who


async def look_as(request: Request, who: Annotated[Staff, Depends(require_staff)]) -> Staff:
    """Whoever has signed in; a regulator's look is written down."""
    await _note(request, who)
    return who


async def visit_as(request: Request, who: Visitor) -> Staff:
    """The reader of a page, the same way. Raises SignInNeeded, Problem 403."""
    if who.role not in READERS:
        remedy = _("Ask an administrator for a role that may.")
        raise Problem(403, "role_may_not", _("Your role may not do this."), remedy)
    await _note(request, who)
    return who


Reader = Annotated[Staff, Depends(read_as)]
Onlooker = Annotated[Staff, Depends(look_as)]
PageReader = Annotated[Staff, Depends(visit_as)]


async def _note(request: Request, who: Staff) -> None:
    if who.role == Role.REGULATOR:
        what = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        async with transaction(gateway_of(request).engine) as connection:
            await note_view(connection, who.name, what[:300], now_ms())


def asked_period(request: Request, text: str | None) -> Period:
    """The period asked for, else the month of now. Raises Problem 422."""
    gateway = gateway_of(request)
    try:
        return read_period(text or local_day(gateway.clock(), gateway.settings.ratings.zone)[:7])
    except ValueError as exc:
        raise invalid("period", str(exc)) from exc
