"""Signals as the National Meteorological Centre lists them (nmc.cn, findAlarm): title, time, and a picture's name.

There is no text, no end and no cancel: a signal is replaced by the next of its office and kind, or lifted by a title.
"""

from __future__ import annotations

import re

import msgspec

from cloud_gateway.warnings.chinese.signal import OFFSET_MIN, Signal, make_alert
from cloud_gateway.warnings.entries import decode_entry, needed
from cloud_gateway.warnings.hazard_codes import NMC_NAMES
from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.notes import Notes

#: Seven digits: four of kind, three of level. p0000001, 3 and 4 have no kind: the title says it.
_PICTURE = re.compile(r"p(?P<kind>[0-9]{4})(?P<level>[0-9]{3})")
#: The last digit counts from the gravest, against the two-digit codes of other feeds.
NMC_LEVELS = {"001": "red", "002": "orange", "003": "yellow", "004": "blue"}


class _Entry(msgspec.Struct, frozen=True):
    alertid: str | None = None
    issuetime: str | None = None
    title: str | None = None
    url: str | None = None
    pic: str | None = None


def parse_nmc(raw: bytes) -> Alert:
    """One signal. Raises Refused."""
    said, notes = decode_entry(raw, _Entry), Notes(OFFSET_MIN)
    sent = notes.needed_moment("issuetime", (said.issuetime or "").replace("/", "-"))
    kind, level = _picture(said.pic or "")
    return make_alert(
        Signal(
            format="nmc",
            id=needed("alertid", said.alertid),
            sent=sent,
            title=needed("title", said.title),
            kind_name=NMC_NAMES.get(kind, ""),
            color=NMC_LEVELS.get(level, ""),
            event_codes=(("NMC", kind),) if kind in NMC_NAMES else (),
            effective=sent,
            web=said.url or "",
        ),
        notes,
    )


def _picture(name: str) -> tuple[str, str]:
    match = _PICTURE.search(name)
    return ("", "") if match is None or match["kind"] == "0000" else (match["kind"], match["level"])
