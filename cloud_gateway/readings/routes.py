"""The API of readings: values of one stream as stored or down-sampled, and all streams of a site for charts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from cloud_gateway.alarms.store import Alarm, alarms_between
from cloud_gateway.database import reading
from cloud_gateway.devices.routes import no_device
from cloud_gateway.devices.store import Rule, Stream, find_device, list_rules, list_streams
from cloud_gateway.exposures.bands import Band, make_bands
from cloud_gateway.readings.series import NS_PER_MS, Bucket, SeriesStore, StoreUnavailable
from cloud_gateway.running import gateway_of
from cloud_gateway.sites.routes import no_site
from cloud_gateway.sites.store import devices_at, find_site
from edge_agent.web.paging import MAX_LIMIT, After, Limit, Time, decode_cursor, encode_cursor, read_time
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _
from edge_agent.wire.senml import Value

router = APIRouter(tags=["readings"])
#: Buckets in one answer.
MAX_BUCKETS = 2000
#: Streams of a site in one answer; its page draws a dozen of them.
MOST_LINES = 60
DAY_MS = 86_400_000

DeviceId = Annotated[str, Query(max_length=32, description="The device's id.")]
StreamName = Annotated[str, Query(max_length=32, description="The stream's name.")]
Start = Annotated[str, Query(max_length=40, description="First time, RFC 3339 with a zone, or ms UTC.")]
End = Annotated[str, Query(max_length=40, description="End, not included; RFC 3339 with a zone, or ms UTC.")]
Width = Annotated[int | None, Query(ge=1000, le=366 * DAY_MS, description="Down-sample to intervals of so many ms.")]


class SampleOut(BaseModel):
    """One value as it was stored."""

    at: Time
    value: Value


class BucketOut(BaseModel):
    """One down-sampled interval that begins at `at`."""

    at: Time
    low: float
    mean: float
    high: float
    count: int


class Readings(BaseModel):
    """Values of one stream: `samples`, or `buckets` when a width was given."""

    device: str
    stream: str
    unit: str
    samples: list[SampleOut] = []
    buckets: list[BucketOut] = []
    next: str | None = Field(None, description="Give it as `after` to get the next page of samples.")


@dataclass(frozen=True)
class Span:
    """start <= at < end, ms UTC."""

    start: int
    end: int


@router.get("/readings")
async def list_readings(
    request: Request,
    device: DeviceId,
    stream: StreamName,
    start: Start,
    end: End,
    limit: Limit = 1000,
    after: After = None,
    width_ms: Width = None,
) -> Readings:
    """One stream over a time: as stored, in pages; or with `width_ms` as low, mean and high per interval."""
    gateway, span = gateway_of(request), read_span(start, end, width_ms)
    unit = await _unit(request, device, stream)
    found = Readings(device=device, stream=stream, unit=unit)
    try:
        if width_ms is None:
            return await _fill_samples(gateway.series, found, span, limit, after)
        buckets = await gateway.series.buckets(device, stream, span.start, span.end, width_ms)
    except StoreUnavailable as exc:
        raise series_away(exc) from exc
    found.buckets = [BucketOut(**b._asdict()) for b in buckets]
    return found


def read_span(start: str, end: str, width_ms: int | None) -> Span:
    """The span of two time parameters. Raises Problem when it is empty, or too long for the width."""
    span = Span(read_time("start", start), read_time("end", end))
    if span.end <= span.start:
        raise invalid("end", "the end is not after the start")
    if width_ms and (span.end - span.start) // width_ms > MAX_BUCKETS:
        raise invalid("width_ms", f"this makes more than {MAX_BUCKETS} intervals; widen them")
    return span


async def _unit(request: Request, device: str, stream: str) -> str:
    async with reading(gateway_of(request).engine) as connection:
        if await find_device(connection, device) is None:
            raise no_device("device")
        units = {s.name: s.unit for s in await list_streams(connection, [device])}
    if stream not in units:
        remedy = _("The list of the device's streams has them all.")
        raise Problem(404, "no_stream", _("The device has no stream of this name."), remedy, "stream")
    return units[stream]


async def _fill_samples(series: SeriesStore, found: Readings, span: Span, limit: int, after: str | None) -> Readings:
    """A page of samples. A cursor is a time in ns and how many samples of it were given already: one for each unit."""
    first, end = span.start * NS_PER_MS, span.end * NS_PER_MS
    place = decode_cursor(after, int, int) or [first, 0]
    start, skip = int(place[0]), int(place[1])
    if not (first <= start < end and 0 <= skip <= MAX_LIMIT):
        raise invalid("after", "this is not a cursor of this list")
    rows = await series.samples(found.device, found.stream, start, end, skip + limit + 1)
    page, more = rows[skip : skip + limit], len(rows) > skip + limit
    found.samples = [SampleOut(at=r.at, value=r.value) for r in page]
    if more:
        same = sum(r.time_ns == page[-1].time_ns for r in rows[: skip + limit])
        found.next = encode_cursor([page[-1].time_ns, same])
    return found


def series_away(exc: StoreUnavailable) -> Problem:
    """503: the series store does not answer."""
    remedy = _("Try again in a moment; nothing is lost.")
    title = _("The store of readings does not answer.")
    return Problem(503, "series_unavailable", title, remedy, detail=exc.reason, retry_after_s=5)


class Line(BaseModel):
    """One stream of a site for a chart; points are [at in ms UTC, value], buckets' means when down-sampled."""

    device: str
    stream: str
    unit: str
    label: str
    label_zh: str
    interval_s: float | None
    predicts: str | None
    points: list[tuple[int, Value]]


