"""Composes how a site does: the answer first, its devices, streams with values, alarms, who stood there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from cloud_gateway.alarms.view import Line, make_line
from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.board.site_reading import OPEN_MOST, SiteState
from cloud_gateway.console.overview import compose_field
from cloud_gateway.console.places import plot_kind
from cloud_gateway.console.views import DeviceView, Headline, Tally
from cloud_gateway.devices.condition import Moment
from cloud_gateway.devices.store import Stream
from cloud_gateway.devices.store_page import Stay
from edge_agent.web.words import _

#: Devices and streams that are shown before the rest is only counted.
DEVICES_MOST, STREAMS_MOST = 12, 40


@dataclass(frozen=True)
class StreamRow:
    """A stream with its newest value; `at` is device time, `chart` the address of its chart with its prediction."""

    id: str
    device: str
    label: str
    shown: str
    unit: str
    kind: str
    at: int | None
    chart: str


@dataclass(frozen=True)
class Paper:
    """One document: of what kind, what it is called, where it is; `at` ms UTC, `note` what else is to be known."""

    kind: str
    label: str
    address: str
    at: int | None = None
    note: str = ""


@dataclass(frozen=True)
class StatePage:
    """What the site's page says of the field; the counts are of what is not shown."""

    headline: Headline
    calm: str
    devices: tuple[DeviceView, ...]
    more_devices: int
    tallies: tuple[Tally, ...]
    streams: tuple[StreamRow, ...]
    more_streams: int
    chart: str
    open: tuple[Line, ...]
    more_open: bool
    closed: tuple[Line, ...]
    stays: Sequence[Stay]
    papers: tuple[Paper, ...]
    simulated: bool


def compose_state(state: SiteState, labels: BoardLabels, now: int) -> StatePage:
    """The page's words; `now` is the time of the page, in a story the story's."""
    page, field = compose_field(state.field), state.field
    moment = Moment(now, field.moment.scenario)
    streams = tuple(_stream(labels, one, field.streams(one.device)) for one in _own_streams(state))
    return StatePage(
        headline=page.headline,
        calm=page.calm,
        devices=page.devices[:DEVICES_MOST],
        more_devices=len(page.devices[DEVICES_MOST:]),
        tallies=page.tallies,
        streams=streams[:STREAMS_MOST],
        more_streams=len(streams[STREAMS_MOST:]),
        chart="/charts?" + urlencode([("s", one.id) for one in streams[:8]], safe="/") if streams else "",
        open=tuple(make_line(one, moment, labels) for one in state.open[:OPEN_MOST]),
        more_open=len(state.open) > OPEN_MOST,
        closed=tuple(make_line(one, moment, labels) for one in state.closed),
        stays=state.stays,
        papers=tuple(_papers(state, labels)),
        simulated=page.simulated,
    )


def _own_streams(state: SiteState) -> list[Stream]:
    """What is measured, of the devices in their order; predictions stand with what they predict."""
    snapshot = state.field.snapshot
    return [one for device in snapshot.devices for one in state.field.streams(device.id) if one.predicts is None]


def _stream(labels: BoardLabels, one: Stream, beside: Sequence[Stream]) -> StreamRow:
    shown = [one.name, *(other.name for other in beside if other.predicts == one.name)]
    return StreamRow(
        id=f"{one.device}/{one.name}",
        device=one.device,
        label=labels.stream(one),
        shown="–" if one.value is None else labels.value(one.value, one.unit),
        unit=one.unit,
        kind=plot_kind(one),
        at=one.at,
        chart="/charts?" + urlencode([("s", f"{one.device}/{name}") for name in shown], safe="/"),
    )


def _papers(state: SiteState, labels: BoardLabels) -> Iterator[Paper]:
    plan, photo, drill = (labels.text(word) for word in (_("Emergency plan"), _("Photo"), _("drill")))
    for one in state.plans:
        version = labels.text(_("version %(number)s"), number=one.version)
        yield Paper(plan, labels.hazard(one.hazard), f"/plans/{one.id}", one.made_at, version)
    for shot in state.photos:
        said = labels.pick(shot.text, shot.text_zh)
        yield Paper(photo, said, f"/tasks/{shot.task}/photo", shot.ended_at, drill if shot.drill else "")
