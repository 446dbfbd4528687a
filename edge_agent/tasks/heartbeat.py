"""Tells the gateway at regular real times that the device lives, how its outbox stands and how its machine does."""

from __future__ import annotations

import asyncio
import time

import msgspec

from edge_agent.storage.outbox import OutboxFull, StorageError
from edge_agent.tasks.device import Device
from edge_agent.tasks.forecast import Forecast
from edge_agent.tasks.timekeeping import floor_to_remember
from edge_agent.wire.messages import HEARTBEAT, HeartbeatBody
from edge_agent.wire.topics import Lane


async def send_heartbeats(device: Device) -> None:
    """The duty: one heartbeat at once, then every `heartbeat_s` of real time."""
    started = time.monotonic()
    forecasts = {lane: Forecast() for lane in Lane}
    mark = device.progress.begin("heartbeat")
    while True:
        body = await _body(device, started, forecasts)
        fact = device.stamp(Lane.DIAGNOSTIC, HEARTBEAT, msgspec.json.encode(body), floor_to_remember(device))
        try:
            await device.outbox.put(fact)
        except OutboxFull as exc:
            device.report("outbox full", exc)
        else:
            device.report("outbox full", None)
        mark.beat(device.settings.heartbeat_s)
        await device.wait(asyncio.sleep(device.settings.heartbeat_s))


async def _body(device: Device, started: float, forecasts: dict[Lane, Forecast]) -> HeartbeatBody:
    health = device.board.machine.health(device.settings.state_dir)
    return HeartbeatBody(
        depth={lane: depth for lane, depth in device.outbox.depth.items() if depth},
        oldest_at=await _find_oldest(device),
        uptime_s=round(time.monotonic() - started, 1),
        degraded=sorted(device.degraded),
        hours_left=_hours_left(device, forecasts),
        disk_free_mb=health.disk_free_mb,
        temperature_c=health.temperature_c,
        undervoltage=health.undervoltage,
        clock=device.clock.quality(),
        memory_mb=health.memory_mb,
        dropped_unsafe={lane: state.unsafe for lane, state in device.outbox.lanes.items() if state.unsafe},
    )


def _hours_left(device: Device, forecasts: dict[Lane, Forecast]) -> dict[Lane, float]:
    outbox, mono = device.outbox, device.clock.mono()
    hours = {
        lane: forecasts[lane].hours_left(state.next, state.rows, state.bytes, outbox.quota(lane), mono)
        for lane, state in outbox.lanes.items()
    }
    return {lane: left for lane, left in hours.items() if left is not None}


async def _find_oldest(device: Device) -> int | None:
    """`at` of the oldest fact; None too when the file cannot be read: that is just what a heartbeat has to say."""
    try:
        oldest = await device.outbox.oldest_at()
    except StorageError as exc:
        device.report("outbox unreadable", exc)
        return None
    device.report("outbox unreadable", None)
    return oldest
