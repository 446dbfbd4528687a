"""Waiting for what has no event of its own: another process's rows, a log line, a server's state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

POLL_S = 0.01


async def until(condition: Callable[[], object], limit_s: float = 90.0) -> None:
    """Return once `condition` holds. Raises TimeoutError after `limit_s`."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - whatever it is has no event
            await asyncio.sleep(POLL_S)
