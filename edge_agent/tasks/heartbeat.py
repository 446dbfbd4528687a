"""Tells the gateway at regular real times that the device lives and how its outbox stands."""

from __future__ import annotations

import asyncio
import time

import msgspec

from edge_agent.storage.outbox import OutboxFull, StorageError
from edge_agent.tasks.device import Device
from edge_agent.tasks.timekeeping import floor_to_remember
from edge_agent.wire.messages import HEARTBEAT, HeartbeatBody
from edge_agent.wire.topics import Lane


async def send_heartbeats(device: Device) -> None:
    """The duty: one heartbeat at once, then every `heartbeat_s` of real time."""
    started = time.monotonic()
    while True:
        body = HeartbeatBody(
            depth={lane: depth for lane, depth in device.outbox.depth.items() if depth},
            oldest_at=await _find_oldest(device),
            uptime_s=round(time.monotonic() - started, 1),
            degraded=sorted(device.degraded),
        )
        try:
            fact = msgspec.json.encode(body)
            kept = floor_to_remember(device)
            await device.outbox.put(device.stamp(Lane.DIAGNOSTIC, HEARTBEAT, fact, kept))
        except OutboxFull as exc:
            device.report("outbox full", exc)
        else:
            device.report("outbox full", None)
        await device.wait(asyncio.sleep(device.settings.heartbeat_s))


async def _find_oldest(device: Device) -> int | None:
    """`at` of the oldest fact; None too when the file cannot be read: that is just what a heartbeat has to say."""
    try:
        oldest = await device.outbox.oldest_at()
    except StorageError as exc:
        device.report("outbox unreadable", exc)
        return None
    device.report("outbox unreadable", None)
    return oldest