class SiteSeries(BaseModel):
    """Streams of a site over a time, the alarms raised in it, and the official warnings that stood in it."""

    site: str
    width_ms: int
    lines: list[Line] = Field(description="At most 60: those with alarms or predictions first, then with rules.")
    left_out: int = Field(description="How many more streams there are.")
    limits: list[Rule] = Field(description="The alarm rules of the streams.")
    alarms: list[Alarm]
    warnings: list[Band] = Field(description="Official warnings only: our own alarms are none.")


@router.get("/sites/{code}/series")
async def chart_site(request: Request, code: str, start: Start, end: End, width_ms: Width = 600_000) -> SiteSeries:
    """The streams of the devices at a site, for charts: numbers down-sampled, contacts as they changed."""
    gateway, width = gateway_of(request), width_ms or 600_000
    span = read_span(start, end, width)
    async with reading(gateway.engine) as connection:
        if await find_site(connection, code) is None:
            raise no_site("code")
        devices = await devices_at(connection, code)
        streams = await list_streams(connection, devices)
        alarms = await alarms_between(connection, devices, span.start, span.end)
        limits = await list_rules(connection, devices)
    chosen = choose_streams(streams, limits, alarms, MOST_LINES)
    try:
        lines = await asyncio.gather(*(_line(gateway.series, s, span, width) for s in chosen))
        warnings = make_bands(await gateway.series.warning_steps(code, span.start, span.end))
    except StoreUnavailable as exc:
        raise series_away(exc) from exc
    return SiteSeries(
        site=code,
        width_ms=width,
        lines=list(lines),
        left_out=len(streams) - len(chosen),
        limits=limits,
        alarms=alarms,
        warnings=warnings,
    )


def choose_streams(
    streams: Sequence[Stream], rules: Sequence[Rule], alarms: Sequence[Alarm], most: int
) -> list[Stream]:
    """Those to draw: with an alarm or a prediction, with a rule, other numbers, switches and texts; in their order."""
    urged = {(s.device, s.predicts) for s in streams if s.predicts} | {(one.device, one.stream) for one in alarms}
    ruled = {(rule.device, rule.stream) for rule in rules}

    def rank(stream: Stream) -> int:
        key = stream.device, stream.name
        if stream.predicts or key in urged:
            return 0
        return 1 if key in ruled else 3 if isinstance(stream.value, bool | str) else 2

    chosen = {(s.device, s.name) for s in sorted(streams, key=rank)[:most]}
    return [s for s in streams if (s.device, s.name) in chosen]


async def _line(series: SeriesStore, stream: Stream, span: Span, width: int) -> Line:
    if isinstance(stream.value, bool | str):
        start, end = span.start * NS_PER_MS, span.end * NS_PER_MS
        samples = await series.samples(stream.device, stream.name, start, end, MAX_BUCKETS)
        return _draw(stream, [(s.at, s.value) for s in samples])
    buckets = await series.buckets(stream.device, stream.name, span.start, span.end, width)
    return _draw(stream, [(b.at, chart_value(stream.unit, b)) for b in buckets])


def _draw(stream: Stream, points: list[tuple[int, Value]]) -> Line:
    return Line(
        device=stream.device,
        stream=stream.name,
        unit=stream.unit,
        label=stream.label,
        label_zh=stream.label_zh,
        interval_s=stream.interval_s,
        predicts=stream.predicts,
        points=points,
    )


def chart_value(unit: str, bucket: Bucket) -> float:
    """What a chart shows of an interval: the sum of amounts (rain in mm), the mean of everything else."""
    return round(bucket.mean * bucket.count if unit == "mm" else bucket.mean, 4)
