"""Holds readings back while the disk is low, and notes when the store of readings does not take them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from cloud_gateway.readings.series import Bucket, Point, Refusal, Sample, SeriesStore, StoreUnavailable
from cloud_gateway.storage.room import Room
from cloud_gateway.storage.standstill import Standstill

logger = logging.getLogger(__name__)

#: How soon room that returns is noticed.
LOOK_EVERY_S = 1.0
ROOM, SERIES = "room", "series store"


class Reserve:
    """The gate before readings. `tell(now, body)` appends an event for live pages; it may fail, the gate stands."""

    def __init__(
        self,
        measure: Callable[[], Room],
        standstill: Standstill,
        now: Callable[[], int],
        tell: Callable[[int, dict[str, object]], Awaitable[None]],
    ) -> None:
        self._measure = measure
        self._standstill = standstill
        self._now = now
        self._tell = tell

    async def until_there(self) -> None:
        """Return once there is room for readings; until then they are not acknowledged and wait on their devices."""
        while (room := self._measure()).is_low:
            if self._standstill.begin(ROOM, f"no space left above the reserve of {room.reserve_mb:g} MB", self._now()):
                logger.error("the disk is full: readings are not acknowledged and wait on their devices; %s", room)
                await self._say(room, low=True)
            await asyncio.sleep(LOOK_EVERY_S)
        if self._standstill.end(ROOM):
            logger.info("the disk has room again: readings are taken")
            await self._say(room, low=False)

    async def _say(self, room: Room, *, low: bool) -> None:
        try:
            body: dict[str, object] = {"low": low, "free_mb": round(room.free_mb, 1), "reserve_mb": room.reserve_mb}
            await self._tell(self._now(), body)
        except Exception:  # an event is a courtesy: pages measure the disk themselves
            logger.warning("the state of the disk could not be told as an event", exc_info=True)


class WatchedSeries:
    """A SeriesStore that notes when writing fails and when it works again; otherwise the store inside."""

    def __init__(self, inner: SeriesStore, standstill: Standstill, now: Callable[[], int]) -> None:
        self._inner = inner
        self._standstill = standstill
        self._now = now

    async def open(self) -> None:
        """See `SeriesStore.open`."""
        await self._inner.open()

    async def close(self) -> None:
        """See `SeriesStore.close`."""
        await self._inner.close()

    async def write(self, points: Sequence[Point]) -> list[Refusal]:
        """See `SeriesStore.write`."""
        try:
            refusals = await self._inner.write(points)
        except StoreUnavailable as exc:
            self._standstill.begin(SERIES, exc.reason, self._now())
            raise
        self._standstill.end(SERIES)
        return refusals

    async def samples(self, device: str, stream: str, start: int, end: int, limit: int) -> list[Sample]:
        """See `SeriesStore.samples`."""
        return await self._inner.samples(device, stream, start, end, limit)

    async def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        """See `SeriesStore.buckets`."""
        return await self._inner.buckets(device, stream, start, end, width)

    def scan(self, device: str) -> AsyncIterator[Point]:
        """See `SeriesStore.scan`."""
        return self._inner.scan(device)
