"""Reads the list of devices, in one snapshot: the field, the register and the tags."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.console.store import read_snapshot
from cloud_gateway.devices.fleet import Fleet, with_unheard
from cloud_gateway.devices.store_tags import list_tags
from cloud_gateway.enrolment.store import list_enrolments


async def read_fleet(connection: AsyncConnection) -> Fleet:
    """Every device that was heard or is enrolled."""
    enrolments = await list_enrolments(connection)
    snapshot = with_unheard(await read_snapshot(connection), enrolments)
    return Fleet(snapshot, {one.device: one for one in enrolments}, await list_tags(connection))
