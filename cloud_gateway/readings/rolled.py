"""A store of readings whose long ranges are read from roll-ups; for whichever store holds the values.

The one rule: a roll-up of a day stands only while it is made of all values of that day. Who writes a value takes its
day's roll-up away after the value is stored and before the write returns, so before it is acknowledged. Who makes a
roll-up says so before reading the values, and what was taken away meanwhile is not kept. A process that is killed
between the two steps of a write has acknowledged nothing: its device sends again, and that takes the roll-up away.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeVar

from cloud_gateway.readings.checks import EARLIEST_NS, names_fit
from cloud_gateway.readings.rollups import (
    BLOCK_MS,
    DAY_MS,
    DAY_NS,
    FARTHEST_DAY,
    find_rest,
    is_rolled,
    join,
    last_closed,
    whole_days,
)
from cloud_gateway.readings.series import (
    Bucket,
    Point,
    Refusal,
    Sample,
    SeriesHome,
    StepRefusal,
    StoreUnavailable,
    WarningStep,
)
from cloud_gateway.readings.sqlite_rollups import RollupFile

Result = TypeVar("Result")


class Values(SeriesHome, Protocol):
    """A home of readings as roll-ups need it."""

    async def identity(self) -> str:
        """Tells this home from every other."""

    async def first_time(self, device: str, stream: str, start_ns: int) -> int | None:
        """The time (ns) of the first value from `start_ns` on, None without one."""


class RolledStore:
    """A SeriesHome: the store `values`, and roll-ups of its closed days in `file`."""

    def __init__(self, values: Values, file: Path) -> None:
        self._values = values
        self._file = RollupFile(file)
        self._thread = ThreadPoolExecutor(1, "roll-ups")
        self._home = ""

    @property
    def home(self) -> str:
        """Tells the open store of values from every other: roll-ups are of one."""
        return self._home

    async def open(self) -> None:
        """See `SeriesStore.open`."""
        await self._values.open()
        self._home = await self._values.identity()

    async def close(self) -> None:
        """See `SeriesStore.close`."""
        await self._run(self._file.close)
        self._thread.shutdown()
        await self._values.close()

    async def write(self, points: Sequence[Point]) -> list[Refusal]:
        """See `SeriesStore.write`."""
        refusals = await self._values.write(points)
        await self._run(lambda: self._file.drop_touched(points))
        return refusals

    async def samples(self, device: str, stream: str, start: int, end: int, limit: int) -> list[Sample]:
        """See `SeriesStore.samples`."""
        return await self._values.samples(device, stream, start, end, limit)

    async def buckets(self, device: str, stream: str, start: int, end: int, width: int) -> list[Bucket]:
        """See `SeriesStore.buckets`; whole days come from roll-ups when `width` is a multiple of theirs."""
        if not (is_rolled(start, end, width) and names_fit(device, stream)):
            return await self._values.buckets(device, stream, start, end, width)
        first, last = whole_days(start, end)
        days, parts = await self._run(lambda: self._file.buckets(self._home, device, stream, first, last, width))
        rest = (self._values.buckets(device, stream, *part, width) for part in find_rest(start, end, days))
        return join(chain(parts, *await asyncio.gather(*rest)))

    def scan(self, device: str) -> AsyncIterator[Point]:
        """See `SeriesStore.scan`."""
        return self._values.scan(device)

    async def write_steps(self, steps: Sequence[WarningStep]) -> list[StepRefusal]:
        """See `StepStore.write_steps`."""
        return await self._values.write_steps(steps)

    async def warning_steps(self, site: str, start: int, end: int) -> list[WarningStep]:
        """See `StepStore.warning_steps`."""
        return await self._values.warning_steps(site, start, end)

    async def roll(self, device: str, stream: str, now: int, *, rest: float = 1.0) -> int:
        """Make what roll-ups the stream lacks at `now`; how many. Rests between days `rest` times as long as each took.

        The day of the oldest value is never rolled up: a store that lets go of old values does it there.
        """
        begin = await self._values.first_time(device, stream, EARLIEST_NS)
        first = FARTHEST_DAY if begin is None else begin // DAY_NS
        await self._run(lambda: self._file.forget(device, stream, first))
        last = last_closed(now)
        made = await self._run(lambda: self._file.made(self._home, device, stream, first, last))
        day, count = first + 1, 0
        while day < last:
            if day not in made:
                found = await self._values.first_time(device, stream, day * DAY_NS)
                if found is None or (day := found // DAY_NS) >= last:
                    break
            if day not in made:
                count += await self._roll_day(device, stream, day, rest)
            day += 1
        return count

    async def _roll_day(self, device: str, stream: str, day: int, rest: float) -> bool:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        claim = await self._run(lambda: self._file.claim(self._home, device, stream, day))
        blocks = await self._values.buckets(device, stream, day * DAY_MS, (day + 1) * DAY_MS, BLOCK_MS)
        made = await self._run(lambda: self._file.complete(claim, blocks))
        await asyncio.sleep(rest * (loop.time() - begun))
        return made

    async def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.DatabaseError as exc:
            raise StoreUnavailable(f"the file of roll-ups cannot be used: {exc}") from exc
