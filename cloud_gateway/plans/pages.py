"""The pages of plans and drills, and of contacts that are to be checked before the season."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import labels_of, render_page
from cloud_gateway.database import reading, transaction
from cloud_gateway.outreach.store_recipients import note_checked
from cloud_gateway.plans import store, store_network, store_pages
from cloud_gateway.plans.labels import DRILL_LEVELS
from cloud_gateway.plans.plan_page import compose_plan, compose_plans, day_start, season_start
from cloud_gateway.plans.routes import PLANNERS
from cloud_gateway.plans.routes_network import KEEPERS, check_partner
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.store import Staff
from cloud_gateway.warnings.model import Level
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
Planner = Annotated[Staff, Depends(require_role(*PLANNERS))]
Keeper = Annotated[Staff, Depends(require_role(*KEEPERS))]
#: What a page shows at most; how many more there are is said.
PLANS_MOST = 200
CONTACTS_MOST = 200
VERSIONS_MOST = 50
DRILLS_MOST = 10


@router.get("/plans")
async def list_plans(
    request: Request,
    visitor: Visitor,
    since: Annotated[date | None, Query(description="Contacts tried since that day are checked.")] = None,
) -> Response:
    """Plans by what is amiss, and contacts that nobody has tried."""
    gateway, labels = gateway_of(request), labels_of(request)
    now, zone = gateway.clock(), gateway.settings.outreach.zone
    begins = since or season_start(now, zone)
    at = day_start(begins, zone)
    async with reading(gateway.engine) as connection:
        frame = await read_frame(connection, now)
        plans = await store_pages.list_plans(connection, now, at, PLANS_MOST)
        contacts = await store_network.unchecked_contacts(connection, at, ("", ""), CONTACTS_MOST + 1)
    page = compose_plans(labels, plans, contacts, CONTACTS_MOST, begins, now)
    may = visitor.role in KEEPERS
    return render_page(request, "plans.html", visitor, frame, page.simulated, page=page, may_check=may)


@router.get("/plans/{plan}")
async def show_plan(request: Request, plan: str, visitor: Visitor) -> Response:
    """One version of a plan."""
    gateway = gateway_of(request)
    now = gateway.clock()
    async with reading(gateway.engine) as connection:
        found = await store_pages.find_plan(connection, plan)
        if found is None:
            raise _no_plan()
        frame = await read_frame(connection, now)
        versions = await store_pages.list_versions(connection, found[0], VERSIONS_MOST)
        drills = await store_pages.list_drills(connection, found[0], DRILLS_MOST)
        names = await store_pages.owner_names(connection, {step.owner for step in found[0].steps})
    page = compose_plan(labels_of(request), *found, versions, drills, names, now)
    may = visitor.role in PLANNERS
    return render_page(
        request, "plan.html", visitor, frame, page.simulated, page=page, may_drill=may, levels=DRILL_LEVELS
    )


@router.post("/plans/{plan}/drills")
async def begin_drill(
    request: Request,
    plan: str,
    who: Planner,
    level: Annotated[Literal["1", "2", "3", "4"], Form()],
    ahead_h: Annotated[float, Form(ge=0, le=720, allow_inf_nan=False)] = 0.0,
) -> Response:
    """Exercise the plan, and show its tasks; a drill of it that is on ends first."""
    now = gateway_of(request).clock()
    onset = now + round(ahead_h * 3600) * 1000
    async with transaction(gateway_of(request).engine) as connection:
        found = await store_pages.find_plan(connection, plan)
        if found is None:
            raise _no_plan()
        of = found[0]
        tasks = await store.begin_drill(connection, of.site, of.hazard, Level(int(level)), onset, who.name, now)
    return RedirectResponse(f"/tasks?event={tasks[0].event}" if tasks else f"/plans/{plan}#drills", 303)


@router.post("/plans/{plan}/drills/end")
async def end_drill(request: Request, plan: str, _who: Planner) -> Response:
    """End the plan's drill; its open tasks are taken back."""
    async with transaction(gateway_of(request).engine) as connection:
        found = await store_pages.find_plan(connection, plan)
        if found is None:
            raise _no_plan()
        await store.end_drills(connection, found[0].site, found[0].hazard, gateway_of(request).clock())
    return RedirectResponse(f"/plans/{plan}#drills", 303)


@router.post("/contact-checks/{kind}/{name}")
async def check_contact(request: Request, kind: Literal["recipient", "partner"], name: str, who: Keeper) -> Response:
    """Note that somebody has tried these contacts just now."""
    if kind == "partner":
        await check_partner(request, who, name)
    else:
        async with transaction(gateway_of(request).engine) as connection:
            await note_checked(connection, name, gateway_of(request).clock())
    return RedirectResponse("/plans#contacts", 303)


def _no_plan() -> Problem:
    return Problem(404, "no_plan", _("There is no such plan."), _("Look at the list of plans."), "plan")
