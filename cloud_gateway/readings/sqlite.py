"""The series store in one SQLite file: the default, which needs no server."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cloud_gateway.readings.checks import EARLIEST_NS
from cloud_gateway.readings.series import Bucket, Point, Refusal, Sample, StepRefusal, StoreUnavailable, WarningStep
from cloud_gateway.readings.sqlite_tables import Reader, Writer

Result = TypeVar("Result")
SCAN_PAGE = 5000


class SqliteStore:
    """A SeriesStore in the file: one thread writes, another reads, so that pages do not wait for batches.

    A point whose place another (epoch, seq) has taken is refused with code point_conflict, never overwritten.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._write_thread = ThreadPoolExecutor(1, "series-write")
        self._read_thread = ThreadPoolExecutor(1, "series-read")
        self._writer: Writer
        self._reader: Reader
        self._opened = False

    async def open(self) -> None:
        """Open or make the file. Raises StoreUnavailable."""
        self._writer = await _run(self._write_thread, lambda: Writer(self._file))
        self._reader = await _run(self._read_thread, lambda: Reader(self._file))
        self._opened = True

    async def close(self) -> None:
        """Let go of connections and threads, after what is under way."""
        if self._opened:
            await _run(self._read_thread, self._reader.close)
            await _run(self._write_thread, self._writer.close)
        self._read_thread.shutdown()
        self._write_thread.shutdown()

    async def write(self, points: Sequence[Point]) -> list[Refusal]:
        """See `SeriesStore.write`: one transaction, synced to disk."""
        return await _run(self._write_thread, lambda: self._writer.write(points))

    async def samples(self, device: str, stream: str, start: int, end: int, limit: int) -> list[Sample]:
        """See `SeriesStore.samples`."""
        return await _run(self._read_thread, lambda: self._reader.samples(device, stream, start, end, limit))

    async def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        """See `SeriesStore.buckets`."""
        return await _run(self._read_thread, lambda: self._reader.buckets(device, stream, start, end, width))

    async def first_time(self, device: str, stream: str, start_ns: int) -> int | None:
        """See `Values.first_time`."""
        return await _run(self._read_thread, lambda: self._reader.first_time(device, stream, start_ns))

    async def identity(self) -> str:
        """See `Values.identity`."""
        return await _run(self._read_thread, self._reader.identity)

    async def write_steps(self, steps: Sequence[WarningStep]) -> list[StepRefusal]:
        """See `StepStore.write_steps`: one transaction, synced to disk."""
        return await _run(self._write_thread, lambda: self._writer.write_steps(steps))

    async def warning_steps(self, site: str, start: int, end: int) -> list[WarningStep]:
        """See `StepStore.warning_steps`."""
        return await _run(self._read_thread, lambda: self._reader.warning_steps(site, start, end))

    async def scan(self, device: str) -> AsyncIterator[Point]:
        """See `SeriesStore.scan`; series by series in pages, each in time order."""
        for series in await _run(self._read_thread, lambda: self._reader.series(device)):
            async for point in self._scan_series(series):
                yield point

    async def _scan_series(self, series: int) -> AsyncIterator[Point]:
        after_ns = EARLIEST_NS - 1
        while page := await self._page(series, after_ns):
            for point in page:
                yield point
            after_ns = page[-1].time_ns

    async def _page(self, series: int, after_ns: int) -> list[Point]:
        return await _run(self._read_thread, lambda: self._reader.page(series, after_ns, SCAN_PAGE))


async def _run(thread: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    """Do blocking work on the thread; what SQLite cannot do now (locked, full, damaged) is StoreUnavailable."""
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, work)
    except sqlite3.DatabaseError as exc:
        raise StoreUnavailable(f"the readings file cannot be used: {exc}") from exc
    except OSError as exc:
        raise StoreUnavailable(f"the readings file cannot be opened: {exc}") from exc
