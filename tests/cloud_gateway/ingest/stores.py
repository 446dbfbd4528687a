"""Series stores that fail on purpose, written by hand around a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from cloud_gateway.readings.series import Bucket, Point, Refusal, Sample, SeriesStore, StoreUnavailable


@dataclass
class FailingStore:
    """Unavailable while `broken`; a point of the stream `poison` makes it raise what no store should."""

    inner: SeriesStore
    broken: bool = False
    poison: str = ""
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        await self.inner.open()

    async def close(self) -> None:
        await self.inner.close()

    async def write(self, points: Sequence[Point]) -> list[Refusal]:
        self.tried.set()
        if self.broken:
            raise StoreUnavailable("out for lunch", retry_after_s=0.01)
        if any(point.stream == self.poison for point in points):
            raise RuntimeError("a mistake in the store")
        return await self.inner.write(points)

    async def samples(self, device: str, stream: str, start: int, end: int, limit: int) -> list[Sample]:
        return await self.inner.samples(device, stream, start, end, limit)

    async def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        return await self.inner.buckets(device, stream, start, end, width)

    def scan(self, device: str) -> AsyncIterator[Point]:
        return self.inner.scan(device)
