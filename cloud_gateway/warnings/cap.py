"""CAP 1.0, 1.1 and 1.2 (OASIS): one XML alert to one `Alert`, leniently, with a finding for whatever was mended.

Refused is only what cannot be followed or told apart: no identifier, sender or time, or another status or type than
CAP's. A digital signature is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import msgspec

from cloud_gateway.warnings.fields import Fields
from cloud_gateway.warnings.hazards import OTHER
from cloud_gateway.warnings.model import (
    Alert,
    AlertKey,
    Area,
    Certainty,
    Circle,
    Finding,
    Geocode,
    Info,
    MsgType,
    Refused,
    Severity,
    Status,
    Urgency,
)
from cloud_gateway.warnings.moments import find_offset
from cloud_gateway.warnings.notes import Notes
from cloud_gateway.warnings.outlines import Ring, read_circle, read_rings
from cloud_gateway.warnings.profiles import (
    adcode_of,
    color_of,
    event_key_of,
    hazard_of,
    hazard_told_elsewhere,
    is_test_by_code,
    value_of,
    vtec_of,
)
from cloud_gateway.warnings.references import read_references
from cloud_gateway.warnings.signals import find_impossible
from cloud_gateway.warnings.terms import Term
from cloud_gateway.warnings.xml import Element, name_of, namespace_of, text_of

FORMATS = {
    "http://www.incident.com/cap/1.0": "cap-1.0",
    "urn:oasis:names:tc:emergency:cap:1.1": "cap-1.1",
    "urn:oasis:names:tc:emergency:cap:1.2": "cap-1.2",
}
MAX_INFOS = 200
MAX_AREAS = 10_000  # of a message
MAX_GEOCODES = 50_000  # of a message
MAX_PAIRS = 1000  # event codes or parameters of an info
_MOST_CODES = 1000  # in one value
_LONGEST_KEY = 500
_TIMES = ("{*}sent", "{*}effective", "{*}onset", "{*}expires")
_FEET_M = 0.3048
_HIGHEST_FEET = 400_000
_KEY_CHARACTERS = re.compile(r"[\s,<&]")
_QUOTED = re.compile(r'"([^"]*)"|(\S+)')
_INDEX = re.compile(r"\[\d+\]")


class _Context(NamedTuple):
    """What reading any part of a message needs: its polygons by text, its time, and how many areas may still come."""

    outlines: Mapping[str, Ring]
    sent: int
    notes: Notes
    areas: Iterator[int]
    geocodes: Iterator[int]


def is_cap(root: Element) -> bool:
    """Whether the element is an alert of CAP, of a known version or none."""
    return name_of(root) == "alert" and (namespace_of(root) in FORMATS or "cap" in (namespace_of(root) or "cap"))


def find_caps(root: Element) -> list[Element]:
    """The alerts in a document: the root, or those inside an envelope (SOAP, EDXL, a list); never one in another."""
    if is_cap(root):
        return [root]
    return [found for child in root for found in find_caps(child)]


def parse_cap(root: Element) -> Alert:
    """One alert. Raises Refused: `not_cap`, `missing_field`, `unknown_word`, `bad_time`, `too_long`."""
    if not is_cap(root):
        raise Refused("not_cap", name_of(root)[:80], "This is no CAP alert", "Send a document whose root is alert.")
    notes = Notes(other_offset_min=find_offset(_times(root)))
    fields = Fields(root, notes)
    identifier, sender = _key(fields, "identifier", notes), _key(fields, "sender", notes)
    sent = _sent(fields, notes)
    status = notes.needed_term("status", fields.text("status"), Status.ACTUAL)
    msg_type = notes.needed_term("msgType", fields.text("msgType"), MsgType.ALERT)
    infos = _infos(fields, root, sent, notes)
    _note_what_is_missing(fields, root, msg_type, infos, notes)
    return Alert(
        identifier=identifier,
        sender=sender,
        sent=sent,
        status=_status(status, infos, notes),
        msg_type=msg_type,
        format=FORMATS.get(namespace_of(root), "cap"),
        scope=fields.text("scope") or "Public",
        issuer=adcode_of(identifier) or next((info.sender_name for info in infos if info.sender_name), sender),
        event_key=event_key_of(identifier, sent, infos),
        note=fields.text("note"),
        source=fields.text("source"),
        codes=_filled(fields.texts("code")),
        references=_references(fields, infos, notes),
        incidents=_quoted(fields.text("incidents")),
        infos=infos,
        findings=_condensed(notes.findings),
    )


def _key(fields: Fields, name: str, notes: Notes) -> str:
    text = fields.needed(name)
    if len(text) > _LONGEST_KEY:
        raise Refused("too_long", name, f"{name} has {len(text)} characters", f"At most {_LONGEST_KEY} are taken.")
    if _KEY_CHARACTERS.search(text):
        notes.add(Finding("key_characters", name, f"{name} holds white space, a comma, < or &: {text[:80]!r}"))
    return text


def _times(root: Element) -> Iterator[str]:
    return (text_of(element) for element in islice(root.iter(*_TIMES), MAX_INFOS))


def _sent(fields: Fields, notes: Notes) -> int:
    sent = notes.moment("sent", fields.needed("sent"))
    if sent is None:
        raise Refused("bad_time", "sent", notes.findings[-1].text, "Send it as 2026-07-20T08:00:00+08:00.")
    return sent


def _status(said: Status, infos: tuple[Info, ...], notes: Notes) -> Status:
    if said is not Status.ACTUAL or not is_test_by_code(infos):
        return said
    notes.add(Finding("test_by_code", "status", "The event code is that of a test; taken as Test", "repaired"))
    return Status.TEST


def _note_what_is_missing(
    fields: Fields, root: Element, msg_type: MsgType, infos: tuple[Info, ...], notes: Notes
) -> None:
    if namespace_of(root) not in FORMATS:
        notes.add(Finding("unknown_namespace", "alert", "The namespace is none of CAP 1.0, 1.1 or 1.2", "doubtful"))
    if not fields.text("scope"):
        notes.add(Finding("missing_field", "scope", "The message has no scope; taken as Public", "repaired"))
    if not infos and msg_type in (MsgType.ALERT, MsgType.UPDATE):
        notes.add(Finding("missing_field", "info", "The message tells no event", "doubtful"))


def _references(fields: Fields, infos: tuple[Info, ...], notes: Notes) -> tuple[AlertKey, ...]:
    """Those of the message, and those that the NWS moves to a parameter when they have expired."""
    keys, findings = read_references("references", fields.text("references"))
    notes.add(*findings)
    for info in infos:
        more, findings = read_references("expiredReferences", value_of(info.parameters, "expiredReferences"))
        notes.add(*findings)
        keys += more
    return tuple(dict.fromkeys(keys))


def _infos(fields: Fields, root: Element, sent: int, notes: Notes) -> tuple[Info, ...]:
    texts = list(dict.fromkeys(text_of(polygon) for polygon in root.iter("{*}polygon")))
    rings, findings = read_rings("polygon", texts)
    notes.add(*findings)
    outlines = dict(zip(texts, rings, strict=True))
    context = _Context(outlines, sent, notes, iter(range(MAX_AREAS)), iter(range(MAX_GEOCODES)))
    infos = tuple(_info(inner, context) for inner in fields.groups("info", MAX_INFOS))
    _note_what_was_too_much(context)
    adcode = adcode_of(fields.text("identifier"))
    notes.add(*(found for info in infos if adcode for found in find_impossible(info.hazard, info.color, adcode)))
    common = hazard_told_elsewhere(infos)
    return tuple(
        msgspec.structs.replace(info, hazard=common) if common and info.hazard == OTHER else info for info in infos
    )


def _note_what_was_too_much(context: _Context) -> None:
    for name, left in (("area", context.areas), ("geocode", context.geocodes)):
        if next(left, None) is None:
            context.notes.add(Finding("too_many", name, f"Too many of {name}; only the first are kept", "doubtful"))


def _info(fields: Fields, context: _Context) -> Info:
    sent, notes = context.sent, context.notes
    event, headline = fields.text("event"), fields.text("headline")
    codes, parameters = _sound(fields.pairs("eventCode", MAX_PAIRS)), fields.pairs("parameter", MAX_PAIRS)
    if not event:
        notes.add(Finding("missing_field", fields.place("event"), "The info names no event", "doubtful"))
    if "\n" in event or "\r" in event:
        notes.add(Finding("line_break", fields.place("event"), "The event's name has more than one line", "doubtful"))
    return Info(
        event=event,
        hazard=hazard_of(event, codes, parameters),
        language=fields.text("language") or "en-US",
        categories=_filled(fields.texts("category")),
        response_types=_filled(fields.texts("responseType")),
        urgency=_term(fields, "urgency", Urgency.UNKNOWN, notes),
        severity=_term(fields, "severity", Severity.UNKNOWN, notes),
        certainty=_certainty(fields, notes),
        color=color_of(event, headline, parameters),
        effective=_moment(fields, "effective", sent, notes),
        onset=_moment(fields, "onset", sent, notes),
        expires=_moment(fields, "expires", sent, notes),
        ends=_ends(fields, parameters, sent, notes),
        sender_name=fields.text("senderName"),
        headline=headline,
        description=fields.text("description"),
        instruction=fields.text("instruction"),
        web=fields.text("web"),
        contact=fields.text("contact"),
        audience=fields.text("audience"),
        event_codes=codes,
        parameters=parameters,
        areas=tuple(
            _area(inner, context) for inner, _ in zip(fields.groups("area", MAX_AREAS), context.areas, strict=False)
        ),
    )


def _term(fields: Fields, name: str, default: Term, notes: Notes) -> Term:
    text = fields.text(name)
    if not text:
        notes.add(Finding("missing_field", fields.place(name), f"The info has no {name}; taken as Unknown"))
    return notes.term(fields.place(name), text, default)


def _certainty(fields: Fields, notes: Notes) -> Certainty:
    if fields.text("certainty").casefold() == "very likely":  # a word of CAP 1.0, which 1.1 gave up for Likely
        return Certainty.LIKELY
    return _term(fields, "certainty", Certainty.UNKNOWN, notes)


def _moment(fields: Fields, name: str, sent: int, notes: Notes) -> int | None:
    return notes.moment(fields.place(name), fields.text(name), near=sent)


def _ends(fields: Fields, parameters: tuple[tuple[str, str], ...], sent: int, notes: Notes) -> int | None:
    """The hazard's end as the NWS gives it: eventEndingTime, else the end of the VTEC."""
    at = notes.moment(fields.place("eventEndingTime"), value_of(parameters, "eventEndingTime"), near=sent)
    line = vtec_of(parameters)
    return line.ends if at is None and line is not None else at


