"""Signals as QWeather relays them: v7 `warning/now` and v1 `weatheralert`. Worldwide; most of China's have no area."""

from __future__ import annotations

import re

import msgspec

from cloud_gateway.warnings.chinese.signal import OFFSET_MIN, Signal, make_alert
from cloud_gateway.warnings.entries import decode_entry, needed
from cloud_gateway.warnings.hazard_codes import SIGNAL_NAMES
from cloud_gateway.warnings.model import Alert, Certainty, Finding, MsgType, Severity, Urgency
from cloud_gateway.warnings.notes import Notes

_DAY_MS = 86_400_000
_HAN = re.compile(r"[\u4e00-\u9fff]")
#: v7's own words for what became of a signal; its Cancel is reserved and not to be relied on, yet harmless to believe.
_STATUS = {"active": MsgType.ALERT, "update": MsgType.UPDATE, "cancel": MsgType.CANCEL}
#: Severities beyond CAP's, seen in Australia.
_SEVERITY = {"cancel": "", "none": "", "standard": "Minor", "major": "Severe"}


class _Version7(msgspec.Struct, frozen=True, rename="camel"):
    id: str | None = None
    sender: str | None = None
    pub_time: str | None = None
    title: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    status: str | None = None
    severity: str | None = None
    severity_color: str | None = None
    level: str | None = None
    type: str | None = None
    type_name: str | None = None
    urgency: str | None = None
    certainty: str | None = None
    text: str | None = None
    related: str | None = None


class _MessageType(msgspec.Struct, frozen=True):
    code: str | None = None
    supersedes: list[str] | None = None


class _EventType(msgspec.Struct, frozen=True):
    name: str | None = None
    code: str | None = None


class _Color(msgspec.Struct, frozen=True):
    code: str | None = None


class _Version1(msgspec.Struct, frozen=True, rename="camel"):
    id: str | None = None
    sender_name: str | None = None
    issued_time: str | None = None
    message_type: _MessageType = _MessageType()
    event_type: _EventType = _EventType()
    urgency: str | None = None
    severity: str | None = None
    certainty: str | None = None
    color: _Color | None = None
    effective_time: str | None = None
    onset_time: str | None = None
    expire_time: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None


def parse_qweather_7(raw: bytes) -> Alert:
    """One signal of v7. Raises Refused."""
    said, notes = decode_entry(raw, _Version7), Notes(OFFSET_MIN)
    sent = notes.needed_moment("pubTime", said.pub_time)
    code, title = said.type or "", needed("title", said.title)
    starts = notes.moment("startTime", said.start_time)
    return make_alert(
        Signal(
            format="qweather-7",
            id=needed("id", said.id),
            sent=sent,
            title=title,
            text=said.text or "",
            office=said.sender or "",
            kind_name=_kind(code, said.type_name),
            color=said.severity_color or said.level or "",
            action=_STATUS.get((said.status or "").lower()),
            replaces=tuple((said.related or "").replace(",", " ").split()),
            event_codes=_codes(code),
            severity=_severity(said.severity, notes),
            urgency=notes.term("urgency", said.urgency, Urgency.UNKNOWN),
            certainty=notes.term("certainty", said.certainty, Certainty.UNKNOWN),
            effective=starts or sent,
            expires=_end(notes.moment("endTime", said.end_time), starts or sent, notes),
            language=_language(title),
        ),
        notes,
    )


def parse_qweather_1(raw: bytes) -> Alert:
    """One signal of v1. Raises Refused."""
    said, notes = decode_entry(raw, _Version1), Notes(OFFSET_MIN)
    sent = notes.needed_moment("issuedTime", said.issued_time)
    code, title = said.event_type.code or "", needed("headline", said.headline)
    starts = notes.moment("effectiveTime", said.effective_time) or sent
    return make_alert(
        Signal(
            format="qweather-1",
            id=needed("id", said.id),
            sent=sent,
            title=title,
            text=said.description or "",
            office=said.sender_name or "",
            kind_name=_kind(code, said.event_type.name),
            color="" if said.color is None else said.color.code or "",
            action=notes.term("messageType", said.message_type.code, MsgType.ALERT),
            replaces=tuple(said.message_type.supersedes or ()),
            event_codes=_codes(code),
            severity=_severity(said.severity, notes),
            urgency=notes.term("urgency", said.urgency, Urgency.UNKNOWN),
            certainty=notes.term("certainty", said.certainty, Certainty.UNKNOWN),
            effective=starts,
            onset=notes.moment("onsetTime", said.onset_time),
            expires=_end(notes.moment("expireTime", said.expire_time), starts, notes),
            language=_language(title),
            instruction=said.instruction or "",
        ),
        notes,
    )


def _kind(code: str, name: str | None) -> str:
    """The feed's own name; kinds are not to be enumerated, so a code helps only where the name is missing."""
    digits = code.removeprefix("11B") if code.startswith("11B") else code.removeprefix("10")
    return name or SIGNAL_NAMES.get(digits, "")


def _codes(code: str) -> tuple[tuple[str, str], ...]:
    return (("12379" if code.startswith("11") else "QWeather", code),) if code else ()


def _severity(word: str | None, notes: Notes) -> Severity:
    plain = (word or "").strip().lower()
    return notes.term("severity", _SEVERITY.get(plain, plain), Severity.UNKNOWN)


def _end(end: int | None, starts: int, notes: Notes) -> int | None:
    """A signal has no end; QWeather fills in 24 hours after the start, which is its guess and not the office's word."""
    if end != starts + _DAY_MS:
        return end
    notes.add(Finding("end_assumed", "expires", "24 hours after the start is the feed's own filling; left out"))
    return None


def _language(title: str) -> str:
    return "zh-CN" if _HAN.search(title) else "en"
