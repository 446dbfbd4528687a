"""The API of charts: any streams over any time, down-sampled to what can be seen, with what belongs to them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from cloud_gateway.alarms.store import Alarm, alarms_between
from cloud_gateway.charts.asked import Asked, From, Names, To, read_asked
from cloud_gateway.charts.export import first_rows, write_rows
from cloud_gateway.charts.store import Placement, placements_between
from cloud_gateway.charts.widths import Coarse, Mark, choose_width, open_gaps
from cloud_gateway.database import reading
from cloud_gateway.devices.store import Rule, Stream, list_rules
from cloud_gateway.readings.routes import Span, series_away
from cloud_gateway.readings.series import NS_PER_MS, SeriesStore, StoreUnavailable
from cloud_gateway.retention.rules import find_rule, raw_cut
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.settings import GatewaySettings
from edge_agent.web.paging import Time
from edge_agent.wire.senml import Value

router = APIRouter(tags=["readings"])
#: Values of a stream that is no number, in one answer.
MOST_STATES = 2000
MOST_ALARMS = 500

Points = Annotated[int, Query(ge=10, le=4000, description="At most so many intervals: the pixels of the chart.")]


class ChartLine(BaseModel):
    """One stream: `buckets` of numbers, each [at in ms UTC, low, mean, high, count] and null where the line is open;
    or `states`, each [at in ms UTC, value], of switches and texts: the first 2000; `whole` says whether that is all.
    """

    device: str
    stream: str
    unit: str
    label: str
    label_zh: str
    interval_s: float | None
    predicts: str | None
    kind: Literal["number", "state"]
    buckets: list[Mark] = []
    states: list[tuple[int, Value]] = []
    whole: bool = True


class Chart(BaseModel):
    """Streams over one time in intervals of one width, with what belongs to them."""

    start: Time = Field(serialization_alias="from")
    end: Time = Field(serialization_alias="to")
    width_ms: int
    lines: list[ChartLine]
    limits: list[Rule] = Field(description="The alarm rules of the streams as their devices declare them now.")
    alarms: list[Alarm] = Field(description="Alarms raised on the streams in this time, the newest first, at most 500.")
    placements: list[Placement] = Field(description="Where the devices stood in this time.")


@router.get("/charts")
async def draw_chart(request: Request, s: Names, start: From, end: To, points: Points = 1500) -> Chart:
    """Any streams over any time: low, mean and high of each interval, thresholds, alarms and placements."""
    asked = await read_asked(request, s, start, end)
    gateway, span = gateway_of(request), asked.span
    width = choose_width(span.end - span.start, points)
    named = {(stream.device, stream.name) for stream in asked.streams}
    async with reading(gateway.engine) as connection:
        limits = await list_rules(connection, asked.devices)
        alarms = await alarms_between(connection, asked.devices, span.start, span.end, MOST_ALARMS)
        placements = await placements_between(connection, asked.devices, span.start, span.end)
    try:
        lines = await asyncio.gather(
            *(
                _line(gateway.series, one, asked, width, find_coarse(gateway.settings, one.name, now_ms()))
                for one in asked.streams
            )
        )
    except StoreUnavailable as exc:
        raise series_away(exc) from exc
    return Chart(
        start=span.start,
        end=span.end,
        width_ms=width,
        lines=list(lines),
        limits=[rule for rule in limits if (rule.device, rule.stream) in named],
        alarms=[alarm for alarm in alarms if (alarm.device, alarm.stream) in named],
        placements=placements,
    )


async def _line(series: SeriesStore, stream: Stream, asked: Asked, width: int, coarse: Coarse | None) -> ChartLine:
    line = ChartLine(
        device=stream.device,
        stream=stream.name,
        unit=stream.unit,
        label=stream.label,
        label_zh=stream.label_zh,
        interval_s=stream.interval_s,
        predicts=stream.predicts,
        kind="state" if isinstance(stream.value, bool | str) else "number",
    )
    start, end = asked.span.start, asked.span.end
    if line.kind == "state":
        line.states, line.whole = await read_states(series, stream.device, stream.name, asked.span)
    else:
        buckets = await series.buckets(stream.device, stream.name, start, end, width)
        line.buckets = open_gaps(buckets, width, stream.interval_s, coarse)
    return line


async def read_states(
    series: SeriesStore, device: str, stream: str, span: Span, most: int = MOST_STATES
) -> tuple[list[tuple[int, Value]], bool]:
    """The first `most` values as (at, value), and whether they are all there are. Raises StoreUnavailable."""
    found = await series.samples(device, stream, span.start * NS_PER_MS, span.end * NS_PER_MS, most + 1)
    return [(sample.at, sample.value) for sample in found[:most]], len(found) <= most


def find_coarse(settings: GatewaySettings, stream: str, now: int) -> Coarse | None:
    """Since when, and to what, the stream's numbers may have been down-sampled at `now`, ms UTC."""
    rule = find_rule(stream, settings.retention)
    cut = None if rule is None or settings.series.store != "sqlite" else raw_cut(rule, now)
    return None if rule is None or cut is None else Coarse(cut // NS_PER_MS, rule.bucket_s * 1000)


@router.get("/readings.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
async def export_readings(request: Request, s: Names, start: From, end: To) -> StreamingResponse:
    """The values of streams as stored, in time order, stream by stream; written as they are read."""
    asked = await read_asked(request, s, start, end)
    series = gateway_of(request).series
    try:
        begun = await first_rows(series, asked)
    except StoreUnavailable as exc:
        raise series_away(exc) from exc
    headers = {"Content-Disposition": 'attachment; filename="readings.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(write_rows(begun), media_type="text/csv; charset=utf-8", headers=headers)
