"""The series store on InfluxDB, whichever version: lines out by a sender, InfluxQL back, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import httpx

from cloud_gateway.readings.checks import EARLIEST_NS, LATEST_NS, names_fit
from cloud_gateway.readings.delivery import deliver
from cloud_gateway.readings.influxql import Queries
from cloud_gateway.readings.lines import LineBuilder
from cloud_gateway.readings.series import Bucket, Point, Refusal, Sample, StepRefusal, WarningStep
from cloud_gateway.readings.steps import sort_out, step_line, steps_fit

Result = TypeVar("Result")
#: Batches that may be under way at once; two keep a two-core InfluxDB busy.
WRITERS = 2
READERS = 2
SCAN_PAGE = 5000
TIMEOUT = httpx.Timeout(15.0, connect=3.0)


class Sender(Protocol):
    """How one version of InfluxDB takes lines; blocking, called from worker threads."""

    def open(self) -> None:
        """Make ready. Raises StoreUnavailable."""

    def send(self, body: bytes) -> None:
        """Write lines. Raises BodyRefused and StoreUnavailable."""

    def close(self) -> None:
        """Let go of connections."""


class InfluxStore:
    """A SeriesStore on InfluxDB: `sender` writes and `queries` read, both over connections of their own."""

    def __init__(self, sender: Sender, queries: Queries) -> None:
        self._sender = sender
        self._queries = queries
        self._builder = LineBuilder()
        self._writers = ThreadPoolExecutor(WRITERS, "series-write")
        self._readers = ThreadPoolExecutor(READERS, "series-read")

    async def open(self) -> None:
        """Make the database ready. Raises StoreUnavailable."""
        await _run(self._writers, self._sender.open)

    async def close(self) -> None:
        """Let go of connections and threads, after what is under way."""
        await asyncio.to_thread(self._shut_down)

    def _shut_down(self) -> None:
        self._writers.shutdown()
        self._readers.shutdown()
        self._sender.close()
        self._queries.close()

    async def write(self, points: Sequence[Point]) -> list[Refusal]:
        """See `SeriesStore.write`. A refused line has the code store_refused and the server's words."""
        return await _run(self._writers, lambda: self._write(points))

    def _write(self, points: Sequence[Point]) -> list[Refusal]:
        built = self._builder.build(points)
        refused = deliver(built.lines, self._sender.send)
        return built.refusals + [Refusal(built.points[i], "store_refused", detail) for i, detail in refused]

    async def samples(self, device: str, stream: str, start: int, end: int, limit: int) -> list[Sample]:
        """See `SeriesStore.samples`."""
        if not names_fit(device, stream):
            return []
        return await _run(self._readers, lambda: self._queries.samples(device, stream, start, end, limit))

    async def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        """See `SeriesStore.buckets`."""
        if not names_fit(device, stream):
            return []
        return await _run(self._readers, lambda: self._queries.buckets(device, stream, start, end, width))

    async def first_time(self, device: str, stream: str, start_ns: int) -> int | None:
        """See `Values.first_time`."""
        found = await self.samples(device, stream, start_ns, LATEST_NS, 1)
        return found[0].time_ns if found else None

    async def identity(self) -> str:
        """See `Values.identity`."""
        return self._queries.identity

    async def write_steps(self, steps: Sequence[WarningStep]) -> list[StepRefusal]:
        """See `StepStore.write_steps`. A refused line has the code store_refused and the server's words."""
        return await _run(self._writers, lambda: self._write_steps(steps))

    def _write_steps(self, steps: Sequence[WarningStep]) -> list[StepRefusal]:
        good, refusals = sort_out(steps)
        refused = deliver([step_line(step) for step in good], self._sender.send)
        return refusals + [StepRefusal(good[i], "store_refused", detail) for i, detail in refused]

    async def warning_steps(self, site: str, start: int, end: int) -> list[WarningStep]:
        """See `StepStore.warning_steps`."""
        if not steps_fit(site):
            return []
        return await _run(self._readers, lambda: self._queries.warning_steps(site, start, end))

    async def scan(self, device: str) -> AsyncIterator[Point]:
        """See `SeriesStore.scan`; stream by stream in pages, each in time order."""
        if not names_fit(device, "any"):
            return
        for stream in await _run(self._readers, lambda: self._queries.streams(device)):
            async for point in self._scan_stream(device, stream):
                yield point

    async def _scan_stream(self, device: str, stream: str) -> AsyncIterator[Point]:
        after_ns = EARLIEST_NS - 1
        while page := await self._page(device, stream, after_ns):
            for point in page:
                yield point
            after_ns = page[-1].time_ns

    async def _page(self, device: str, stream: str, after_ns: int) -> list[Point]:
        return await _run(self._readers, lambda: self._queries.page(device, stream, after_ns, SCAN_PAGE))


async def _run(pool: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(pool, work)
