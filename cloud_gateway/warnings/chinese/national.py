"""Signals of the national warning centre (12379): ids of office and time, kinds 11Bxx where they are given."""

from __future__ import annotations

import msgspec

from cloud_gateway.warnings.chinese.signal import OFFSET_MIN, Signal, make_alert
from cloud_gateway.warnings.entries import decode_entry, needed
from cloud_gateway.warnings.hazard_codes import SIGNAL_NAMES
from cloud_gateway.warnings.model import Alert, MsgType
from cloud_gateway.warnings.notes import Notes


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    identifier: str | None = None
    headline: str | None = None
    description: str | None = None
    send_time: str | None = None
    sender: str | None = None
    event_type: str | None = None
    severity: str | None = None
    msg_type: str | None = None
    references: str | None = None
    effective: str | None = None


def parse_national(raw: bytes) -> Alert:
    """One signal; `severity` is a colour there, `references` are ids with commas or spaces between. Raises Refused."""
    said, notes = decode_entry(raw, _Entry), Notes(OFFSET_MIN)
    sent = notes.needed_moment("sendTime", said.send_time)
    code = (said.event_type or "").strip()
    return make_alert(
        Signal(
            format="12379",
            id=needed("identifier", said.identifier),
            sent=sent,
            title=needed("headline", said.headline),
            text=said.description or "",
            office=said.sender or "",
            kind_name=SIGNAL_NAMES.get(code.removeprefix("11B"), code),
            color=said.severity or "",
            action=notes.term("msgType", said.msg_type, MsgType.ALERT) if said.msg_type else None,
            replaces=tuple((said.references or "").replace(",", " ").split()),
            event_codes=(("12379", code),) if code else (),
            effective=notes.moment("effective", said.effective) or sent,
        ),
        notes,
    )
