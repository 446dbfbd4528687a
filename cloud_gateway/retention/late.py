"""Keeps a number that was down-sampled from counting twice when its device sends it again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from cloud_gateway.readings.series import Bucket, Point, Refusal, Sample, SeriesStore
from cloud_gateway.retention.rules import DAY_NS, NS_PER_MS
from cloud_gateway.settings import Retention
from edge_agent.wire.ranges import Ranges

#: What the ledger has of the lane `reading` for these (device, epoch).
LookUp = Callable[[set[tuple[str, str]]], Awaitable[Mapping[tuple[str, str], Ranges]]]


def oldest_raw_days(rules: Sequence[Retention]) -> int | None:
    """The age from which a number may have been down-sampled; None: none ever is."""
    return min((rule.raw_days for rule in rules if rule.raw_days is not None), default=None)


class CountedOnce:
    """A SeriesStore that leaves out what is old and in the ledger: it is stored, as it came or within a bucket.

    An old number that the ledger does not have is late, not known: it is stored, and the next sweep adds it.
    """

    def __init__(self, inner: SeriesStore, raw_days: int, look_up: LookUp, now: Callable[[], int]) -> None:
        self._inner = inner
        self._age_ns = raw_days * DAY_NS
        self._look_up = look_up
        self._now = now

    async def open(self) -> None:
        """See `SeriesStore.open`."""
        await self._inner.open()

    async def close(self) -> None:
        """See `SeriesStore.close`."""
        await self._inner.close()

    async def write(self, points: Sequence[Point]) -> list[Refusal]:
        """See `SeriesStore.write`."""
        cut = self._now() * NS_PER_MS - self._age_ns
        old = {(p.device, p.epoch) for p in points if p.time_ns < cut}
        if old:
            known = await self._look_up(old)
            points = [p for p in points if p.time_ns >= cut or not _has(known, p)]
        return await self._inner.write(points)

    async def samples(self, device: str, stream: str, start: int, end: int, limit: int) -> list[Sample]:
        """See `SeriesStore.samples`."""
        return await self._inner.samples(device, stream, start, end, limit)

    async def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        """See `SeriesStore.buckets`."""
        return await self._inner.buckets(device, stream, start, end, width)

    def scan(self, device: str) -> AsyncIterator[Point]:
        """See `SeriesStore.scan`."""
        return self._inner.scan(device)


def _has(known: Mapping[tuple[str, str], Ranges], point: Point) -> bool:
    stored = known.get((point.device, point.epoch))
    return stored is not None and point.seq in stored
