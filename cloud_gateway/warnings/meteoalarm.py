"""MeteoAlarm's JSON feeds: CAP's fields as objects, with an awareness level and type as parameters.

Its Atom feeds are indexes of CAP and are read as such.
"""

from __future__ import annotations

import msgspec

from cloud_gateway.warnings.entries import decode_entry, needed
from cloud_gateway.warnings.model import (
    Alert,
    Area,
    Certainty,
    Geocode,
    Info,
    MsgType,
    Severity,
    Status,
    Urgency,
)
from cloud_gateway.warnings.moments import find_offset
from cloud_gateway.warnings.notes import Notes
from cloud_gateway.warnings.outlines import read_rings
from cloud_gateway.warnings.profiles import color_of, hazard_of
from cloud_gateway.warnings.references import read_references


class _Pair(msgspec.Struct, frozen=True, rename="camel"):
    value_name: str = ""
    value: str | None = None


class _Area(msgspec.Struct, frozen=True, rename="camel"):
    area_desc: str | None = None
    polygon: list[str] | str | None = None
    geocode: list[_Pair] | None = None


class _Info(msgspec.Struct, frozen=True, rename="camel"):
    event: str | None = None
    language: str | None = None
    category: list[str] | str | None = None
    response_type: list[str] | str | None = None
    urgency: str | None = None
    severity: str | None = None
    certainty: str | None = None
    effective: str | None = None
    onset: str | None = None
    expires: str | None = None
    sender_name: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    web: str | None = None
    contact: str | None = None
    audience: str | None = None
    event_code: list[_Pair] | None = None
    parameter: list[_Pair] | None = None
    area: list[_Area] | None = None


class _Alert(msgspec.Struct, frozen=True, rename="camel"):
    identifier: str | None = None
    sender: str | None = None
    sent: str | None = None
    status: str | None = None
    msg_type: str | None = None
    scope: str | None = None
    source: str | None = None
    note: str | None = None
    references: str | None = None
    incidents: str | None = None
    code: list[str] | str | None = None
    info: list[_Info] | None = None


class _Warning(msgspec.Struct, frozen=True):
    alert: _Alert


def parse_meteoalarm(raw: bytes) -> Alert:
    """One warning. Raises Refused."""
    said = decode_entry(raw, _Warning).alert
    notes = Notes(other_offset_min=find_offset(_times(said)))
    references, findings = read_references("references", said.references or "")
    notes.add(*findings)
    return Alert(
        identifier=needed("identifier", said.identifier),
        sender=needed("sender", said.sender),
        sent=notes.needed_moment("sent", said.sent),
        status=notes.needed_term("status", said.status, Status.ACTUAL),
        msg_type=notes.needed_term("msgType", said.msg_type, MsgType.ALERT),
        format="meteoalarm",
        scope=said.scope or "Public",
        source=said.source or "",
        note=said.note or "",
        codes=_words(said.code),
        references=references,
        incidents=tuple((said.incidents or "").split()),
        infos=tuple(_info(info, notes) for info in said.info or ()),
        findings=notes.findings,
    )


def _times(said: _Alert) -> list[str | None]:
    return [said.sent, *(time for info in said.info or () for time in (info.effective, info.onset, info.expires))]


def _info(said: _Info, notes: Notes) -> Info:
    event, parameters, codes = needed("event", said.event), _pairs(said.parameter), _pairs(said.event_code)
    return Info(
        event=event,
        hazard=hazard_of(event, codes, parameters),
        language=said.language or "en-US",
        categories=_words(said.category),
        response_types=_words(said.response_type),
        urgency=notes.term("urgency", said.urgency, Urgency.UNKNOWN),
        severity=notes.term("severity", said.severity, Severity.UNKNOWN),
        certainty=notes.term("certainty", said.certainty, Certainty.UNKNOWN),
        color=color_of(event, said.headline or "", parameters),
        effective=notes.moment("effective", said.effective),
        onset=notes.moment("onset", said.onset),
        expires=notes.moment("expires", said.expires),
        sender_name=said.sender_name or "",
        headline=said.headline or "",
        description=said.description or "",
        instruction=said.instruction or "",
        web=said.web or "",
        contact=said.contact or "",
        audience=said.audience or "",
        event_codes=codes,
        parameters=parameters,
        areas=tuple(_area(area, notes) for area in said.area or ()),
    )


def _area(said: _Area, notes: Notes) -> Area:
    rings, findings = read_rings("polygon", _words(said.polygon))
    notes.add(*findings)
    geocodes = tuple(Geocode(scheme, code) for scheme, code in _pairs(said.geocode))
    return Area(description=said.area_desc or "", polygons=tuple(filter(None, rings)), geocodes=geocodes)


def _words(value: list[str] | str | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _pairs(pairs: list[_Pair] | None) -> tuple[tuple[str, str], ...]:
    return tuple((pair.value_name, pair.value or "") for pair in pairs or ())
