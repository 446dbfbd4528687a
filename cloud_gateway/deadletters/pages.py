"""The page of dead letters, with the form that puts one in again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading
from cloud_gateway.deadletters import store
from cloud_gateway.deadletters.replay import find_bar
from cloud_gateway.deadletters.routes import BARS, REPLAYERS, Replayer, replay
from cloud_gateway.deadletters.store import Replay
from cloud_gateway.deadletters.words import REASONS
from cloud_gateway.devices.words import LANES
from cloud_gateway.idempotency.keys import make_once
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import Visitor
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
#: Letters on one page.
MOST = 50
NEWEST = 2**63 - 1
Before = Annotated[int, Query(ge=1, le=NEWEST)]
Name = Annotated[str, Query(max_length=32)]
LetterId = Annotated[int, Form(ge=1, le=NEWEST)]
Key = Annotated[str, Form(min_length=8, max_length=100)]


async def visit(visitor: Visitor) -> Staff:
    """Raises SignInNeeded, Problem 403."""
    if visitor.role not in REPLAYERS:
        remedy = _("Ask an administrator for a role that may.")
        raise Problem(403, "role_may_not", _("Your role may not do this."), remedy)
    return visitor


PageVisitor = Annotated[Staff, Depends(visit)]


@router.get("/dead-letters")
async def show_letters(request: Request, visitor: PageVisitor, before: Before = NEWEST, device: Name = "") -> Response:
    """What was refused, the newest first: why, what it was, how often, and what became of it."""
    gateway, now = gateway_of(request), now_ms()
    async with reading(gateway.engine) as connection:
        found = await store.list_letters(connection, before, MOST + 1, device)
        replays = await store.last_replays(connection, [letter.id for letter in found])
        frame = await read_frame(connection, now)
    bars = {letter.id: find_bar(letter, replays.get(letter.id)) for letter in found}
    return render_page(
        request,
        "dead-letters.html",
        visitor,
        frame,
        False,
        letters=found[:MOST],
        more=len(found) > MOST,
        first=before == NEWEST,
        device=device,
        replays=replays,
        bars={name: BARS[bar] for name, bar in bars.items() if bar},
        keys={letter.id: _key(letter.id, replays.get(letter.id)) for letter in found},
        reasons=REASONS,
        lanes=LANES,
        zone=gateway.settings.ratings.zone,
    )


def _key(letter: int, last: Replay | None) -> str:
    """The key of a form: pressed twice, or in two windows, it is one request."""
    return f"dead-letter-{letter}-{last.at if last else 0}"


@router.post("/dead-letters")
async def put_in_again(request: Request, who: Replayer, letter: LetterId, key: Key) -> Response:
    """Decide on a letter once more; the page then says what came of it."""
    await make_once(request, who, key, Replay, lambda connection: replay(request, connection, who, letter))
    return RedirectResponse(f"/dead-letters?before={min(letter + MOST // 2, NEWEST)}#letter-{letter}", 303)