def _area(fields: Fields, context: _Context) -> Area:
    geocodes = _geocodes(fields.pairs("geocode", MAX_GEOCODES))
    return Area(
        description=fields.text("areaDesc"),
        polygons=tuple(ring for text in fields.texts("polygon") if (ring := context.outlines.get(text))),
        circles=tuple(_circles(fields, context.notes)),
        geocodes=tuple(geocode for geocode, _ in zip(geocodes, context.geocodes, strict=False)),
        altitude_m=_height(fields, "altitude", context.notes),
        ceiling_m=_height(fields, "ceiling", context.notes),
    )


def _circles(fields: Fields, notes: Notes) -> Iterable[Circle]:
    for text in fields.texts("circle"):
        circle, findings = read_circle(fields.place("circle"), text)
        notes.add(*findings)
        if circle is not None:
            yield circle


def _geocodes(pairs: Iterable[tuple[str, str]]) -> Iterable[Geocode]:
    """One for each code: some publishers put several into one value, between white space."""
    for scheme, value in _sound(pairs):
        codes = value.split(maxsplit=_MOST_CODES)
        several = len(codes) <= _MOST_CODES and all(any(letter.isdigit() for letter in code) for code in codes)
        yield from (Geocode(scheme, code) for code in (codes if several else [value]))


