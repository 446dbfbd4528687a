"""Signals with a code of two digits for the kind and two for the level (weather.com.cn, caiyun): `0902`."""

from __future__ import annotations

import msgspec

from cloud_gateway.warnings.chinese.signal import OFFSET_MIN, Signal, make_alert
from cloud_gateway.warnings.entries import decode_entry, needed
from cloud_gateway.warnings.hazard_codes import TWO_DIGIT_NAMES
from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.notes import Notes

#: The level counts from the slightest, against the pictures of the National Meteorological Centre.
TWO_DIGIT_LEVELS = {"00": "white", "01": "blue", "02": "yellow", "03": "orange", "04": "red"}


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    alert_id: str | None = None
    code: str | None = None
    title: str | None = None
    description: str | None = None
    pubtimestamp: float | None = None
    adcode: str | None = None
    location: str | None = None


def parse_two_digit(raw: bytes) -> Alert:
    """One signal; `pubtimestamp` is in seconds UTC. Raises Refused."""
    said, notes = decode_entry(raw, _Entry), Notes(OFFSET_MIN)
    code = needed("code", said.code)
    sent = notes.needed_seconds("pubtimestamp", said.pubtimestamp)
    return make_alert(
        Signal(
            format="two-digit",
            id=needed("alertId", said.alert_id),
            sent=sent,
            title=needed("title", said.title),
            text=said.description or "",
            kind_name=TWO_DIGIT_NAMES.get(code[:2], ""),
            color=TWO_DIGIT_LEVELS.get(code[2:], ""),
            adcode=said.adcode or "",
            place=said.location or "",
            event_codes=(("two-digit", code[:2]),) if code[:2] in TWO_DIGIT_NAMES else (),
            effective=sent,
        ),
        notes,
    )
