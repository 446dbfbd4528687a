"""The console's page that masks a text: what will be masked, and the form for the regulator's signed receipt."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import render_page
from cloud_gateway.database import reading, transaction
from cloud_gateway.ratings import store_masks
from cloud_gateway.ratings.masks import MAX_RECEIPT
from cloud_gateway.ratings.web_acts import Place, append_mask, expect_report
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from edge_agent.web.problems import Problem

router = APIRouter(include_in_schema=False)
KEEPERS = (Role.OPERATIONS, Role.ADMINISTRATOR)
require_keeper = require_role(*KEEPERS)
Keeper = Annotated[Staff, Depends(require_keeper)]


@router.get("/wall-desk/{place}/mask")
async def show_mask(request: Request, visitor: Visitor, place: Place) -> Response:
    """The text of an entry, with the form that masks it."""
    await require_keeper(request)
    return await _render(request, visitor, place)


@router.post("/wall-desk/{place}/mask")
async def mask(request: Request, who: Keeper, place: Place) -> Response:
    """Mask the text, or show the form again with what is wrong with the receipt."""
    receipt = await _read_receipt(request)
    try:
        async with transaction(gateway_of(request).engine) as connection:
            rating, _place = await append_mask(
                connection, who, place, receipt, gateway_of(request).settings.evidence.origin
            )
    except Problem as wrong:
        if wrong.field != "receipt":
            raise
        return await _render(request, who, place, receipt, wrong)
    return RedirectResponse(f"/wall-desk#rating-{rating}", 303)


async def _read_receipt(request: Request) -> str:
    """The receipt of the form: its file, or else its text; line ends as they were signed."""
    async with request.form(max_files=1, max_fields=4, max_part_size=16 * MAX_RECEIPT) as form:
        file, text = form.get("file"), str(form.get("receipt", ""))
        raw = await file.read(MAX_RECEIPT + 1) if isinstance(file, UploadFile) else b""
    said = raw.decode(errors="replace") if raw else text
    return said.replace("\r\n", "\n").strip("\n") + "\n"


async def _render(
    request: Request, visitor: Staff, place: int, receipt: str = "", wrong: Problem | None = None
) -> Response:
    gateway = gateway_of(request)
    async with reading(gateway.engine) as connection:
        report = await expect_report(connection, place, gateway.settings.evidence.origin)
        _salt, text = await store_masks.find_shown(connection, place) or ("", "")
        regulators = await store_masks.list_regulators(connection)
        frame = await read_frame(connection, gateway.clock())
    return render_page(
        request,
        "wall-mask.html",
        visitor,
        frame,
        False,
        422 if wrong else 200,
        report=report,
        text=text,
        regulators=regulators,
        receipt=receipt,
        longest=MAX_RECEIPT,
        wrong=wrong,
    )
