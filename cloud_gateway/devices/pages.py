"""The pages of devices: the list, one device, its raw records, and the form of its settings."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import labels_of, render_page
from cloud_gateway.database import reading, transaction
from cloud_gateway.devices.device_page import compose_device, read_device
from cloud_gateway.devices.fleet import Wanted, compose_fleet
from cloud_gateway.devices.reading import read_fleet
from cloud_gateway.devices.routes import CHANGERS, no_device
from cloud_gateway.devices.store_page import list_epochs, list_records
from cloud_gateway.devices.store_tags import put_tags
from cloud_gateway.devices.tags import WrongTags, read_tags
from cloud_gateway.devices.twin_form import Entered, compose_twin, read_entered
from cloud_gateway.devices.words import LANES, SETTINGS, STATES, TWIN_STANDINGS
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import Visitor, require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from cloud_gateway.twin import store as twins
from cloud_gateway.twin.difference import stand
from cloud_gateway.twin.store import Change, StaleVersion, WrongSection
from edge_agent.web.problems import Problem
from edge_agent.web.words import _
from edge_agent.wire.sections import SECTIONS

router = APIRouter(include_in_schema=False)
#: Who reads records as they came.
READERS = (*CHANGERS, Role.REGULATOR)
Changer = Annotated[Staff, Depends(require_role(*CHANGERS))]
TagText = Annotated[str, Form(max_length=800)]
Words = Annotated[str, Query(max_length=120)]
Choice = Annotated[str, Query(max_length=80)]
State = Annotated[Literal["", "bad", "late", "off", "ok"], Query()]
Lane = Annotated[Literal["record", "alarm", "diagnostic"], Query()]
Before = Annotated[int, Query(ge=1, le=2**63 - 1)]
#: Records on one page, epochs to choose from.
RECORDS_MOST, EPOCHS_MOST = 50, 50


@router.get("/devices")
async def show_devices(
    request: Request,
    visitor: Visitor,
    q: Words = "",
    state: State = "",
    role: Choice = "",
    software: Choice = "",
    tag: Choice = "",
) -> Response:
    """The list of devices, what is wrong first."""
    now, in_scenario = now_ms(), bool(gateway_of(request).settings.web.notice)
    async with reading(gateway_of(request).engine) as connection:
        fleet = await read_fleet(connection)
        frame = await read_frame(connection, now)
    wanted = Wanted(q.strip(), state, role, software, tag)
    page = compose_fleet(fleet, wanted, now, labels_of(request), in_scenario=in_scenario)
    zone = gateway_of(request).settings.ratings.zone
    return render_page(request, "devices.html", visitor, frame, page.simulated, page=page, states=STATES, zone=zone)


@router.get("/devices/{device}")
async def show_device(request: Request, visitor: Visitor, device: str) -> Response:
    """One device."""
    return await _device_page(request, visitor, device)


@router.post("/devices/{device}")
async def change_settings(request: Request, who: Changer, device: str) -> Response:
    """Put a section of a device's settings as it was entered, or show the form again with what is wrong."""
    sent = {name: text for name, text in (await request.form()).items() if not isinstance(text, UploadFile)}
    section = sent.get("section", "")
    if section not in SECTIONS:
        raise Problem(422, "no_section", _("There is no such section."), _("Look at the device's page."), "section")
    entered = read_entered(section, sent)
    if entered.faults:
        return await _device_page(request, who, device, entered, "faults", 422)
    try:
        await _change(request, who, device, entered, sent.get("version", ""))
    except WrongSection:
        return await _device_page(request, who, device, entered, "many", 422)
    except StaleVersion:
        return await _device_page(request, who, device, entered, "stale", 409)
    return RedirectResponse(f"/devices/{device}#twin", 303)


@router.post("/devices/{device}/tags")
async def change_tags(request: Request, who: Changer, device: str, tags: TagText = "") -> Response:
    """Give a device other tags."""
    try:
        wanted = read_tags(tags)
    except WrongTags as exc:
        remedy = _("Write up to 20 tags of a to z, 0 to 9 and hyphens, with spaces between them.")
        raise Problem(422, "wrong_tags", _("These are no tags."), remedy, "tags", detail=str(exc)) from exc
    async with transaction(gateway_of(request).engine) as connection:
        if not await twins.has_device(connection, device):
            raise no_device("device")
        await put_tags(connection, device, wanted, now_ms())
    return RedirectResponse(f"/devices/{device}#tags", 303)


async def _change(request: Request, who: Staff, device: str, entered: Entered, version: str) -> None:
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 16 else -1
    async with transaction(gateway_of(request).engine) as connection:
        if not await twins.has_device(connection, device):
            raise no_device("device")
        await twins.change_section(connection, device, Change(entered.section, entered.keys, seen), who.name, now_ms())


async def _device_page(
    request: Request, visitor: Staff, device: str, entered: Entered | None = None, refused: str = "", status: int = 200
) -> Response:
    gateway, now = gateway_of(request), now_ms()
    async with reading(gateway.engine) as connection:
        facts = await read_device(connection, device)
        frame = await read_frame(connection, now)
    if facts is None:
        raise no_device("device")
    page = compose_device(facts, now, labels_of(request), in_scenario=bool(gateway.settings.web.notice))
    return render_page(
        request,
        "device.html",
        visitor,
        frame,
        page.row.simulated,
        status,
        page=page,
        known=facts,
        twin=facts.twin,
        standing=TWIN_STANDINGS[stand(facts.twin)],
        settings=SETTINGS,
        sections=compose_twin(facts.twin, entered, facts.targets),
        entered=entered,
        refused=refused,
        lanes=LANES,
        zone=page.zone or gateway.settings.ratings.zone,
        may_change=visitor.role in CHANGERS,
        may_read=visitor.role in READERS,
    )


@router.get("/devices/{device}/records")
async def show_records(
    request: Request,
    visitor: Visitor,
    device: str,
    lane: Lane = "record",
    epoch: Choice = "",
    before: Before = 2**63 - 1,
) -> Response:
    """Records as the device made them, the newest number first."""
    if visitor.role not in READERS:
        remedy = _("Ask an administrator for a role that may.")
        raise Problem(403, "role_may_not", _("Your role may not do this."), remedy)
    now = now_ms()
    async with reading(gateway_of(request).engine) as connection:
        if not await twins.has_device(connection, device):
            raise no_device("device")
        epochs = await list_epochs(connection, device, EPOCHS_MOST)
        chosen = epoch or (epochs[0] if epochs else "")
        rows = await list_records(connection, device, chosen, lane, before, RECORDS_MOST + 1)
        facts = await read_device(connection, device)
        frame = await read_frame(connection, now)
    simulated = facts is not None and facts.device.simulated
    zone = facts.placements[0].zone if facts and facts.placements else gateway_of(request).settings.ratings.zone
    return render_page(
        request,
        "device-records.html",
        visitor,
        frame,
        simulated,
        device=device,
        lane=lane,
        lanes={name: LANES[name] for name in ("record", "alarm", "diagnostic")},
        epoch=chosen,
        epochs=epochs,
        rows=rows[:RECORDS_MOST],
        more=len(rows) > RECORDS_MOST,
        first=before == 2**63 - 1,
        zone=zone,
    )
