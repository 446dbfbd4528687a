"""Messages for tests of the lifecycle, written in hours of one invented day; the level is told by the colour."""

from __future__ import annotations

from cloud_gateway.warnings.course import Closing
from cloud_gateway.warnings.model import Alert, AlertKey, Area, Color, Geocode, Info, MsgType, Status

HOUR = 3_600_000
DAWN = 1_784_505_600_000  # 2026-07-20T00:00:00Z
OFFICE = "office@example.org"
STRANGER = "stranger@example.org"


def at(hour: float) -> int:
    """Hours after dawn as ms UTC."""
    return DAWN + int(hour * HOUR)


def key(identifier: str, hour: float, sender: str = OFFICE) -> AlertKey:
    """What others refer to a message by."""
    return AlertKey(sender, identifier, at(hour))


def info(
    color: str = "orange",
    onset: float | None = None,
    expires: float | None = None,
    ends: float | None = None,
    places: str = "",
    hazard: str = "rainstorm",
    language: str = "zh-CN",
    response: tuple[str, ...] = (),
    parameters: tuple[tuple[str, str], ...] = (),
) -> Info:
    """One info; `places` are codes, separated by blanks."""
    geocodes = tuple(Geocode("adcode", code) for code in places.split())
    return Info(
        event="暴雨",
        hazard=hazard,
        language=language,
        color=Color(color),
        response_types=response,
        onset=None if onset is None else at(onset),
        expires=None if expires is None else at(expires),
        ends=None if ends is None else at(ends),
        parameters=parameters,
        areas=(Area(geocodes=geocodes),),
    )


def alert(
    identifier: str,
    hour: float,
    *infos: Info,
    refs: tuple[AlertKey, ...] = (),
    kind: str = "Alert",
    status: str = "Actual",
    sender: str = OFFICE,
    event_key: str = "",
    issuer: str = "",
    note: str = "",
) -> Alert:
    """One message, sent so many hours after dawn."""
    return Alert(
        identifier=identifier,
        sender=sender,
        sent=at(hour),
        status=Status(status),
        msg_type=MsgType(kind),
        format="cap-1.2",
        references=refs,
        infos=infos,
        event_key=event_key,
        issuer=issuer,
        note=note,
    )


def update(identifier: str, hour: float, color: str, *refs: AlertKey, ends: float | None = 20) -> Alert:
    """An Update with one info, in force at once."""
    return alert(identifier, hour, info(color, ends=ends), refs=refs, kind="Update")


def cancel(identifier: str, hour: float, *refs: AlertKey, sender: str = OFFICE) -> Alert:
    """A Cancel without info."""
    return alert(identifier, hour, refs=refs, kind="Cancel", sender=sender)


def signal(hour: float, color: str, hazard: str = "typhoon") -> Alert:
    """A Chinese signal: no end, no references, joined by office and hazard."""
    identifier = f"S{hour}" if hazard == "typhoon" else f"S{hour}.{hazard}"
    return alert(identifier, hour, info(color, hazard=hazard), event_key=f"cn:310000:{hazard}", issuer="310000")


def lift(hour: float, hazard: str = "typhoon") -> Alert:
    """The lifting of a Chinese signal."""
    return alert(f"L{hour}", hour, kind="Cancel", event_key=f"cn:310000:{hazard}", issuer="310000")


def closing(member: AlertKey, hour: float) -> Closing:
    """A duty engineer's closing."""
    return Closing(member, at(hour), "Chen", "the office confirms by telephone that it is over")
