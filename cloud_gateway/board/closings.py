"""The page on which a duty engineer ends a warning that has no end of its own, in their own name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.closing import ClosingPage, compose_closing
from cloud_gateway.board.reading import read_closing, read_frame
from cloud_gateway.board.rendering import desk_of, render_page
from cloud_gateway.database import reading
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.store import Staff
from cloud_gateway.warnings.routes import CLOSERS, LEAST_REASON, MOST_REASON, Reason, no_warning, sign_closing

router = APIRouter(include_in_schema=False)
require_closer = require_role(*CLOSERS)
Closer = Annotated[Staff, Depends(require_closer)]
Id = Annotated[str, Path(max_length=36)]
Text = Annotated[str, Form(max_length=MOST_REASON + 1000)]


@router.get("/warnings/{warning}/closing")
async def show_closing(request: Request, visitor: Visitor, warning: Id) -> Response:
    """What ending this warning would do, and the form that does it."""
    await require_closer(request)
    return await _show(request, visitor, warning)


@router.post("/warnings/{warning}/closing")
async def close(
    request: Request, who: Closer, warning: Id, reason: Text = "", signed: Annotated[str, Form()] = ""
) -> Response:
    """End it, and lead to its gravest event, where the closing stands."""
    said = reason.strip()
    wrong = ["reason"] if not LEAST_REASON <= len(said) <= MOST_REASON else []
    wrong += [] if signed == "yes" else ["signed"]
    if wrong:
        return await _show(request, who, warning, said, wrong)
    event = await _gravest_event(request, warning)
    await sign_closing(request, who, warning, Reason(reason=said))
    return RedirectResponse(f"/hazard-events/{event}" if event else "/warnings", 303)


async def _show(request: Request, who: Staff, warning: str, reason: str = "", wrong: Sequence[str] = ()) -> Response:
    gateway, now = gateway_of(request), gateway_of(request).clock()
    async with reading(gateway.engine) as connection:
        found = await read_closing(connection, warning, gateway.settings.gauges, gateway.settings.outreach.ladder, now)
        frame = await read_frame(connection, now)
    if found is None:
        raise no_warning()
    desk = desk_of(request, found.case, now)
    page: ClosingPage = compose_closing(desk, found.warned, found.foresight, found.closings, reason, wrong)
    return render_page(
        request, "warning-closing.html", who, frame, page.simulated, status=422 if wrong else 200, page=page
    )


async def _gravest_event(request: Request, warning: str) -> str:
    gateway, now = gateway_of(request), gateway_of(request).clock()
    async with reading(gateway.engine) as connection:
        found = await read_closing(connection, warning, gateway.settings.gauges, gateway.settings.outreach.ladder, now)
    return found.case.events[0].id if found is not None and found.case.events else ""
