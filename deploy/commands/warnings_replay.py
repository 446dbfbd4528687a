"""`weiran warnings replay`: take the messages of files one by one, and see where each leaves its warning."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, print_rows
from deploy.commands.warnings import read_bounded, read_now
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra
from edge_agent.web.times import rfc3339

if TYPE_CHECKING:
    from cloud_gateway.warnings.course import Course
    from cloud_gateway.warnings.model import Alert, AlertKey, Refused
    from cloud_gateway.warnings.replay import Taken


class Order(StrEnum):
    """How the messages arrive."""

    SENT = "sent"
    REVERSED = "reversed"
    SHUFFLED = "shuffled"


Sources = Annotated[list[Path], typer.Argument(metavar="FOLDER|FILE...", help="Messages; a folder with all below it.")]
Arrival = Annotated[Order, typer.Option("--order", help="How the messages arrive.")]
Seed = Annotated[int, typer.Option("--seed", help="With --order shuffled: which shuffle.")]
Now = Annotated[
    str, typer.Option("--now", metavar="TIME", help="Where all stand then, RFC 3339; later messages are left out.")
]


def replay(
    sources: Sources, order: Arrival = Order.SENT, seed: Seed = 0, now: Now = "", as_json: AsJson = False
) -> int:
    """Take the messages of files one by one and say where each leaves its warning; then where all stand at last.

    The end is the same for every order. Without --now it is told for the time of the newest message. Exit status 1
    when no message could be read.
    """
    with extra("gateway"):
        from cloud_gateway.warnings.lifecycle import follow
        from cloud_gateway.warnings.replay import arrange
        from cloud_gateway.warnings.replay import replay as take_all
    until = read_now(now) if now else None
    alerts, refused = _read_all(sources)
    if not alerts and not refused:
        raise Failure("no-message", "there is no message in them", "Name files or folders of messages", FINDING)
    if until is not None:
        alerts = [alert for alert in alerts if alert.sent <= until]
    arranged = arrange(alerts, order, seed)
    at = max((alert.sent for alert in arranged), default=0) if until is None else until
    _Report(take_all(arranged), follow(arranged, (), at), refused).print(as_json)
    return DONE if arranged else FINDING


class _Report:
    """What was taken, how all stand at last, and what was refused."""

    def __init__(
        self, taken: Iterable[Taken], courses: Iterable[Course], refused: Iterable[tuple[Path, Refused]]
    ) -> None:
        self._messages = [_message_row(one) for one in taken]
        self._courses = tuple(courses)
        self._refused = [{"file": str(path), "code": one.code, "detail": one.text} for path, one in refused]

    def print(self, as_json: bool) -> None:
        """One JSON object, or three tables."""
        if as_json:
            warnings = [_course_object(course) for course in self._courses]
            whole = {"messages": self._messages, "warnings": warnings, "refused": self._refused}
            typer.echo(json.dumps(whole, ensure_ascii=False))
            return
        print_rows(self._messages, as_json)
        for rows in ([_course_row(course) for course in self._courses], self._refused):
            typer.echo()
            print_rows(rows, as_json)


def _read_all(sources: Iterable[Path]) -> tuple[list[Alert], list[tuple[Path, Refused]]]:
    from cloud_gateway.warnings.reading import read_alerts

    alerts: list[Alert] = []
    refused: list[tuple[Path, Refused]] = []
    for path in _files(sources):
        reading = read_alerts(read_bounded(path))
        alerts += reading.alerts
        refused += [(path, one) for one in reading.refused]
    return alerts, refused


def _files(sources: Iterable[Path]) -> Iterator[Path]:
    for source in sources:
        if source.is_dir():
            yield from sorted(path for path in source.rglob("*") if path.is_file())
        elif source.exists():
            yield source
        else:
            raise Failure("file", f"{source}: not there", "Name files or folders of messages", WRONG_USE)


def _message_row(taken: Taken) -> Mapping[str, object]:
    alert, course = taken.alert, taken.course
    return {
        "sent": rfc3339(alert.sent),
        "identifier": alert.identifier,
        "msg_type": alert.msg_type.value,
        "hazard": course.hazard,
        "state": course.state.value,
        "level": course.level.name.lower(),
        "warning": course.root.identifier,
    }


def _course_row(course: Course) -> Mapping[str, object]:
    return {
        "warning": course.root.identifier,
        "messages": len(course.members),
        "hazard": course.hazard,
        "state": course.state.value,
        "level": course.level.name.lower(),
        "changed_at": rfc3339(course.changed_at),
        "ends": _time(course.ends),
        "unconfirmed_since": _time(course.unconfirmed_since),
    }


def _course_object(course: Course) -> Mapping[str, object]:
    steps = [
        {"at": rfc3339(step.at), "state": step.state, "level": step.level.name.lower(), "by": _key_object(step.by)}
        for step in course.steps
    ]
    return {
        **_course_row(course),
        "warning": _key_object(course.root),
        "head": _key_object(course.head),
        "messages": [_key_object(member) for member in course.members],
        "superseded": [_key_object(key) for key in course.superseded],
        "issuer": course.issuer,
        "since": rfc3339(course.since),
        "onset": rfc3339(course.onset),
        "steps": steps,
        "findings": [
            {"code": one.code, "field": one.field, "text": one.text, "grade": one.grade} for one in course.findings
        ],
    }


def _key_object(key: AlertKey) -> Mapping[str, object]:
    return {"sender": key.sender, "identifier": key.identifier, "sent": _time(key.sent or None)}


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
