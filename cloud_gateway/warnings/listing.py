"""Messages as programs and people list them: the words of `weiran warnings parse`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from cloud_gateway.warnings.course import Course
from cloud_gateway.warnings.model import Alert, AlertKey, Area, Info, Refused
from edge_agent.web.times import rfc3339

Row = dict[str, object]
_SHOWN = 40


def courses_by_message(courses: Iterable[Course]) -> Mapping[AlertKey, Course]:
    """The course that each message belongs to."""
    return {member: course for course in courses for member in course.members}


def message_object(alert: Alert, course: Course) -> Row:
    """A message with where its warning stands; times are RFC 3339, positions latitude first.

    `state` is the whole chain's, `replaced` whether another message has taken this one's place. What is doubtful about
    the chain stands with its head.
    """
    findings = alert.findings + (course.findings if alert.key == course.head else ())
    return {
        "identifier": alert.identifier,
        "sender": alert.sender,
        "sent": rfc3339(alert.sent),
        "status": alert.status,
        "msg_type": alert.msg_type,
        "state": course.state,
        "replaced": alert.key in course.superseded,
        "format": alert.format,
        "issuer": alert.issuer,
        "level": alert.level.name.lower(),
        "references": [_reference(key) for key in alert.references],
        "infos": [_info_object(info) for info in alert.infos],
        "findings": [msgspec.to_builtins(finding) for finding in dict.fromkeys(findings)],
    }


def refusal_object(refused: Refused) -> Row:
    """Why a file or an entry was not taken."""
    return {"code": refused.code, "field": refused.field, "detail": refused.text, "remedy": refused.remedy}


def message_row(alert: Alert, course: Course) -> Row:
    """The line of a table: the message's gravest info."""
    info = max(alert.infos, key=lambda info: info.level, default=None)
    ends = course.ends
    return {
        "sent": rfc3339(alert.sent),
        "state": "replaced" if alert.key in course.superseded else course.state.value,
        "level": alert.level.name.lower(),
        "hazard": alert.hazard,
        "event": "" if info is None else _short(info.event),
        "from": _short(alert.sender if info is None else info.sender_name or alert.sender),
        "where": "" if info is None else _short("; ".join(area.description for area in info.areas)),
        "until": "not said" if ends is None else rfc3339(ends),
        "doubts": sum(finding.grade == "doubtful" for finding in alert.findings) or "",
    }


def _info_object(info: Info) -> Row:
    return {
        "language": info.language,
        "event": info.event,
        "hazard": info.hazard,
        "severity": info.severity,
        "urgency": info.urgency,
        "certainty": info.certainty,
        "color": info.color,
        "effective": _time(info.effective),
        "onset": _time(info.onset),
        "expires": _time(info.expires),
        "ends": _time(info.ends),
        "sender_name": info.sender_name,
        "headline": info.headline,
        "areas": [_area_object(area) for area in info.areas],
    }


def _area_object(area: Area) -> Row:
    shown: Row = msgspec.to_builtins(area)
    return shown


def _reference(key: AlertKey) -> Row:
    return {"sender": key.sender, "identifier": key.identifier, "sent": _time(key.sent or None)}


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def _short(text: str) -> str:
    """One line without what a terminal would obey."""
    plain = "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1]}…"
