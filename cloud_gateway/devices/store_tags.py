"""Reads and writes the tags of devices."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.devices.tables import device_tag
from cloud_gateway.tables import event

_t = device_tag.c


async def list_tags(connection: AsyncConnection) -> dict[str, tuple[str, ...]]:
    """The tags of every device that has any, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in await connection.execute(select(device_tag).order_by(_t.device, _t.tag)):
        found[row.device].append(row.tag)
    return {name: tuple(tags) for name, tags in found.items()}


async def tags_of(connection: AsyncConnection, device: str) -> tuple[str, ...]:
    """The tags of a device, in order."""
    return tuple(await connection.scalars(select(_t.tag).where(_t.device == device).order_by(_t.tag)))


async def put_tags(connection: AsyncConnection, device: str, tags: Sequence[str], now: int) -> None:
    """Give a device these tags in place of those it has; `now` is the gateway's time, ms UTC."""
    if tuple(tags) == await tags_of(connection, device):
        return
    await connection.execute(delete(device_tag).where(_t.device == device))
    if tags:
        await connection.execute(insert(device_tag), [{"device": device, "tag": tag} for tag in tags])
    body = json.dumps({"device": device})
    await connection.execute(insert(event).values(at=now, topic="device", body=body))
