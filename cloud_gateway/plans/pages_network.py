"""The page of the flood network: who near a site lends what, requests from asking to handing back, and their log."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import labels_of, render_page
from cloud_gateway.database import reading
from cloud_gateway.plans import store_lending, store_network
from cloud_gateway.plans.network import Kind, RequestState
from cloud_gateway.plans.network_page import Choice, NetworkFacts, compose_network
from cloud_gateway.plans.plan_page import day_start, season_start
from cloud_gateway.plans.routes_network import KEEPERS, Move, RequestEntry, ask, check_partner, move_request
from cloud_gateway.running import gateway_of
from cloud_gateway.sites.store import list_sites
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import Problem, invalid

router = APIRouter(include_in_schema=False)
Keeper = Annotated[Staff, Depends(require_role(*KEEPERS))]
#: What the page shows at most.
SITES_MOST = 1000
EVENTS_MOST = 200
REQUESTS_MOST = 100
PARTNERS_MOST = 500


@router.get("/network")
async def show_network(
    request: Request,
    visitor: Visitor,
    site: Annotated[str, Query(max_length=32)] = "",
    kind: Annotated[str, Query(max_length=32)] = "",
    least: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """Partners by distance from a site, requests, and all partners."""
    return await _network_page(request, visitor, Choice(site, _kind(kind), least))


@router.post("/network/requests")
async def ask_partner(request: Request, who: Keeper) -> Response:
    """Ask a partner; the same form sent twice asks once."""
    await request.body()  # kept, so that make_once can read it again
    async with request.form(max_files=0, max_fields=10) as form:
        said = {name: str(value) for name, value in form.items()}
    choice = Choice(said.pop("site", "")[:32])
    key = said.pop("key", "")[:100] or uuid4().hex
    try:
        await ask(request, who, RequestEntry.model_validate(said), key)
    except ValidationError as exc:
        raise invalid(str(exc.errors()[0]["loc"][0]), str(exc.errors()[0]["msg"])) from exc
    except Problem as exc:
        return await _network_page(request, who, choice, exc)
    return RedirectResponse("/network#requests", 303)


@router.post("/network/requests/{asked}/state")
async def move(
    request: Request,
    asked: str,
    who: Keeper,
    state: Annotated[RequestState, Form()],
    note: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Write down how a request goes on."""
    try:
        await move_request(request, who, asked, Move(state=state, note=note.strip()))
    except Problem as exc:
        return await _network_page(request, who, Choice(), exc)
    return RedirectResponse("/network#requests", 303)


@router.post("/network/partners/{partner}/contact-check")
async def check_contact(request: Request, partner: str, who: Keeper) -> Response:
    """Note that somebody has tried a partner's contacts just now."""
    await check_partner(request, who, partner)
    return RedirectResponse("/network#partners", 303)


def _kind(word: str) -> Kind | None:
    return Kind(word) if word in set(Kind) else None


async def _network_page(request: Request, visitor: Staff, choice: Choice, problem: Problem | None = None) -> Response:
    gateway, labels = gateway_of(request), labels_of(request)
    now, zone = gateway.clock(), gateway.settings.outreach.zone
    async with reading(gateway.engine) as connection:
        frame = await read_frame(connection, now)
        facts = NetworkFacts(
            sites=await list_sites(connection, "", SITES_MOST),
            events=await store_lending.open_events(connection, EVENTS_MOST),
            offers=await store_network.list_offers(connection, choice.kind),
            lendings=await store_lending.list_lendings(connection, REQUESTS_MOST),
            partners=await store_network.list_partners(connection, "", PARTNERS_MOST),
        )
    page = compose_network(labels, facts, choice, day_start(season_start(now, zone), zone), now)
    refused = (labels.text(problem.title), labels.text(problem.remedy)) if problem else ()
    status = problem.status if problem else 200
    context = {"page": page, "refused": refused, "may_ask": visitor.role in KEEPERS, "key": uuid4().hex, "zone": zone}
    return render_page(request, "network.html", visitor, frame, page.simulated, status, **context)
