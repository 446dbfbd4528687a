"""Events of the Global Disaster Alert and Coordination System as its API lists them: GeoJSON features.

Its colours are its own estimate of humanitarian impact, not a meteorological service's warning; green means none.
"""

from __future__ import annotations

import msgspec

from cloud_gateway.warnings.entries import decode_entry, needed
from cloud_gateway.warnings.geojson import Geometry, read_point, read_rings
from cloud_gateway.warnings.hazards import hazard_of_event
from cloud_gateway.warnings.model import Alert, Area, Circle, Info, MsgType, Severity, Status
from cloud_gateway.warnings.notes import Notes
from cloud_gateway.warnings.signals import SEVERITY_OF_COLOR, read_color

SENDER = "info@gdacs.org"  # as in its CAP messages
#: A point says where the centre is, not how far the event reaches: within this far a site is shown as touched.
CENTRE_RADIUS_M = 50_000.0


class _SeverityData(msgspec.Struct, frozen=True):
    severitytext: str | None = None


class _Report(msgspec.Struct, frozen=True):
    report: str | None = None


class _Properties(msgspec.Struct, frozen=True):
    eventtype: str | None = None
    eventid: int | None = None
    episodeid: int | None = None
    name: str | None = None
    description: str | None = None
    alertlevel: str | None = None
    episodealertlevel: str | None = None
    country: str | None = None
    fromdate: str | None = None
    todate: str | None = None
    datemodified: str | None = None
    source: str | None = None
    severitydata: _SeverityData | None = None
    url: _Report | None = None


class _Feature(msgspec.Struct, frozen=True):
    properties: _Properties
    geometry: Geometry | None = None


def parse_gdacs(raw: bytes) -> Alert:
    """One event at one episode; a later episode replaces the former by `event_key`. Times are UTC. Raises Refused."""
    feature = decode_entry(raw, _Feature)
    said, notes = feature.properties, Notes(0)
    kind, event = needed("eventtype", said.eventtype), needed("eventid", str(said.eventid or ""))
    sent = notes.needed_moment("datemodified", said.datemodified or said.fromdate)
    return Alert(
        identifier=f"GDACS_{kind}_{event}_{said.episodeid or 0}",
        sender=SENDER,
        sent=sent,
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
        format="gdacs",
        issuer="GDACS",
        event_key=f"gdacs:{kind}.{event}",
        source=said.source or "",
        incidents=(event,),
        infos=(_info(feature, kind, notes),),
        findings=notes.findings,
    )


def _info(feature: _Feature, kind: str, notes: Notes) -> Info:
    """By the episode's level, which is what holds now; the event's own is its worst so far."""
    said = feature.properties
    color = read_color(said.episodealertlevel or said.alertlevel)
    name = said.name or said.description or kind
    return Info(
        event=name,
        hazard=hazard_of_event(name, (("GDACS", kind),)),
        language="en",
        severity=Severity.UNKNOWN if color is None else SEVERITY_OF_COLOR.get(color, Severity.MINOR),
        color=color,
        onset=notes.moment("fromdate", said.fromdate),
        sender_name="GDACS",
        headline=said.description or name,
        description="" if said.severitydata is None else said.severitydata.severitytext or "",
        web="" if said.url is None else said.url.report or "",
        event_codes=(("GDACS", kind),),
        parameters=tuple((key, text) for key, text in (("todate", said.todate),) if text),
        areas=(_area(feature, notes),),
    )


def _area(feature: _Feature, notes: Notes) -> Area:
    rings, findings = read_rings(feature.geometry)
    notes.add(*findings)
    point = read_point(feature.geometry)
    circles = () if point is None else (Circle(*point, CENTRE_RADIUS_M),)
    return Area(description=feature.properties.country or "", polygons=rings, circles=circles)
