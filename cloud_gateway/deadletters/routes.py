"""The API of dead letters: what was refused, and putting it in again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from cloud_gateway.database import reading
from cloud_gateway.deadletters import store
from cloud_gateway.deadletters.replay import Bar, find_bar, replay_letter
from cloud_gateway.deadletters.store import DeadLetter, Replay
from cloud_gateway.idempotency.keys import Connection, RequiredKey, make_once
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(tags=["dead letters"])
#: Who puts letters in again.
REPLAYERS = (Role.ADMINISTRATOR, Role.OPERATIONS)
Replayer = Annotated[Staff, Depends(require_role(*REPLAYERS))]
LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]
#: Why a letter is not put in again, and what to do.
BARS = {
    Bar.STORED: (_("It was put in again and is stored."), _("There is nothing left to do.")),
    Bar.MESSAGE: (
        _("It is a whole message, which was never acknowledged."),
        _("Mend the cause; the device sends again by itself what was in it."),
    ),
    Bar.LANE: (_("Only alarms and records are put in again."), _("Later readings of the device show how it is.")),
    Bar.FINAL: (
        _("The cause of its refusal is in the record itself and does not end."),
        _("Find out at the device how it came about."),
    ),
    Bar.PART: (
        _("It was refused by an older version of the gateway, which did not keep all of it."),
        _("What is kept of it can be read here."),
    ),
}


@router.get("/dead-letters")
async def list_dead_letters(
    request: Request, _who: Replayer, after: After = None, limit: Limit = 100
) -> Page[DeadLetter]:
    """What the gateway refused and kept, the newest first."""
    key = decode_cursor(after, int) or [2**63 - 1]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_dead_letters(connection, int(key[0]), limit + 1)
    return make_page(rows, limit, lambda d: [d.id])


@router.post("/dead-letters/{letter}/replay", response_model=Replay)
async def replay_dead_letter(request: Request, who: Replayer, key: RequiredKey, letter: LetterId) -> Response:
    """Decide on a refused alarm or record once more, as if it came now; `result` says whether it is stored.

    Only letters whose cause can be over: 409 tells why another one is not put in again.
    """
    return await make_once(
        request, who, key, Replay, lambda connection: replay(request, connection, who, letter), status=200
    )


async def replay(request: Request, connection: Connection, who: Staff, name: int) -> Replay:
    """What became of the letter. Raises Problem 404, 409."""
    letter = await store.find_letter(connection, name)
    if letter is None:
        raise Problem(404, "no_letter", _("There is no such dead letter."), _("Look at the list."), "letter")
    last = (await store.last_replays(connection, [name])).get(name)
    if bar := find_bar(letter, last):
        title, remedy = BARS[bar]
        raise Problem(409, f"letter_{bar.value}", title, remedy, "letter")
    return await replay_letter(connection, letter, gateway_of(request).settings.devices, who.name, now_ms())
