"""Messages of Switzerland's Alertswiss in its own JSON form."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from cloud_gateway.warnings.entries import decode_entry, needed
from cloud_gateway.warnings.geojson import close_ring
from cloud_gateway.warnings.hazards import hazard_of_event
from cloud_gateway.warnings.model import Alert, Area, Finding, Info, MsgType, Severity, Status
from cloud_gateway.warnings.notes import Notes

#: Times are Swiss wall clock: "Fri, 20.06.2025, 10:01".
_ZONE = ZoneInfo("Europe/Zurich")
_FORM = "%d.%m.%Y, %H:%M"


class _Title(msgspec.Struct, frozen=True):
    title: str | None = None


class _Text(msgspec.Struct, frozen=True):
    description: str | None = None


class _Polygon(msgspec.Struct, frozen=True):
    coordinates: list[tuple[float, float]] = []


class _Area(msgspec.Struct, frozen=True):
    description: _Text = _Text()
    polygons: list[_Polygon] = []


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    identifier: str | None = None
    sender: str | None = None
    sent: str | None = None
    event: str | None = None
    title: _Title = _Title()
    description: _Text = _Text()
    publisher_name: str | None = None
    link: str | None = None
    severity: str | None = None
    all_clear: bool = False
    test_alert: bool = False
    technical_test_alert: bool = False
    areas: list[_Area] = []


def parse_alertswiss(raw: bytes) -> Alert:
    """One message; an all-clear is an Alert whose response type is AllClear, as in its CAP form. Raises Refused."""
    said, notes = decode_entry(raw, _Message), Notes()
    is_test = said.test_alert or said.technical_test_alert
    return Alert(
        identifier=needed("identifier", said.identifier),
        sender=needed("sender", said.sender),
        sent=notes.needed_moment("sent", _iso(said.sent or "")),
        status=Status.TEST if is_test else Status.ACTUAL,
        msg_type=MsgType.ALERT,
        format="alertswiss",
        issuer=said.publisher_name or "",
        event_key=_event_key(needed("identifier", said.identifier)),
        infos=(_info(said, notes),),
        findings=notes.findings,
    )


def _info(said: _Message, notes: Notes) -> Info:
    event = needed("event", said.event)
    title = said.title.title or ""
    return Info(
        event=event,
        hazard=hazard_of_event(f"{event} {title}"),
        language="en",
        response_types=("AllClear",) if said.all_clear else (),
        severity=notes.term("severity", said.severity, Severity.UNKNOWN),
        sender_name=said.publisher_name or "",
        headline=title,
        description=said.description.description or "",
        web=said.link or "",
        areas=tuple(_area(area, notes) for area in said.areas),
    )


def _area(area: _Area, notes: Notes) -> Area:
    """Its points are latitude first."""
    rings = tuple(close_ring(polygon.coordinates) for polygon in area.polygons)
    if not all(rings):
        notes.add(Finding("bad_polygon", "areas.polygons", "an outline without a sound ring is left out", "doubtful"))
    return Area(description=area.description.description or "", polygons=tuple(filter(None, rings)))


def _event_key(identifier: str) -> str:
    """POA-1216107687-4 is the fourth message of POA-1216107687."""
    event, _, number = identifier.rpartition("-")
    return f"alertswiss:{event}" if event and number.isdigit() else f"alertswiss:{identifier}"


def _iso(text: str) -> str:
    """A time in CAP's form; the text itself where it is of another form."""
    try:
        return datetime.strptime(text.partition(", ")[2], _FORM).replace(tzinfo=_ZONE).isoformat()
    except ValueError:
        return text
