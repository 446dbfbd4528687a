"""Tells the service manager that the device is at work: only as long as every one of its duties gets on."""

from __future__ import annotations

import asyncio
import logging

from edge_agent.storage.outbox import Outbox, StorageError
from edge_agent.tasks.device import Device
from edge_agent.tasks.notify import Notifier
from edge_agent.tasks.progress import Mark

logger = logging.getLogger(__name__)

#: The duties are looked at so often; the manager is told at least three times in its own time.
ROUND_S, ROUNDS = 10.0, 3


async def keep_watch(device: Device, notifier: Notifier) -> None:
    """The duty. It begins last: when it runs, the outbox is open and every duty has taken its first step."""
    round_s = min(ROUND_S, (notifier.watchdog_s or ROUND_S) / ROUNDS)
    notifier.ready()
    async with asyncio.TaskGroup() as group:
        group.create_task(_watch_store(device, round_s))
        group.create_task(_tell(device, notifier, round_s))


async def _tell(device: Device, notifier: Notifier, round_s: float) -> None:
    hung: list[str] = []
    try:
        while True:
            before, hung = hung, device.progress.hung(device.settings.hung_after_s)
            if hung != before:
                logger.error("no progress: %s", ", ".join(hung) or "none any more")
            notifier.say(_status(device, hung))
            if not hung:
                notifier.alive()
            await asyncio.sleep(round_s)
    finally:
        notifier.stopping()


def _status(device: Device, hung: list[str]) -> str:
    if hung:
        return f"no progress: {', '.join(hung)}"
    return f"degraded: {', '.join(sorted(device.degraded))}" if device.degraded else "at work"


async def _watch_store(device: Device, round_s: float) -> None:
    """The store gets on when its thread answers, and when what waits for the disk is committed."""
    thread, writer = device.progress.begin("store"), device.progress.begin("writer")
    committed = -1
    while True:
        thread.beat(round_s)
        committed = _look_at_writer(device.outbox, writer, committed, round_s)
        try:
            await device.outbox.oldest_at()
        except StorageError as exc:
            device.report("outbox unreadable", exc)  # a bad disk is no hang: a restart would not mend it
        await asyncio.sleep(round_s)


def _look_at_writer(outbox: Outbox, mark: Mark, before: int, round_s: float) -> int:
    committed = sum(state.next for state in outbox.lanes.values())
    if committed != before or outbox.waiting == 0:
        mark.beat(round_s)
    return committed
