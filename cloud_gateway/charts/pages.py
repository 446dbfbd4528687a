"""The page of charts: chosen streams under each other, over a range that ends now or a time that stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.times import find_zone, rfc3339
from edge_agent.web.words import _

router = APIRouter(include_in_schema=False)
HOUR_MS = 3_600_000
#: Ranges to choose from, h.
RANGES = (1, 6, 24, 7 * 24, 30 * 24, 366 * 24)
#: Shown in place of a time that cannot be used, h.
USUAL_HOURS = 24
UTC = "UTC"
#: What is wrong with an address, by the parameter that is.
WRONGS = {
    "s": _("A stream is named as device/stream, as in the list that opens while you type."),
    "from": _("The beginning is no time. The last 24 hours are shown."),
    "to": _("The end is no time after the beginning, or more than twenty years after it. The last 24 hours are shown."),
}
TOO_MANY = _("At most 8 streams are shown at once; the last ones were left out.")

Names = Annotated[list[str], Query(alias="s", max_length=MOST_STREAMS + 1)]
Moment = Annotated[str, Query(max_length=40)]
Hours = Annotated[int, Query(ge=1, le=LONGEST_MS // HOUR_MS)]


@dataclass(frozen=True)
class Plot:
    """One stream with, in the same plot, the stream that `predicted` it; `newest` is device time, ms UTC."""

    name: str
    label: str
    unit: str
    is_prediction: bool
    predicted: str
    newest: int | None


@dataclass(frozen=True)
class ChartPage:
    """What the page shows; `hours` is 0 when the time stands still, `said` what was wrong with the address."""

    names: Sequence[str]
    shown: Sequence[Plot]
    choices: Sequence[tuple[str, str]]
    zone: str
    start: int
    end: int
    hours: int
    said: str = ""

    @property
    def data(self) -> list[dict[str, str | int | bool | None]]:
        """The plots as the page's script takes them."""
        return [asdict(plot) for plot in self.shown]

    def address(self, names: Sequence[str] | None = None, hours: int | None = None) -> str:
        """This page with other streams, or over another range that ends now."""
        pairs = [("s", name) for name in (self.names if names is None else names)]
        if hours is None and not self.hours:
            return "/charts?" + urlencode([*pairs, ("from", rfc3339(self.start)), ("to", rfc3339(self.end))])
        return "/charts?" + urlencode([*pairs, ("hours", str(hours or self.hours))])

    def without(self, plot: Plot) -> str:
        """This page without one of its plots."""
        return self.address([other for other in self.names if other not in (plot.name, plot.predicted)])

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
    said = TOO_MANY if len(names) > MOST_STREAMS else ""
    names = names[:MOST_STREAMS]
    standing = bool(from_ and to)
    start, end = (from_, to) if standing else (str(now - hours * HOUR_MS), str(now))
    asked, wrong = await _ask(request, names, start, end, now)
    if wrong is not None:
        standing, hours, said = False, USUAL_HOURS, _say_wrong(wrong)
    async with reading(gateway_of(request).engine) as connection:
        frame = await read_frame(connection, now)
        choices = await list_choices(connection)
        places = await placements_between(connection, asked.devices, asked.span.start, asked.span.end)
        simulated = await find_simulated(connection, asked.devices)
    zone = places[0].zone if places else UTC
    if since and until:
        page = ChartPage(names, [], [], zone, _wall("since", since, zone), _wall("until", until, zone), 0)
        return RedirectResponse(page.address(), 303)
    page = _compose(labels_of(request), asked, choices, zone, 0 if standing else hours, said)
    status = wrong.status if wrong else 200
    return render_page(request, "charts.html", visitor, frame, simulated, status, page=page, ranges=RANGES)


async def _ask(request: Request, names: Sequence[str], start: str, end: str, now: int) -> tuple[Asked, Problem | None]:
    """What an address asks for; in place of what cannot be used, no streams or the usual time, and what is wrong."""
    if not names:
        return Asked([], Span(now - HOUR_MS, now)), None
    try:
        return await read_asked(request, names, start, end), None
    except Problem as problem:
        if problem.field == "s":
            return Asked([], Span(now - HOUR_MS, now)), problem
        usual = await _ask(request, names, str(now - USUAL_HOURS * HOUR_MS), str(now), now)
        return usual[0], usual[1] or problem


def _say_wrong(problem: Problem) -> str:
    return problem.title if problem.status == 404 else WRONGS[problem.field or "s"]


def _compose(labels: Labels, asked: Asked, choices: Sequence[Stream], zone: str, hours: int, said: str) -> ChartPage:
    return ChartPage(
        names=[_name(stream) for stream in asked.streams],
        shown=_plots(labels, asked.streams),
        choices=[(_name(stream), labels.stream(stream)) for stream in choices],
        zone=zone,
        start=asked.span.start,
        end=asked.span.end,
        hours=hours,
        said=said,
    )


def _name(stream: Stream) -> str:
    return f"{stream.device}/{stream.name}"


def _plots(labels: Labels, streams: Sequence[Stream]) -> list[Plot]:
    """A prediction is drawn with what it predicts, where both are shown."""
    measured = {_name(stream) for stream in streams if not stream.predicts}
    pairs = ((f"{one.device}/{one.predicts}", _name(one)) for one in streams)
    predicted = {target: name for target, name in pairs if target in measured}
    alone = (one for one in streams if _name(one) not in predicted.values())
    return [_plot(labels, one, predicted.get(_name(one), "")) for one in alone]


def _plot(labels: Labels, stream: Stream, predicted: str) -> Plot:
    unit = UNITS.get(stream.unit, stream.unit)
    return Plot(_name(stream), labels.stream(stream), unit, bool(stream.predicts), predicted, stream.at)


def _wall(field: str, text: str, zone: str) -> int:
    """ms UTC of a wall time of the zone. Raises Problem, also where that is before the year 1 or after 9999."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=find_zone(zone))
        at = round(moment.timestamp() * 1000)
        rfc3339(at)  # the page's own address holds it
    except (ValueError, OverflowError) as exc:
        raise invalid(field, str(exc)) from exc
    return at
