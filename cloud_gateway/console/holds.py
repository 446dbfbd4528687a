"""The page of legal holds and erasures of the evidence log, its last scrub and its last head; it changes nothing."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading
from cloud_gateway.evidence.custody import read_runs
from cloud_gateway.evidence.last_scrub import read_scrub
from cloud_gateway.evidence.store import read_state
from cloud_gateway.evidence.store_custody import list_erasures, list_hold_steps, list_seen
from cloud_gateway.evidence.store_heads import newest_head
from cloud_gateway.ratings.desk import PageReader
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
KEEPERS = (Role.ADMINISTRATOR, Role.OPERATIONS, Role.REGULATOR)
#: Erasures and witnesses on the page, the newest; entries named in one line.
MOST, MOST_NAMED = 100, 12
#: `evidence.retention.Reason` in words.
REASONS = {
    "retention-over": _("its term was over"),
    "person-asked": _("the person asked for it"),
    "ordered": _("a court or an authority ordered it"),
}


async def visit(visitor: PageReader) -> Staff:
    """Raises SignInNeeded, Problem 403."""
    if visitor.role not in KEEPERS:
        raise Problem(
            403, "role_may_not", _("Your role may not do this."), _("Ask an administrator for a role that may.")
        )
    return visitor


@router.get("/holds")
async def show_holds(request: Request, visitor: Annotated[Staff, Depends(visit)]) -> Response:
    """Holds in force and lifted, erasures with entry and reason, how sound the log was found, and who saw its head."""
    gateway = gateway_of(request)
    async with reading(gateway.engine) as connection:
        in_force, lifted = read_runs(await list_hold_steps(connection))
        erasures = await list_erasures(connection, MOST + 1)
        head, seen = await newest_head(connection), await list_seen(connection, MOST)
        fault = (await read_state(connection)).fault
        frame = await read_frame(connection, gateway.clock())
    scrub = await asyncio.to_thread(read_scrub, gateway.settings.data_dir)
    facts = {"in_force": in_force, "lifted": lifted, "erasures": erasures[:MOST], "more": len(erasures) > MOST}
    facts |= {"head": head, "seen": seen, "fault": fault, "scrub": scrub, "reasons": REASONS, "most": MOST_NAMED}
    return render_page(request, "holds.html", visitor, frame, False, 200, zone=gateway.settings.ratings.zone, **facts)
