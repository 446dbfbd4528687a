"""The API of devices, their streams and rules, and of the gaps that devices declared."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request

from cloud_gateway.database import reading
from cloud_gateway.devices import store
from cloud_gateway.devices.store import Device, Gap, Rule, Stream
from cloud_gateway.running import gateway_of
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(tags=["devices"])


@dataclass(frozen=True)
class Declared:
    """What a device said at its birth that it measures and watches."""

    device: str
    streams: list[Stream]
    rules: list[Rule]


@router.get("/devices")
async def list_devices(request: Request, after: After = None, limit: Limit = 100) -> Page[Device]:
    """Every device: its presence, when it was last heard, what waits on it, and where it stands."""
    key = decode_cursor(after, str) or [""]
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_devices(connection, str(key[0]), limit + 1)
    return make_page(rows, limit, lambda d: [d.id])


@router.get("/devices/{device}/streams")
async def list_streams(request: Request, device: str) -> Declared:
    """A device's streams with units and newest values, and its alarm rules."""
    async with reading(gateway_of(request).engine) as connection:
        if await store.find_device(connection, device) is None:
            raise no_device("device")
        streams = await store.list_streams(connection, [device])
        return Declared(device, streams, await store.list_rules(connection, [device]))


@router.get("/gaps")
async def list_gaps(request: Request, after: After = None, limit: Limit = 100) -> Page[Gap]:
    """Facts that devices dropped on purpose and named."""
    key = decode_cursor(after, str, str, str, int)
    async with reading(gateway_of(request).engine) as connection:
        rows = await store.list_gaps(connection, key, limit + 1)
    return make_page(rows, limit, lambda g: [g.device, g.epoch, g.lane, g.seq])


def no_device(field: str) -> Problem:
    """404: the gateway has never heard of the device."""
    remedy = _("Check the device's id; the list of devices has them all.")
    return Problem(404, "no_device", _("No device of this id has ever been heard."), remedy, field)
