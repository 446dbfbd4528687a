"""The page of witnesses that disagree with the evidence log, with the form that closes a dissent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading
from cloud_gateway.evidence.routes import Closer, Closing, close_dissent
from cloud_gateway.evidence.store_witnesses import list_open
from cloud_gateway.evidence.witnessing import WORDS, Dissent
from cloud_gateway.ratings.desk import visit_as
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff

router = APIRouter(include_in_schema=False)
CLOSERS = (Role.ADMINISTRATOR, Role.OPERATIONS)
PageReader = Annotated[Staff, Depends(visit_as)]
Device = Annotated[str, Form(max_length=32)]
Origin = Annotated[str, Form(max_length=200)]
Code = Annotated[str, Form(max_length=16)]
Reason = Annotated[str, Form(min_length=5, max_length=1000)]


@router.get("/dissents")
async def show_dissents(request: Request, visitor: PageReader) -> Response:
    """The dissents that nobody has closed."""
    gateway = gateway_of(request)
    async with reading(gateway.engine) as connection:
        dissents = await list_open(connection)
        frame = await read_frame(connection, gateway.clock())
    return render_page(
        request,
        "dissents.html",
        visitor,
        frame,
        False,
        dissents=[(one, WORDS[Dissent(one.code)]) for one in dissents],
        may_close=visitor.role in CLOSERS,
        zone=gateway.settings.ratings.zone,
    )


@router.post("/dissents")
async def close(request: Request, who: Closer, device: Device, origin: Origin, code: Code, reason: Reason) -> Response:
    """Close a dissent, with what was found."""
    await close_dissent(request, Closing(device=device, origin=origin, code=code, reason=reason), who)
    return RedirectResponse("/dissents", 303)
