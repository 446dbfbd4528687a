"""What all pages around service share: who may see them, and the frame they stand in."""

from __future__ import annotations

from datetime import date

from fastapi import Request
from starlette.responses import Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.complaints import words
from cloud_gateway.complaints.deadlines import local_day
from cloud_gateway.complaints.readers import WRITERS, require_reader
from cloud_gateway.database import reading
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.store import Staff


async def render(
    request: Request, template: str, visitor: Staff, simulated: bool = False, /, **context: object
) -> Response:
    """A page for those who may see it; `may` says whether the visitor may change anything. Raises Problem 403."""
    await require_reader(request)
    gateway = gateway_of(request)
    now = gateway.clock()
    async with reading(gateway.engine) as connection:
        frame = await read_frame(connection, now)
    shared = {
        "may": visitor.role in WRITERS,
        "words": words,
        "today": today_of(request),
        "zone": gateway.settings.ratings.zone,
    }
    return render_page(request, template, visitor, frame, simulated, 200, **(shared | context))


def today_of(request: Request) -> date:
    """The house's local day."""
    return local_day(now_ms(), gateway_of(request).settings.ratings.zone)
