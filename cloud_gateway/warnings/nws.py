"""Alerts of the US National Weather Service as its API publishes them: GeoJSON features with CAP's fields."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cloud_gateway.warnings.entries import decode_entry, needed
from cloud_gateway.warnings.geojson import Geometry, read_rings
from cloud_gateway.warnings.hazards import hazard_of_event
from cloud_gateway.warnings.model import (
    Alert,
    AlertKey,
    Area,
    Certainty,
    Finding,
    Geocode,
    Info,
    MsgType,
    Severity,
    Status,
    Urgency,
)
from cloud_gateway.warnings.moments import find_offset
from cloud_gateway.warnings.notes import Notes
from cloud_gateway.warnings.references import read_references
from cloud_gateway.warnings.vtec import Vtec, parse_vtec, vtec_event_key

Pairs = tuple[tuple[str, str], ...]
_Lists = Mapping[str, list[str]] | None


class _Reference(msgspec.Struct, frozen=True):
    identifier: str = ""
    sender: str = ""
    sent: str = ""


class _Properties(msgspec.Struct, frozen=True, rename="camel"):
    id: str | None = None
    area_desc: str | None = None
    geocode: _Lists = None
    references: list[_Reference] | None = None
    sent: str | None = None
    effective: str | None = None
    onset: str | None = None
    expires: str | None = None
    ends: str | None = None
    status: str | None = None
    message_type: str | None = None
    category: str | None = None
    severity: str | None = None
    certainty: str | None = None
    urgency: str | None = None
    event: str | None = None
    sender: str | None = None
    sender_name: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    response: str | None = None
    note: str | None = None
    parameters: _Lists = None
    scope: str | None = None
    code: str | None = None
    language: str | None = None
    web: str | None = None
    event_code: _Lists = None
    replaced_by: str | None = None


class _Feature(msgspec.Struct, frozen=True):
    properties: _Properties
    geometry: Geometry | None = None


def parse_nws(raw: bytes) -> Alert:
    """One feature. Raises Refused."""
    feature = decode_entry(raw, _Feature)
    said = feature.properties
    times = (said.sent, said.effective, said.onset, said.expires, said.ends)
    notes = Notes(other_offset_min=find_offset(times))
    sent = notes.needed_moment("sent", said.sent)
    line = parse_vtec((said.parameters or {}).get("VTEC", ()))
    if said.replaced_by:
        notes.add(Finding("replaced", "replacedBy", f"the publisher has replaced it by {said.replaced_by[:120]}"))
    return Alert(
        identifier=needed("id", said.id),
        sender=needed("sender", said.sender),
        sent=sent,
        status=notes.needed_term("status", said.status, Status.ACTUAL),
        msg_type=notes.needed_term("messageType", said.message_type, MsgType.ALERT),
        format="nws",
        scope=said.scope or "Public",
        issuer=said.sender_name or "",
        event_key="" if line is None else vtec_event_key(line, sent),
        note=said.note or "",
        codes=(said.code,) if said.code else (),
        references=_references(said, notes),
        infos=(_info(feature, line, notes),),
        findings=notes.findings,
    )


def _info(feature: _Feature, line: Vtec | None, notes: Notes) -> Info:
    said = feature.properties
    event, codes, parameters = needed("event", said.event), _pairs(said.event_code), _pairs(said.parameters)
    phenomenon = () if line is None else (("VTEC", line.phenomenon),)
    ends = notes.moment("ends", said.ends)
    return Info(
        event=event,
        hazard=hazard_of_event(event, (*phenomenon, *codes)),
        language=said.language or "en-US",
        categories=(said.category,) if said.category else (),
        response_types=(said.response,) if said.response else (),
        urgency=notes.term("urgency", said.urgency, Urgency.UNKNOWN),
        severity=notes.term("severity", said.severity, Severity.UNKNOWN),
        certainty=notes.term("certainty", said.certainty, Certainty.UNKNOWN),
        effective=notes.moment("effective", said.effective),
        onset=notes.moment("onset", said.onset),
        expires=notes.moment("expires", said.expires),
        ends=_vtec_end(line, parameters, notes) if ends is None else ends,
        sender_name=said.sender_name or "",
        headline=said.headline or "",
        description=said.description or "",
        instruction=said.instruction or "",
        web=said.web or "",
        event_codes=codes,
        parameters=parameters,
        areas=(_area(feature, notes),),
    )


def _vtec_end(line: Vtec | None, parameters: Pairs, notes: Notes) -> int | None:
    """Where `ends` is missing: the parameter eventEndingTime, else the VTEC's end."""
    stated = next((value for name, value in parameters if name == "eventEndingTime"), None)
    return notes.moment("eventEndingTime", stated) or (None if line is None else line.ends)


def _area(feature: _Feature, notes: Notes) -> Area:
    rings, findings = read_rings(feature.geometry)
    notes.add(*findings)
    geocodes = tuple(Geocode(scheme, code) for scheme, code in _pairs(feature.properties.geocode))
    return Area(description=feature.properties.area_desc or "", polygons=rings, geocodes=geocodes)


def _pairs(lists: _Lists) -> Pairs:
    return tuple((name, value) for name, values in (lists or {}).items() for value in values)


def _references(said: _Properties, notes: Notes) -> tuple[AlertKey, ...]:
    """Those of `references`, then the older ones that the parameter expiredReferences adds, as CAP triples."""
    expired = " ".join((said.parameters or {}).get("expiredReferences", ()))
    older, findings = read_references("expiredReferences", expired)
    notes.add(*findings)
    named = [one for one in said.references or () if one.identifier]
    newer = [AlertKey(one.sender, one.identifier, notes.moment("references", one.sent) or 0) for one in named]
    return tuple(dict.fromkeys([*newer, *older]))
