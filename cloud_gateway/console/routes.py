"""The live page, and the parts of it that change."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from cloud_gateway.board.cards import sort_case
from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.board.reading import read_frame, read_worst
from cloud_gateway.console.labels import Labels
from cloud_gateway.console.overview import compose_overview
from cloud_gateway.console.store import read_snapshot
from cloud_gateway.console.views import Overview
from cloud_gateway.database import reading
from cloud_gateway.evidence.store import read_state
from cloud_gateway.evidence.store_witnesses import list_codes
from cloud_gateway.evidence.witnessing import judge_log
from cloud_gateway.ratings.store_unplaced import list_unplaced
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import Visitor
from cloud_gateway.staff.store import Staff
from cloud_gateway.storage.routes import storage_message
from edge_agent.web.pages import language_of

router = APIRouter(include_in_schema=False)
api = APIRouter(tags=["sites"])


@router.get("/")
async def show_overview(request: Request, visitor: Visitor) -> Response:
    """The live page."""
    return await _render(request, "overview.html", visitor)


@router.get("/overview/state")
async def show_state(request: Request, visitor: Visitor) -> Response:
    """The changing parts of the live page alone, to be put in place by its script."""
    return await _render(request, "state.html", visitor)


async def _render(request: Request, template: str, visitor: Staff) -> Response:
    gateway, now = gateway_of(request), now_ms()
    language = language_of(request)
    labels = Labels(language, gateway.pages.words.of(language))
    async with reading(gateway.engine) as connection:
        snapshot = await read_snapshot(connection)
        frame = await read_frame(connection, gateway.clock())
        worst = await read_worst(connection)
        evidence = judge_log((await read_state(connection)).fault, await list_codes(connection))
        unplaced = await list_unplaced(connection)
    warned = sort_case(worst, BoardLabels(language, labels.words), frame.now)
    page = compose_overview(snapshot, now, labels, in_scenario=bool(gateway.settings.web.notice))
    return gateway.pages.render(
        request,
        template,
        page=page,
        storage=storage_message(gateway.settings),
        evidence=evidence,
        unplaced=unplaced,
        anybody=gateway.settings.devices.admit == "any",
        visitor=visitor,
        frame=frame,
        warned=[warned.card(event) for event in worst.events],
        notice=gateway.settings.web.notice,
        story_time=gateway.settings.clock_file is not None,
        model=make_model(page, now),
        script_words=labels.for_scripts(),
    )


def make_model(page: Overview, now: int) -> dict[str, object]:
    """What the page's script needs, as plain JSON: all sites for the map, those that are charted with their streams."""
    charted = {site.code: site for site in page.charted}
    return {
        "now": now,
        "clock": page.clock,
        "simulated": page.simulated_clock,
        "heard_at": page.heard_at,
        "zone": page.zone,
        "event": page.newest_event,
        "pace": page.pace,
        "sites": msgspec.to_builtins([charted.get(site.code, site) for site in page.sites]),
    }


@api.get("/outline", response_class=FileResponse, responses={204: {"description": "There is no outline"}})
async def give_outline(request: Request) -> Response:
    """The project's own outline of the land around the sites, GeoJSON in WGS-84; 204 without one."""
    file = gateway_of(request).settings.data_dir / "outline.geojson"
    if not file.is_file():
        return Response(status_code=204)
    return FileResponse(file, media_type="application/geo+json")
