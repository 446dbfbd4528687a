"""What a chart or a table is asked for: streams by name, and a time; read from the parameters of an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request

from cloud_gateway.database import reading
from cloud_gateway.devices.store import Stream, list_streams
from cloud_gateway.readings.routes import Span
from cloud_gateway.running import gateway_of
from edge_agent.web.paging import read_time
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _
from edge_agent.wire.topics import DEVICE_ID, STREAM_NAME

MOST_STREAMS = 8
#: No longer than this, ms: twenty years.
LONGEST_MS = 20 * 366 * 86_400_000

Names = Annotated[list[str], Query(alias="s", max_length=MOST_STREAMS, description="Streams: device/stream, up to 8.")]
From = Annotated[str, Query(alias="from", max_length=40, description="First time, RFC 3339 with a zone, or ms UTC.")]
To = Annotated[str, Query(alias="to", max_length=40, description="End, not included; RFC 3339 with a zone, or ms UTC.")]


@dataclass(frozen=True)
class Asked:
    """Streams in the order in which they were asked for, over a time."""

    streams: Sequence[Stream]
    span: Span

    @property
    def devices(self) -> list[str]:
        """Their devices, each once."""
        return list(dict.fromkeys(stream.device for stream in self.streams))


async def read_asked(request: Request, names: Sequence[str], start: str, end: str) -> Asked:
    """The streams and the time of an address. Raises Problem naming the parameter that cannot be used."""
    span = _read_span(start, end)
    pairs = [split_name(name) for name in dict.fromkeys(names)]
    if not 1 <= len(pairs) <= MOST_STREAMS:
        raise invalid("s", f"name 1 to {MOST_STREAMS} streams as device/stream")
    async with reading(gateway_of(request).engine) as connection:
        known = {(s.device, s.name): s for s in await list_streams(connection, [device for device, _ in pairs])}
    for device, stream in pairs:
        if (device, stream) not in known:
            remedy = _("The list of the device's streams has them all.")
            raise Problem(404, "no_stream", _("The device has no stream of this name."), remedy, "s")
    return Asked([known[pair] for pair in pairs], span)


def split_name(name: str) -> tuple[str, str]:
    """(device, stream) of `device/stream`. Raises Problem."""
    device, _slash, stream = name.partition("/")
    if not (DEVICE_ID.fullmatch(device) and STREAM_NAME.fullmatch(stream)):
        raise invalid("s", "a stream is named as device/stream")
    return device, stream


def _read_span(start: str, end: str) -> Span:
    span = Span(read_time("from", start), read_time("to", end))
    if span.end <= span.start:
        raise invalid("to", "the end is not after the start")
    if span.end - span.start > LONGEST_MS:
        raise invalid("to", "this is longer than twenty years")
    return span
