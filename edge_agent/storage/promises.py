"""The futures that callers of the outbox wait on, and what they hear when nothing was stored."""

from __future__ import annotations

import asyncio


class OutboxFull(Exception):
    """Nothing was stored: the lane has no room left on this device."""


async def wait_until(event: asyncio.Event, timeout_s: float) -> None:
    """Until the event, but no longer than that."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return


def resolve(waiting: asyncio.Future[int] | None, seq: int) -> None:
    """The fact is stored under this number."""
    if waiting is not None and not waiting.done():
        waiting.set_result(seq)


def reject(waiting: asyncio.Future[int] | None, error: OutboxFull) -> None:
    """Nothing was stored."""
    if waiting is not None and not waiting.done():
        waiting.set_exception(error)


def retrieve(future: asyncio.Future[int]) -> None:
    """Mark a failure as seen: the caller may have been cancelled."""
    if not future.cancelled():
        future.exception()
