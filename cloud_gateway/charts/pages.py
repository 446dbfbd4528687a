"""The page of charts: chosen streams under each other, over a range that ends now or a time that stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.board.reading import read_frame
from cloud_gateway.board.rendering import labels_of, render_page
from cloud_gateway.charts.asked import LONGEST_MS, MOST_STREAMS, Asked, read_asked
from cloud_gateway.charts.store import find_simulated, list_choices, placements_between
from cloud_gateway.console.labels import UNITS, Labels
from cloud_gateway.database import reading
from cloud_gateway.devices.store import Stream
from cloud_gateway.readings.routes import Span
from cloud_gateway.running import gateway_of
from cloud_gateway.staff.guard import Visitor
from edge_agent.web.problems import invalid
from edge_agent.web.times import find_zone, rfc3339

router = APIRouter(include_in_schema=False)
HOUR_MS = 3_600_000
#: Ranges to choose from, h.
RANGES = (1, 6, 24, 7 * 24, 30 * 24, 366 * 24)
UTC = "UTC"

Names = Annotated[list[str], Query(alias="s", max_length=MOST_STREAMS + 1)]
Moment = Annotated[str, Query(max_length=40)]
Hours = Annotated[int, Query(ge=1, le=LONGEST_MS // HOUR_MS)]


@dataclass(frozen=True)
class ChartPage:
    """What the page shows; `hours` is 0 when the time stands still."""

    names: Sequence[str]
    shown: Sequence[dict[str, str]]
    choices: Sequence[tuple[str, str]]
    zone: str
    start: int
    end: int
    hours: int

    def address(self, names: Sequence[str] | None = None, hours: int | None = None) -> str:
        """This page with other streams, or over another range that ends now."""
        pairs = [("s", name) for name in (self.names if names is None else names)]
        if hours is None and not self.hours:
            return "/charts?" + urlencode([*pairs, ("from", rfc3339(self.start)), ("to", rfc3339(self.end))])
        return "/charts?" + urlencode([*pairs, ("hours", str(hours or self.hours))])

    def without(self, name: str) -> str:
        """This page without one of its streams."""
        return self.address([other for other in self.names if other != name])

    @property
    def export(self) -> str:
        """Where the shown values are as a table."""
        pairs = [("s", name) for name in self.names]
        return "/api/v1/readings.csv?" + urlencode([*pairs, ("from", rfc3339(self.start)), ("to", rfc3339(self.end))])


@router.get("/charts")
async def show_charts(
    request: Request,
    visitor: Visitor,
    s: Names = [],  # noqa: B006 - FastAPI copies it
    from_: Annotated[str, Query(alias="from", max_length=40)] = "",
    to: Moment = "",
    since: Moment = "",
    until: Moment = "",
    hours: Hours = 24,
) -> Response:
    """Streams over a time; `since` and `until` are wall time of the site, as the form sends them."""
    now = gateway_of(request).clock()
    names = list(dict.fromkeys(name.strip() for name in s if name.strip()))
    standing = bool(from_ and to)
    start, end = (from_, to) if standing else (str(now - hours * HOUR_MS), str(now))
    asked = await read_asked(request, names, start, end) if names else Asked([], Span(int(now - HOUR_MS), now))
    async with reading(gateway_of(request).engine) as connection:
        frame = await read_frame(connection, now)
        choices = await list_choices(connection)
        places = await placements_between(connection, asked.devices, asked.span.start, asked.span.end)
        simulated = await find_simulated(connection, asked.devices)
    zone = places[0].zone if places else UTC
    if since and until:
        page = ChartPage(names, [], [], zone, _wall("since", since, zone), _wall("until", until, zone), 0)
        return RedirectResponse(page.address(), 303)
    page = _compose(labels_of(request), asked, choices, zone, 0 if standing else hours)
    return render_page(request, "charts.html", visitor, frame, simulated, page=page, ranges=RANGES)


def _compose(labels: Labels, asked: Asked, choices: Sequence[Stream], zone: str, hours: int) -> ChartPage:
    return ChartPage(
        names=[f"{stream.device}/{stream.name}" for stream in asked.streams],
        shown=[_shown(labels, stream) for stream in asked.streams],
        choices=[(f"{stream.device}/{stream.name}", labels.stream(stream)) for stream in choices],
        zone=zone,
        start=asked.span.start,
        end=asked.span.end,
        hours=hours,
    )


def _shown(labels: Labels, stream: Stream) -> dict[str, str]:
    unit = UNITS.get(stream.unit, stream.unit)
    return {"name": f"{stream.device}/{stream.name}", "label": labels.stream(stream), "unit": unit}


def _wall(field: str, text: str, zone: str) -> int:
    """ms UTC of a wall time of the zone. Raises Problem."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise invalid(field, str(exc)) from exc
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=find_zone(zone))
    return round(moment.timestamp() * 1000)
