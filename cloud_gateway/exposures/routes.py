"""The API of exposures and hazard events."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request

from cloud_gateway.database import reading
from cloud_gateway.exposures import store_storms, store_views
from cloud_gateway.exposures.views import EventStory, EventView, ExposureView, StormExposureView
from cloud_gateway.running import gateway_of
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(tags=["exposures"])
State = Annotated[Literal["open", "all"], Query(description="Only what stands, or everything.")]
OfSite = Annotated[str | None, Query(max_length=32, description="Only those of the site with this code.")]


@router.get("/exposures")
async def list_exposures(
    request: Request, state: State = "open", site: OfSite = None, after: After = None, limit: Limit = 100
) -> Page[ExposureView]:
    """Sites touched by official warnings, with the reason and how sure; those of the newest warning first."""
    key = decode_cursor(after, str, str, str)
    async with reading(gateway_of(request).engine) as connection:
        rows = await store_views.list_exposures(connection, state == "open", site, key, limit + 1)
    return make_page(rows, limit, lambda one: [one.warning, one.site, one.hazard])


@router.get("/storm-exposures")
async def list_storm_exposures(
    request: Request, state: State = "open", site: OfSite = None, after: After = None, limit: Limit = 100
) -> Page[StormExposureView]:
    """Sites within the winds of storms' tracks: advice, no warning; those of the newest advisory first."""
    key = decode_cursor(after, str, str)
    async with reading(gateway_of(request).engine) as connection:
        rows = await store_storms.list_storm_exposures(connection, state == "open", site, key, limit + 1)
    return make_page(rows, limit, lambda one: [one.track, one.site])


@router.get("/hazard-events")
async def list_hazard_events(
    request: Request, state: State = "open", site: OfSite = None, after: After = None, limit: Limit = 100
) -> Page[EventView]:
    """Events, one for each site and hazard, the newest first; `priority` ranks whom to call."""
    key = decode_cursor(after, int, str)
    async with reading(gateway_of(request).engine) as connection:
        rows = await store_views.list_events(connection, state == "open", site, key, limit + 1)
    return make_page(rows, limit, lambda one: [one.opened_at, one.id])


@router.get("/hazard-events/{event}")
async def show_hazard_event(request: Request, event: Annotated[str, Path(max_length=36)]) -> EventStory:
    """One event: what happened to it, the official warnings, and our own alarms."""
    gateway = gateway_of(request)
    async with reading(gateway.engine) as connection:
        story = await store_views.find_story(connection, event, gateway.settings.gauges.speaks)
    if story is None:
        remedy = _("Check the event's id; the list of hazard events has them all.")
        raise Problem(404, "no_hazard_event", _("No hazard event has this id."), remedy, "event")
    return story
