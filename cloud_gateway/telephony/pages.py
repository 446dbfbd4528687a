"""The page of call-backs, what came of each, and customers' telephones that are doubtful."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.complaints.readers import Writer
from cloud_gateway.complaints.rendering import render, today_of
from cloud_gateway.database import reading, transaction
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import Visitor
from cloud_gateway.telephony import store_callbacks, store_phones
from cloud_gateway.telephony.routes import keep_result
from cloud_gateway.telephony.store import has_simulated
from cloud_gateway.telephony.store_callbacks import Result

router = APIRouter(include_in_schema=False)
MOST = 200


@router.get("/call-backs")
async def show_calls(request: Request, visitor: Visitor) -> Response:
    """Customers to be called, one's own first, and doubtful telephones; numbers are masked."""
    most = gateway_of(request).settings.telephony.most_policies
    async with reading(gateway_of(request).engine) as connection:
        calls = await store_callbacks.list_calls(connection, MOST)
        ended = await store_callbacks.list_calls(connection, 20, is_open=False)
        doubtful = await store_phones.list_suspicions(connection, most, limit=MOST)
        simulated = await has_simulated(connection)
    today = today_of(request)
    own = sorted(calls, key=lambda one: (one.handler != visitor.name, one.due, one.id))
    timed = [(one, (date.fromisoformat(one.due) - today).days) for one in own]
    context = {"calls": timed, "ended": ended, "doubtful": doubtful, "most": most}
    return await render(request, "call-backs.html", visitor, simulated, section="call-backs", **context)


@router.post("/call-backs/{call}/result")
async def enter_result(request: Request, call: str, who: Writer, result: Annotated[Result, Form()]) -> Response:
    """Write down what came of a call, and show the list again."""
    async with transaction(gateway_of(request).engine) as connection:
        await keep_result(connection, who, call, result)
    return RedirectResponse("/call-backs", 303)
