"""The call sheet: whom to call now, for a phone, a desk and paper; a tap writes down what came of a call."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from cloud_gateway.database import reading
from cloud_gateway.outreach.answering import MAX_NOTE
from cloud_gateway.outreach.routes import DESK, CallResult, keep_result
from cloud_gateway.outreach.store_calls import list_calls
from cloud_gateway.outreach.store_checks import list_checks
from cloud_gateway.outreach.watching import silences
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import invalid
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
require_desk = require_role(*DESK)
Caller = Annotated[Staff, Depends(require_desk)]
Note = Annotated[str, Form(max_length=4 * MAX_NOTE)]
#: The buttons beside a call, the plain outcome first.
RESULTS = {
    "acting": _("They act"),
    "no-reply": _("No reply"),
    "need-help": _("Need help"),
    "unsafe": _("Not safe"),
    "not-mine": _("Not theirs"),
}
#: What a page says of whatever is silent or fails.
SILENCES = {
    "worker": _("The outreach process shows no sign of life: messages wait."),
    "watch": _("Nobody watches the channels: start weiran outreach watch."),
    "notice": _("Notices do not reach the devices on site."),
}
_OTHERS = _("%(channel)s: its test failed")


@router.get("/calls")
async def show_calls(request: Request, visitor: Visitor) -> Response:
    """Whom to call, the most pressing first; those who may not call see no numbers either."""
    await require_desk(request)
    gateway = gateway_of(request)
    now = gateway.clock()
    async with reading(gateway.engine) as connection:
        calls = await list_calls(connection, now)
        checks = await list_checks(connection)
    silent = silences(checks, gateway.settings.outreach, now_ms())
    return gateway.pages.render(
        request,
        "calls.html",
        calls=calls,
        results=RESULTS,
        silent=silent,
        silences=SILENCES,
        visitor=visitor,
        now=now,
        zone=gateway.settings.outreach.zone,
        notice=gateway.settings.web.notice,
    )


@router.post("/calls/{message}")
async def take_result(
    request: Request, who: Caller, message: str, result: Annotated[str, Form()], note: Note = ""
) -> Response:
    """Write down what came of a call, and show the sheet again."""
    try:
        said = CallResult.model_validate({"result": result, "note": note.strip()[:MAX_NOTE]})
    except ValidationError as exc:
        raise invalid("result", "not one of the buttons") from exc
    await keep_result(request, who, message, said)
    return RedirectResponse("/calls", 303)
