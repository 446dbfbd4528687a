"""The public wall: all ratings on the web, the newest first, each with all that was said to it and its proof."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from cloud_gateway.database import reading
from cloud_gateway.evidence.store import BrokenLog
from cloud_gateway.evidence.verifier import read_verifier
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.ratings import store_masks, store_web
from cloud_gateway.ratings.invitations import STAGES, Stage
from cloud_gateway.ratings.proving import Proven, prove_entry
from cloud_gateway.ratings.visitors import AtPace, keep_pace, seal
from cloud_gateway.ratings.wall import PAGE, Choice
from cloud_gateway.ratings.wall_documents import ProofDocument, RatingDocument, document_of
from cloud_gateway.ratings.wall_views import view_rating
from cloud_gateway.ratings.web_acts import Place, no_rating
from cloud_gateway.running import gateway_of
from edge_agent.web.pages import language_of
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/wall", tags=["wall"], dependencies=[Depends(keep_pace)])
StageName = Annotated[str, Query(alias="stage", pattern=f"^({'|'.join(Stage)})?$", description="Only of this stage.")]
StationCode = Annotated[str, Query(alias="station", max_length=64, description="Only of the station of this code.")]
Before = Annotated[int | None, Query(ge=0, lt=2**53)]


@router.get("/wall")
async def show_wall(
    request: Request, _pace: AtPace, stage: StageName = "", station: StationCode = "", before: Before = None
) -> Response:
    """A page of the wall."""
    gateway, language = gateway_of(request), language_of(request)
    async with reading(gateway.engine) as connection:
        found = await store_web.list_wall(connection, Choice(stage, station, before), PAGE + 1)
        stations = await store_web.list_stations(connection)
    page = gateway.pages.render(
        request,
        "wall.html",
        shown=[view_rating(one, language, stations) for one in found[:PAGE]],
        older=found[PAGE - 1].place if len(found) > PAGE else None,
        first=before is None,
        stages=STAGES,
        stations=stations,
        stage=stage,
        station=station,
        zone=gateway.settings.ratings.zone,
        notice=gateway.settings.web.notice,
        verifier=read_verifier().sha256,
    )
    return seal(page)


@router.get("/wall/{place}")
async def show_rating(request: Request, place: Place, _pace: AtPace) -> Response:
    """One rating, with the proof of its entry."""
    gateway, language = gateway_of(request), language_of(request)
    async with reading(gateway.engine) as connection:
        found = await store_web.find_rating(connection, place)
        stations = await store_web.list_stations(connection)
        proven = await _prove(connection, place) if found is not None else None
    if found is None or proven is None:
        raise no_rating()
    shown = view_rating(found, language, stations)
    entry = json.dumps(json.loads(proven.entry), indent=2, ensure_ascii=False)
    context = {"zone": gateway.settings.ratings.zone, "notice": gateway.settings.web.notice}
    return seal(gateway.pages.render(request, "wall-rating.html", shown=shown, proven=proven, entry=entry, **context))


@api.get("")
async def list_ratings(
    request: Request, stage: StageName = "", station: StationCode = "", after: After = None, limit: Limit = 100
) -> Page[RatingDocument]:
    """The ratings of the wall, the newest first."""
    key = decode_cursor(after, int)
    choice = Choice(stage, station, int(key[0]) if key else None)
    async with reading(gateway_of(request).engine) as connection:
        found = await store_web.list_wall(connection, choice, limit + 1)
    return make_page([document_of(one) for one in found], limit, lambda one: [one.place])


@api.get("/{place}")
async def read_rating(request: Request, place: Place) -> RatingDocument:
    """One rating with all that was said to it."""
    async with reading(gateway_of(request).engine) as connection:
        found = await store_web.find_rating(connection, place)
    if found is None:
        raise no_rating()
    return document_of(found)


@api.get("/{place}/proof")
async def read_proof(request: Request, place: Place) -> ProofDocument:
    """The entry of a rating, or of something said to one, with its proof; `holds` is what was found here."""
    async with reading(gateway_of(request).engine) as connection:
        known = await store_masks.find_rating_of(connection, place)
        proven = await _prove(connection, place) if known is not None else None
        salt, text = await store_masks.find_shown(connection, place) or (None, None)
    if proven is None:
        raise no_rating()
    facts = (proven.leaf.hex(), proven.holds, proven.inclusion, salt, text)
    return ProofDocument(place, json.loads(proven.entry), *facts)


async def _prove(connection: Connection, place: int) -> Proven | None:
    try:
        return await prove_entry(connection, place)
    except BrokenLog as exc:
        remedy = _("Tell the operator: nothing can be proven until this is found.")
        raise Problem(500, "broken_log", _("The evidence log is damaged."), remedy, detail=str(exc)) from exc
