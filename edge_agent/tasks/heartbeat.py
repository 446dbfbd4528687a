"""Tells the gateway at regular real times that the device lives and how its outbox stands."""

from __future__ import annotations

import asyncio
import time

import msgspec

from edge_agent.storage.outbox import OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import HEARTBEAT, HeartbeatBody
from edge_agent.wire.topics import Lane


async def send_heartbeats(device: Device) -> None:
    """The duty: one heartbeat at once, then every `heartbeat_s` of real time."""
    started = time.monotonic()
    while True:
        try:
            body = HeartbeatBody(
                depth={lane: depth for lane, depth in device.outbox.depth.items() if depth},
                oldest_at=await device.outbox.oldest_at(),
                uptime_s=round(time.monotonic() - started, 1),
                degraded=sorted(device.degraded),
            )
            await device.outbox.put(device.stamp(Lane.DIAGNOSTIC, HEARTBEAT, msgspec.json.encode(body)))
        except OutboxFull:
            device.degraded.add("outbox full")
        else:
            device.degraded.discard("outbox full")
        await asyncio.sleep(device.settings.heartbeat_s)
