"""Reads and composes the page of one device: how it is, what waits on it, its streams, lives and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.console.labels import Labels
from cloud_gateway.devices.fleet import Certificate, Fleet, FleetRow, Wanted, compose_fleet
from cloud_gateway.devices.reading import read_fleet
from cloud_gateway.devices.store import Device, Gap, Stream
from cloud_gateway.devices.store_page import (
    Boot,
    LaneLine,
    Placed,
    list_boots,
    list_epochs,
    list_lines,
    list_placements,
    newest_gaps,
)
from cloud_gateway.enrolment.store import Enrolment
from cloud_gateway.twin.store import Twin, find_twin
from edge_agent.web.words import CHINESE

#: Lives, places and gaps on the page, the newest.
MOST = 20


@dataclass(frozen=True)
class DeviceFacts:
    """What the page is made of."""

    device: Device
    fleet: Fleet
    enrolment: Enrolment | None
    twin: Twin
    boots: Sequence[Boot]
    placements: Sequence[Placed]
    epochs: Sequence[str]
    lines: Sequence[LaneLine]
    gaps: Sequence[Gap]

    @property
    def targets(self) -> dict[str, list[str]]:
        """What the settings of a section can be of, by section: its own streams and rules."""
        snapshot, name = self.fleet.snapshot, self.device.id
        streams = [one.name for one in snapshot.streams.get(name, []) if one.predicts is None]
        return {"sampling": streams, "rules": [one.name for one in snapshot.rules.get(name, [])]}


@dataclass(frozen=True)
class StreamLine:
    """A stream with its newest value; `at` is device time, ms UTC, `chart` the query of its chart."""

    name: str
    label: str
    shown: str
    at: int | None
    interval_s: float | None
    chart: str


@dataclass(frozen=True)
class Place:
    """Where the device stood, in the reader's words."""

    code: str
    name: str
    since: int
    until: int | None


@dataclass(frozen=True)
class DevicePage:
    """What the page says in words; `charts` is the query of the chart of all its streams.

    `targets` are the names of streams and rules by the section whose keys begin with them.
    """

    row: FleetRow
    certificate: Certificate
    streams: tuple[StreamLine, ...]
    places: tuple[Place, ...]
    charts: str
    targets: dict[str, dict[str, str]]
    zone: str
    now: int


async def read_device(connection: AsyncConnection, name: str) -> DeviceFacts | None:
    """All of a device that was heard or is enrolled; None for another."""
    fleet = await read_fleet(connection)
    known = next((one for one in fleet.snapshot.devices if one.id == name), None)
    if known is None:
        return None
    epochs = await list_epochs(connection, name, MOST)
    return DeviceFacts(
        device=known,
        fleet=fleet,
        enrolment=fleet.enrolments.get(name),
        twin=await find_twin(connection, name),
        boots=await list_boots(connection, name, MOST),
        placements=await list_placements(connection, name, MOST),
        epochs=epochs,
        lines=await list_lines(connection, name, epochs[0]) if epochs else (),
        gaps=await newest_gaps(connection, name, MOST),
    )


def compose_device(facts: DeviceFacts, now: int, labels: Labels, *, in_scenario: bool) -> DevicePage:
    """The page's words at gateway time `now`, ms UTC."""
    rows = compose_fleet(facts.fleet, Wanted(), now, labels, in_scenario=in_scenario).rows
    row = next(one for one in rows if one.id == facts.device.id)
    streams = facts.fleet.snapshot.streams.get(facts.device.id, [])
    return DevicePage(
        row=row,
        certificate=row.certificate,
        streams=tuple(_stream(one, streams, labels) for one in streams),
        places=tuple(Place(one.code, _name(one, labels), one.since, one.until) for one in facts.placements),
        charts=_query(streams[:8]),
        targets={
            "sampling": {one.name: labels.stream(one) for one in streams},
            "rules": {one.name: labels.rule(one) for one in facts.fleet.snapshot.rules.get(facts.device.id, [])},
        },
        zone=facts.placements[0].zone if facts.placements else "",
        now=now,
    )


def _stream(stream: Stream, streams: Sequence[Stream], labels: Labels) -> StreamLine:
    shown = labels.value(stream.value, stream.unit)
    chart = _query([stream, *(one for one in streams if one.predicts == stream.name)])
    return StreamLine(stream.name, labels.stream(stream), shown, stream.at, stream.interval_s, chart)


def _query(streams: Sequence[Stream]) -> str:
    return "&".join(f"s={one.device}/{one.name}" for one in streams)


def _name(place: Placed, labels: Labels) -> str:
    names = (place.name_zh, place.name) if labels.language == CHINESE else (place.name, place.name_zh)
    return names[0] or names[1] or place.code
