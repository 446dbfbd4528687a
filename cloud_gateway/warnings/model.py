"""One model for all warnings: CAP's alert, info and area, whatever shape a source publishes.

CAP 1.2 (OASIS, 1 July 2010) names the fields; times are int ms UTC, positions WGS-84 degrees, distances metres.
A feed without a field leaves it empty: nothing is invented; what had to be repaired or doubted stands in `findings`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

import msgspec


class Status(StrEnum):
    """CAP `status`: only `Actual` ever reaches a customer."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MsgType(StrEnum):
    """CAP `msgType`."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Urgency(StrEnum):
    """CAP `urgency`."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """CAP `severity`."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """CAP `certainty`; CAP 1.0's `Very Likely` is read as `Likely`."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class Color(StrEnum):
    """The colour that the issuer gave; the official signal colours are blue to red, others are regional."""

    GREEN = "green"
    WHITE = "white"
    BLUE = "blue"
    YELLOW = "yellow"
    AMBER = "amber"
    ORANGE = "orange"
    RED = "red"
    BLACK = "black"


class Level(IntEnum):
    """How grave a warning is, comparable over all sources; 4 is gravest (China's red I, CAP's Extreme)."""

    NONE = 0
    MINOR = 1
    MODERATE = 2
    SEVERE = 3
    EXTREME = 4


#: What cannot be told is taken as Moderate: neither lost among the slight ones nor a false red.
LEVEL_OF_SEVERITY = {
    Severity.MINOR: Level.MINOR,
    Severity.MODERATE: Level.MODERATE,
    Severity.SEVERE: Level.SEVERE,
    Severity.EXTREME: Level.EXTREME,
    Severity.UNKNOWN: Level.MODERATE,
}
LEVEL_OF_COLOR = {
    Color.GREEN: Level.NONE,
    Color.WHITE: Level.MINOR,
    Color.BLUE: Level.MINOR,
    Color.YELLOW: Level.MODERATE,
    Color.AMBER: Level.MODERATE,
    Color.ORANGE: Level.SEVERE,
    Color.RED: Level.EXTREME,
    Color.BLACK: Level.EXTREME,
}


class AlertKey(NamedTuple):
    """What CAP calls the message: sender, identifier and sent (ms UTC; 0 where a reference left it out)."""

    sender: str
    identifier: str
    sent: int


class Finding(msgspec.Struct, frozen=True):
    """Something in a message that was repaired, doubted or left out; `code` is stable, `text` is for people.

    `grade`: "note" (harmless), "repaired" (we mended it), "doubtful" (shown beside the warning).
    """

    code: str
    field: str
    text: str
    grade: str = "note"


class Circle(msgspec.Struct, frozen=True):
    """A geodesic circle."""

    latitude: float
    longitude: float
    radius_m: float


class Geocode(msgspec.Struct, frozen=True):
    """A place by code; `scheme` is the feed's valueName: SAME, UGC, EMMA_ID, WARNCELLID, adcode..."""

    scheme: str
    code: str


class Area(msgspec.Struct, frozen=True):
    """Where. Rings are closed, ((latitude, longitude), ...) as in CAP.

    `is_assumed`: the message has no place, and this is the one that its source was asked for.
    """

    description: str = ""
    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Geocode, ...] = ()
    altitude_m: float | None = None
    ceiling_m: float | None = None
    is_assumed: bool = False


class Info(msgspec.Struct, frozen=True):
    """One language or segment of a message. `event` and the texts are the issuer's own, unchanged.

    `hazard` is our canonical name of the event (`cloud_gateway.warnings.hazards`). `expires` is CAP's end of the
    message, `ends` the end of the hazard where the source gives one (NWS `ends`, eventEndingTime, VTEC).
    """

    event: str
    hazard: str
    language: str = "en-US"
    categories: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ()
    urgency: Urgency = Urgency.UNKNOWN
    severity: Severity = Severity.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    color: Color | None = None
    effective: int | None = None
    onset: int | None = None
    expires: int | None = None
    ends: int | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    audience: str = ""
    event_codes: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    areas: tuple[Area, ...] = ()

    @property
    def level(self) -> Level:
        """By the issuer's colour where there is one, else by severity."""
        return LEVEL_OF_SEVERITY[self.severity] if self.color is None else LEVEL_OF_COLOR[self.color]


class Alert(msgspec.Struct, frozen=True):
    """One message as it was published.

    `event_key` joins the messages of sources that do not use references (a VTEC event, a Chinese signal: issuer and
    type); "" where references alone make the chain. `issuer` is the office (adcode of a Chinese one), `sender_name` of
    the infos its name. `format` says how it was read: cap-1.2, nws, 12379, nmc, qweather-7, qweather-1, modelled...
    """

    identifier: str
    sender: str
    sent: int
    status: Status
    msg_type: MsgType
    format: str
    scope: str = "Public"
    issuer: str = ""
    event_key: str = ""
    note: str = ""
    source: str = ""
    codes: tuple[str, ...] = ()
    references: tuple[AlertKey, ...] = ()
    incidents: tuple[str, ...] = ()
    infos: tuple[Info, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> AlertKey:
        """What other messages refer to it by."""
        return AlertKey(self.sender, self.identifier, self.sent)

    @property
    def level(self) -> Level:
        """The gravest of its infos; NONE without any."""
        return max((info.level for info in self.infos), default=Level.NONE)

    @property
    def hazard(self) -> str:
        """Of its gravest info; "" without any."""
        return max(self.infos, key=lambda info: info.level).hazard if self.infos else ""


class Refused(Exception):
    """A file or an entry of a feed cannot be taken; nothing of it is used.

    `code` is stable, `field` names the place in the input, the text says what is wrong, `remedy` what would help.
    """

    def __init__(self, code: str, field: str, text: str, remedy: str) -> None:
        super().__init__(text)
        self.code, self.field, self.text, self.remedy = code, field, text, remedy
