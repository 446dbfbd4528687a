"""The event stream that live pages follow."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import StreamingResponse

from cloud_gateway.database import reading
from cloud_gateway.events.store import kept_events
from cloud_gateway.running import Gateway, gateway_of, now_ms
from cloud_gateway.staff.guard import is_signed_in, require_staff
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.streams import frame

router = APIRouter(tags=["events"])
#: A page hears at least this often, and its session is checked as often, s.
TICK_S = 2.0
#: A page that missed more than this reads everything again instead.
REPLAY = 3_000
#: Who hears of a topic, where not everybody does: a clerk may not learn of a bad rating before its batch.
HEARERS = {
    "follow-up": frozenset({Role.COUNTER_MANAGER, Role.OPERATIONS, Role.ADMINISTRATOR, Role.REGULATOR}),
}

AfterId = Annotated[int, Query(ge=0, le=2**62, description="Only events above this id.")]
LastEventId = Annotated[str | None, Header(max_length=20, description="Set by browsers when they come back.")]


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def follow_events(
    request: Request,
    who: Annotated[Staff, Depends(require_staff)],
    after: AfterId = 0,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Server-sent events; `tick` every 2 s, and `reset` when events were missed for good: read everything again.

    Of devices: reading, alarm, presence, device, twin, dead_letter, gap, clone, flooding, clock. Of warnings: warning,
    source, exposure, message, task. Of service: complaint, evidence, and follow-up for those alone who may see
    bad ratings. Of people: staff.
    """
    if last_event_id and last_event_id.isascii() and last_event_id.isdigit():
        after = int(last_event_id)
    stream = _stream(gateway_of(request), request, who.role, after)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _stream(gateway: Gateway, request: Request, role: str, after: int) -> AsyncIterator[bytes]:
    async with reading(gateway.engine) as connection:
        first, last = await kept_events(connection)
    if not first - 1 <= after <= last or last - after > REPLAY:
        after = last
        yield frame("reset", wrap(now_ms(), "{}"), last)
    checked = now_ms()
    yield frame("tick", wrap(checked, "{}"))
    async for event in gateway.follower.events(after, TICK_S):
        if event is not None and (event.topic not in HEARERS or role in HEARERS[event.topic]):
            yield frame(event.topic, wrap(event.at, event.body), event.id)
        if event is None or now_ms() - checked > TICK_S * 1000:
            checked = now_ms()
            if not await is_signed_in(request):
                return
            yield frame("tick", wrap(checked, "{}"))


def wrap(at: int, body: str) -> str:
    """An event's gateway time around its body; one line, as the format wants it."""
    return json.dumps({"at": at, "body": json.loads(body)}, separators=(",", ":"))
