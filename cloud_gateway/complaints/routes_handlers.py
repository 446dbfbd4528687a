"""The API of who handles complaints and call-backs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.complaints.readers import WRITERS, Reader
from cloud_gateway.complaints.store_handlers import Away, Handler, list_handlers, put_handler
from cloud_gateway.database import reading, transaction
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import require_role
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(tags=["complaints"])
Mail = Annotated[str, Field(max_length=200, pattern=r"^([!-?A-~]+@[!-?A-~]+)?$", description="Where reminders go.")]


class AwayEntry(BaseModel):
    """Local days of absence, both included."""

    model_config = ConfigDict(extra="forbid")

    since: date
    until: date


class HandlerEntry(BaseModel):
    """What is known of a handler."""

    model_config = ConfigDict(extra="forbid")

    skills: list[str] = Field([], max_length=50)
    manages: list[str] = Field([], max_length=500, description="Numbers of the clerks of whom this is the manager.")
    absences: list[AwayEntry] = Field([], max_length=100)
    ended: bool = False
    mail: Mail = ""
    above: str = Field("", max_length=64, description="The handler who is told too once a last day has passed.")


class MailEntry(BaseModel):
    """Where a handler's reminders go; empty: nowhere."""

    model_config = ConfigDict(extra="forbid")

    mail: Mail


@dataclass(frozen=True)
class HandlerView:
    """A handler; `load`: the weight of what is in hand."""

    staff: str
    skills: list[str]
    manages: list[str]
    absences: list[AwayEntry]
    ended: bool
    load: int
    mail: str
    above: str


@router.get("/handlers")
async def show_handlers(request: Request, _who: Reader) -> list[HandlerView]:
    """Who takes complaints and call-backs."""
    async with reading(gateway_of(request).engine) as connection:
        return [_view_handler(one) for one in await list_handlers(connection)]


@router.put("/handlers/{staff}", status_code=204, dependencies=[Depends(require_role(*WRITERS))])
async def enter_handler(request: Request, staff: str, entry: HandlerEntry) -> Response:
    """Enter a handler, or put these facts in place of what was known."""
    away = tuple(Away(one.since, one.until) for one in entry.absences)
    one = Handler(
        staff, tuple(entry.skills), tuple(entry.manages), away, entry.ended, mail=entry.mail, above=entry.above
    )
    try:
        async with transaction(gateway_of(request).engine) as connection:
            await put_handler(connection, one, now_ms())
    except LookupError as exc:
        title = _("There is no such member of staff.")
        raise Problem(404, "no_staff", title, _("Enter them with weiran gateway staff first."), "staff") from exc
    return Response(status_code=204)


def _view_handler(one: Handler) -> HandlerView:
    away = [AwayEntry(since=span.since, until=span.until) for span in one.absences]
    return HandlerView(one.staff, list(one.skills), list(one.manages), away, one.ended, one.load, one.mail, one.above)
