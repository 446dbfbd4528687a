"""The API of devices, their streams and rules, and of the gaps that devices declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from cloud_gateway.database import reading, transaction
from cloud_gateway.devices import store
from cloud_gateway.devices.store import Device, Gap, Rule, Stream
from cloud_gateway.devices.store_tags import put_tags, tags_of
from cloud_gateway.devices.tags import WrongTags, check_tags
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff
from cloud_gateway.twin.store import has_device
from edge_agent.web.paging import After, Limit, Page, decode_cursor, make_page
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

router = APIRouter(tags=["devices"])
#: Who changes what devices do and are called.
CHANGERS = (Role.ADMINISTRATOR, Role.OPERATIONS)
Tagger = Annotated[Staff, Depends(require_role(*CHANGERS))]


@dataclass(frozen=True)
class Declared:
    """What a device said at its birth that it measures and watches."""

    device: str
    streams: list[Stream]
    rules: list[Rule]


@dataclass(frozen=True)
class Tags:
    """Words by which people find a device: each up to 32 of a-z, 0-9 and hyphens, at most 20."""

    tags: list[str]


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


@router.get("/devices/{device}/tags")
async def list_device_tags(request: Request, device: str) -> Tags:
    """The tags that people gave a device."""
    async with reading(gateway_of(request).engine) as connection:
        await _require(connection, device)
        return Tags(list(await tags_of(connection, device)))


@router.put("/devices/{device}/tags")
async def change_device_tags(request: Request, _who: Tagger, device: str, wanted: Tags) -> Tags:
    """Give a device these tags in place of those it has. The same request again changes nothing."""
    try:
        tags = check_tags(wanted.tags)
    except WrongTags as exc:
        raise invalid("tags", str(exc)) from exc
    async with transaction(gateway_of(request).engine) as connection:
        await _require(connection, device)
        await put_tags(connection, device, tags, now_ms())
    return Tags(list(tags))


async def _require(connection: Connection, device: str) -> None:
    if not await has_device(connection, device):
        raise no_device("device")


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
