"""The console's pages of figures: by period, and a clerk's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading
from cloud_gateway.ratings.desk import PageReader, Publisher, asked_period
from cloud_gateway.ratings.figures_page import compose_page
from cloud_gateway.ratings.reading import read_figures, read_own
from cloud_gateway.ratings.routes import PublicationAsked, make_publication
from cloud_gateway.ratings.scores import list_levels
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import Visitor
from cloud_gateway.staff.roles import Role
from edge_agent.web.pages import language_of

router = APIRouter(include_in_schema=False)
PUBLISHERS = (Role.ADMINISTRATOR, Role.COUNTER_MANAGER, Role.OPERATIONS)
Period = Annotated[str | None, Query(max_length=10)]


@router.get("/ratings")
async def show_ratings(request: Request, visitor: PageReader, period: Period = None) -> Response:
    """The figures of a period."""
    asked = asked_period(request, period)
    gateway, language = gateway_of(request), language_of(request)
    async with reading(gateway.engine) as connection:
        seen = await read_figures(connection, asked, gateway.settings.ratings.publish_k, visitor.name)
        frame = await read_frame(connection, gateway.clock())
    page = compose_page(seen, language, gateway.pages.words.of(language))
    shown: dict[str, object] = {"unplaced": seen.unplaced, "apart": seen.apart}
    shown |= {
        "zone": gateway.settings.ratings.zone,
        "page": page,
        "period": asked,
        "editions": seen.editions,
        "may_publish": visitor.role in PUBLISHERS,
    }
    return render_page(request, "ratings.html", visitor, frame, False, 200, **shown)


@router.post("/ratings/publications")
async def publish_period(request: Request, who: Publisher, period: Annotated[str, Form(max_length=10)]) -> Response:
    """Publish, and show the figures of the period again."""
    made = await make_publication(request, who, PublicationAsked(period=period))
    return RedirectResponse(f"/ratings?period={made.period}#publications", 303)


@router.get("/ratings/own")
async def show_own(request: Request, visitor: Visitor) -> Response:
    """A clerk's own ratings, a batch of k at a time."""
    gateway = gateway_of(request)
    k = gateway.settings.ratings.batch_k
    async with reading(gateway.engine) as connection:
        own = await read_own(connection, visitor.name, k)
        frame = await read_frame(connection, gateway.clock())
    counts = {} if own is None else own.counts
    tables = [
        (scale, [(level, by_score[level.score - 1]) for level in list_levels(scale, language_of(request))])
        for scale, by_score in sorted(counts.items())
    ]
    return render_page(request, "own-ratings.html", visitor, frame, False, own=own, tables=tables, k=k)
