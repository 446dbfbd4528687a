"""Watches the clock: tells when it was set and when it cannot be trusted, and keeps a time that is past for certain."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from edge_agent.hardware.clock import SystemClock
from edge_agent.hardware.timefloor import Step
from edge_agent.storage.outbox import OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import CLOCK_STEP, ClockQuality, ClockStepBody
from edge_agent.wire.topics import Lane

LOOK_S = 2.0
MEMORY, FLOOR = "time.", "floor"


class ClockTrouble(Exception):
    """The clock cannot be trusted; the text says why and what to do."""


async def restore_floor(device: Device) -> None:
    """Know what was past when the device last kept it, and that its certificate has begun. Raises StorageError."""
    clock = device.machine_clock
    kept = (await device.outbox.recall(MEMORY)).get(FLOOR, "")
    if kept.isdecimal():
        clock.raise_floor(int(kept))
    if device.identity is not None:
        clock.raise_floor(device.identity.not_before_ms)


def floor_to_remember(device: Device) -> tuple[str, str]:
    """What to keep with a fact that is stored anyway, so that it costs no write of its own."""
    return MEMORY + FLOOR, str(device.machine_clock.floor())


async def keep_time(device: Device) -> None:
    """The duty: look every few seconds of real time."""
    mark = device.progress.begin("time")
    while True:
        mark.beat(LOOK_S)
        if isinstance(device.clock, SystemClock):
            for step in device.clock.take_steps():
                await _tell(device, step)
        device.report("clock", _find_trouble(device))
        await asyncio.sleep(LOOK_S)


async def _tell(device: Device, step: Step) -> None:
    body = ClockStepBody(step.by_ms, step.taken, device.clock.quality())
    with contextlib.suppress(OutboxFull):  # the heartbeat tells of a full outbox
        await device.outbox.put(device.stamp(Lane.DIAGNOSTIC, CLOCK_STEP, msgspec.json.encode(body)))


def _find_trouble(device: Device) -> ClockTrouble | None:
    if device.clock.quality() is ClockQuality.UNSET:
        return ClockTrouble("is not set; let the device reach a time server (UDP port 123), or set it by hand")
    away_ms = device.clock.away_ms() if isinstance(device.clock, SystemClock) else 0
    if away_ms:
        return ClockTrouble(f"was set {away_ms / 1000:+.0f} s away, by no time server; not followed")
    return None
