"""The duty of ingest that makes the roll-ups of closed days, also of those from before there were any."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from cloud_gateway.readings.rolled import RolledStore
from cloud_gateway.readings.series import StoreUnavailable

#: A day closes once a day; a late value waits for this at most, and is read as it came until then.
PASS_EVERY_S = 1800.0
logger = logging.getLogger(__name__)


async def keep_rolled(
    store: RolledStore,
    streams: Callable[[], Awaitable[Sequence[tuple[str, str]]]],
    now: Callable[[], int],
    has_room: Callable[[], bool],
) -> None:
    """Until cancelled. `streams` lists (device, stream); nothing is made while the disk has no room."""
    while True:
        try:
            await roll_all(store, await streams(), now, has_room)
        except StoreUnavailable as exc:
            logger.warning("roll-ups of readings were not made, and are tried again later: %s", exc)
        except Exception:  # the edge of a duty: without roll-ups all is right, and only slower
            logger.exception("roll-ups of readings were not made, and are tried again later")
        await asyncio.sleep(PASS_EVERY_S)


async def roll_all(
    store: RolledStore,
    streams: Sequence[tuple[str, str]],
    now: Callable[[], int],
    has_room: Callable[[], bool],
) -> int:
    """One pass over the streams; how many days were rolled up. Raises StoreUnavailable and OSError."""
    made = 0
    for device, stream in streams:
        if not has_room():
            break
        made += await store.roll(device, stream, now())
    if made:
        logger.info("roll-ups of readings made", extra={"days": made})
    return made
