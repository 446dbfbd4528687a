"""Writes the values of streams as CSV, a window of time after the other, so that memory stays bounded."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from cloud_gateway.charts.asked import Asked
from cloud_gateway.devices.store import Stream
from cloud_gateway.readings.series import NS_PER_MS, Sample, SeriesStore
from edge_agent.web.times import rfc3339
from edge_agent.wire.senml import Value

COLUMNS = ("time", "device", "stream", "unit", "value")
#: Values read at once.
PAGE = 5000
#: The first window of a stream, ns; windows grow and shrink to hold about half a page.
WINDOW_NS = 3600 * 1000 * NS_PER_MS
LONGEST_NS = 366 * 24 * WINDOW_NS
#: How a text begins that a spreadsheet would take for a formula; some of them read the wide signs as the narrow ones.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class Begun:
    """An export whose first rows are read already, so that a store that is away is told before the answer begins."""

    first: str
    rest: AsyncIterator[str]


async def first_rows(series: SeriesStore, asked: Asked) -> Begun:
    """Begin an export. Raises StoreUnavailable."""
    parts = _parts(series, asked)
    return Begun(_lines([COLUMNS]) + await anext(parts, ""), parts)


async def write_rows(begun: Begun) -> AsyncIterator[str]:
    """The whole table, in parts. A store that goes away breaks the answer off: a browser calls that download failed."""
    yield begun.first
    async for part in begun.rest:
        yield part


async def _parts(series: SeriesStore, asked: Asked) -> AsyncIterator[str]:
    first, end = asked.span.start * NS_PER_MS, asked.span.end * NS_PER_MS
    for stream in asked.streams:
        async for samples in read_all(series, stream.device, stream.name, first, end):
            yield _lines([_row(stream, sample) for sample in samples])


async def read_all(
    series: SeriesStore, device: str, stream: str, first_ns: int, end_ns: int, page: int = PAGE
) -> AsyncIterator[Sequence[Sample]]:
    """All values of first <= time < end in order, less than `page` at a time.

    Time is cut into windows, because a store may have to sort all of what it is asked for.
    """
    place, width = first_ns, WINDOW_NS
    while place < end_ns:
        until = min(place + width, end_ns)
        found = await series.samples(device, stream, place, until, page)
        if len(found) == page:  # there may be more: read only what is surely whole
            if found[0].time_ns == found[-1].time_ns:
                raise OverflowError(f"more than {page} values of {device}/{stream} at one time")
            until = found[-1].time_ns
            found = [sample for sample in found if sample.time_ns < until]
            width = max((until - place) // 2, 1)
        elif len(found) < page // 4:
            width = min(width * 2, LONGEST_NS)
        if found:
            yield found
        place = until


def _row(stream: Stream, sample: Sample) -> tuple[str, ...]:
    return rfc3339(sample.at), _text(stream.device), stream.name, _text(stream.unit), _cell(sample.value)


def _cell(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(said: str) -> str:
    """A text that a device has set, as a cell that no spreadsheet works out."""
    return f"'{said}" if said.startswith(FORMULA) else said


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
