"""The console's page of ratings on the web: the newest with what staff may say to them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading, transaction
from cloud_gateway.ratings import store_web
from cloud_gateway.ratings.appeals import Mark
from cloud_gateway.ratings.mask_desk import KEEPERS
from cloud_gateway.ratings.replies import MAX_TEXT, Outcome
from cloud_gateway.ratings.wall import PAGE, Choice
from cloud_gateway.ratings.wall_views import view_rating
from cloud_gateway.ratings.web_acts import Place, append_appeal, append_reply, append_ruling
from cloud_gateway.ratings.web_desk import Desk
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.roles import Role
from edge_agent.web.pages import language_of

router = APIRouter(include_in_schema=False)
WRITERS = (Role.OPERATIONS, Role.COUNTER_MANAGER, Role.ADMINISTRATOR)
require_reader = require_role(*WRITERS, Role.REGULATOR)
Text = Annotated[str, Form(max_length=4 * MAX_TEXT)]
Name = Annotated[str, Form(min_length=1, max_length=64)]


@router.get("/wall-desk")
async def show_desk(
    request: Request, visitor: Visitor, before: Annotated[int | None, Query(ge=0, lt=2**53)] = None
) -> Response:
    """The newest ratings, with forms for who may use them."""
    await require_reader(request)
    gateway, language = gateway_of(request), language_of(request)
    async with reading(gateway.engine) as connection:
        found = await store_web.list_wall(connection, Choice(before=before), PAGE + 1)
        stations = await store_web.list_stations(connection)
        frame = await read_frame(connection, gateway.clock())
    return render_page(
        request,
        "wall-desk.html",
        visitor,
        frame,
        False,
        shown=[(view_rating(one, language, stations), one.mark) for one in found[:PAGE]],
        older=found[PAGE - 1].place if len(found) > PAGE else None,
        marks=Mark,
        may=visitor.role in WRITERS,
        may_mask=visitor.role in KEEPERS,
        longest=MAX_TEXT,
        zone=gateway.settings.ratings.zone,
    )


@router.post("/wall-desk/{place}/replies")
async def write_reply(request: Request, who: Desk, place: Place, text: Text) -> Response:
    """Append a reply."""
    async with transaction(gateway_of(request).engine) as connection:
        await append_reply(connection, who, place, text)
    return _back(place)


@router.post("/wall-desk/{place}/appeals")
async def write_appeal(request: Request, who: Desk, place: Place, text: Text, clerk: Name, manager: Name) -> Response:
    """Append a clerk's appeal."""
    async with transaction(gateway_of(request).engine) as connection:
        await append_appeal(connection, who, place, text, clerk, manager)
    return _back(place)


@router.post("/wall-desk/{place}/rulings")
async def write_ruling(
    request: Request, who: Desk, place: Place, text: Text, outcome: Annotated[Outcome, Form()]
) -> Response:
    """Append a ruling."""
    async with transaction(gateway_of(request).engine) as connection:
        await append_ruling(connection, who, place, text, outcome)
    return _back(place)


def _back(place: int) -> Response:
    return RedirectResponse(f"/wall-desk#rating-{place}", 303)
