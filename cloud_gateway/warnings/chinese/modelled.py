"""Signals in this project's neutral JSON: for modelled stories and for operators who push signals by hand."""

from __future__ import annotations

import msgspec

from cloud_gateway.warnings.chinese.signal import OFFSET_MIN, Signal, make_alert
from cloud_gateway.warnings.entries import decode_entry, needed
from cloud_gateway.warnings.model import Alert, MsgType, Severity
from cloud_gateway.warnings.notes import Notes


class _Entry(msgspec.Struct, frozen=True):
    id: str
    issued: str
    title: str
    adcode: str | None = None
    sender: str | None = None
    type_code: str | None = None
    type: str | None = None
    color: str | None = None
    cap_severity: str | None = None
    action: str | None = None
    supersedes: list[str] | None = None
    expires: str | None = None
    text: str | None = None


def parse_modelled(raw: bytes) -> Alert:
    """One signal. Raises Refused."""
    said, notes = decode_entry(raw, _Entry), Notes(OFFSET_MIN)
    sent = notes.needed_moment("issued", said.issued)
    return make_alert(
        Signal(
            format="modelled",
            id=needed("id", said.id),
            sent=sent,
            title=said.title,
            text=said.text or "",
            office=said.sender or "",
            kind_name=said.type or "",
            color=said.color or "",
            action=notes.term("action", said.action, MsgType.ALERT) if said.action else None,
            replaces=tuple(said.supersedes or ()),
            adcode=said.adcode or "",
            event_codes=(("12379", said.type_code),) if said.type_code else (),
            severity=notes.term("cap_severity", said.cap_severity, Severity.UNKNOWN),
            effective=sent,
            expires=notes.moment("expires", said.expires),
        ),
        notes,
    )
