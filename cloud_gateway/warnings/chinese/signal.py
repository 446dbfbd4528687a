"""One Chinese warning signal, whatever the feed: the facts that a shape gives, made into a message."""

from __future__ import annotations

import re

import msgspec

from cloud_gateway.warnings.chinese.titles import Title, read_title
from cloud_gateway.warnings.entries import needed
from cloud_gateway.warnings.hazard_codes import SIGNAL_NAMES
from cloud_gateway.warnings.hazards import hazard_of_event
from cloud_gateway.warnings.model import (
    Alert,
    AlertKey,
    Area,
    Certainty,
    Color,
    Finding,
    Geocode,
    Info,
    MsgType,
    Severity,
    Status,
    Urgency,
)
from cloud_gateway.warnings.notes import Notes
from cloud_gateway.warnings.profiles import signal_key
from cloud_gateway.warnings.signals import SEVERITY_OF_COLOR, find_impossible, read_color

#: What a feed that writes no offset means: China Standard Time.
OFFSET_MIN = 480
_OFFICE_ID = re.compile(r"(?:ALERT_CN_)?(?P<office>(?P<adcode>[0-9]{6})[0-9]{4,12})_[0-9]{12,17}")
_BY_NAME = {name: f"11B{digits}" for digits, name in SIGNAL_NAMES.items()}


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed says about one signal; "" where it says nothing. Times ms UTC.

    `kind_name` and `color` are as the feed's own fields have them; where the title says otherwise, the title counts.
    `replaces` are the feed's ids of what it supersedes.
    """

    format: str
    id: str
    sent: int
    title: str
    text: str = ""
    office: str = ""
    kind_name: str = ""
    color: str = ""
    action: MsgType | None = None
    replaces: tuple[str, ...] = ()
    adcode: str = ""
    place: str = ""
    event_codes: tuple[tuple[str, str], ...] = ()
    severity: Severity = Severity.UNKNOWN
    urgency: Urgency = Urgency.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    effective: int | None = None
    onset: int | None = None
    expires: int | None = None
    language: str = "zh-CN"
    instruction: str = ""
    web: str = ""
    status: Status = Status.ACTUAL


def make_alert(signal: Signal, notes: Notes) -> Alert:
    """The signal as a message. Raises Refused: it names no office or no kind of hazard.

    One office may issue two signals in one second under one id, so the kind is part of the identifier, and of those it
    replaces, which are of the same kind. `event_key` joins the signals of one office and kind: a new one replaces the
    former, since most of these feeds have no references.
    """
    title = read_title(signal.title)
    office = needed("sender", signal.office or title.office)
    kind = needed("type", title.kind if title.kind in _BY_NAME else signal.kind_name or title.kind)
    adcode, desk = _place_of(signal, office)
    code = _BY_NAME.get(kind, kind)
    info = _info(signal, title, kind, adcode, office, notes)
    return Alert(
        identifier=f"{signal.id}.{code}",
        sender=office,
        sent=signal.sent,
        status=signal.status,
        msg_type=_msg_type(signal, title),
        format=signal.format,
        issuer=adcode or office,
        event_key=signal_key(desk, code),
        references=tuple(AlertKey(office, f"{one}.{code}", 0) for one in signal.replaces),
        infos=(info,),
        findings=(*notes.findings, *find_impossible(info.hazard, info.color, adcode)),
    )


def _msg_type(signal: Signal, title: Title) -> MsgType:
    """A title that lifts a signal counts over a feed that knows no cancel."""
    if title.lifts:
        return MsgType.CANCEL
    return signal.action or (MsgType.UPDATE if title.changes else MsgType.ALERT)


def _info(signal: Signal, title: Title, kind: str, adcode: str, office: str, notes: Notes) -> Info:
    color = _color(signal, title, notes)
    if not adcode:
        notes.add(Finding("no_area", "area", "the feed names no division; the place is its issuer's name", "doubtful"))
    return Info(
        event=kind,
        hazard=hazard_of_event(kind, signal.event_codes),
        language=signal.language,
        categories=("Met",),
        urgency=signal.urgency,
        severity=signal.severity if color is None else SEVERITY_OF_COLOR.get(color, Severity.UNKNOWN),
        certainty=signal.certainty,
        color=color,
        effective=signal.effective,
        onset=signal.onset,
        expires=signal.expires,
        sender_name=office,
        headline=signal.title,
        description=signal.text,
        instruction=signal.instruction,
        web=signal.web,
        event_codes=signal.event_codes,
        areas=(_area(signal, office, adcode),),
    )


def _color(signal: Signal, title: Title, notes: Notes) -> Color | None:
    said = read_color(signal.color)
    if title.color is None or said in (None, title.color):
        return title.color or said
    text = f"the feed's code says {said}, the title {title.color}; the title counts"
    notes.add(Finding("color_conflict", "color", text, "doubtful"))
    return title.color


def _place_of(signal: Signal, office: str) -> tuple[str, str]:
    """(division code, desk): from an id such as 31000041600000_20240914160000, else what the feed says.

    416 stands for the weather service, whose desk is the division code as in CAP; other agencies keep their number.
    """
    match = _OFFICE_ID.match(signal.id)
    if match is None:
        return signal.adcode, signal.adcode or office
    adcode = signal.adcode or match["adcode"]
    return adcode, match["adcode"] if match["office"].endswith("41600000") else match["office"]


def _area(signal: Signal, office: str, adcode: str) -> Area:
    geocodes = (Geocode("adcode", adcode),) if adcode else ()
    return Area(description=signal.place or office, geocodes=geocodes)