def _height(fields: Fields, name: str, notes: Notes) -> float | None:
    """Metres, of the feet that CAP says."""
    text = fields.text(name)
    try:
        feet = float(text) if text else None
    except ValueError:
        feet = float("nan")
    if feet is None or abs(feet) <= _HIGHEST_FEET:
        return None if feet is None else feet * _FEET_M
    notes.add(Finding("bad_height", fields.place(name), f"{name} {text[:40]!r} is no height; left out", "doubtful"))
    return None


def _filled(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


def _sound(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs if value)


def _quoted(text: str) -> tuple[str, ...]:
    """Words between white space; those that hold some stand in quotes."""
    return tuple(quoted or word for quoted, word in _QUOTED.findall(text[:10_000]) if quoted or word)


def _condensed(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each code and kind of field, with the count of its like: a hostile file makes no long list."""
    kinds: dict[tuple[str, str], Finding] = {}
    times: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        kind = finding.code, _INDEX.sub("", finding.field)
        kinds.setdefault(kind, finding)
        times[kind] += 1
    return tuple(_counted(finding, times[kind] - 1) for kind, finding in kinds.items())


def _counted(finding: Finding, more: int) -> Finding:
    return msgspec.structs.replace(finding, text=f"{finding.text} (and {more} more)") if more else finding
