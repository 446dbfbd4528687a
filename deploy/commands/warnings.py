"""`weiran warnings`: official warnings in files, read and followed as the gateway does it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from deploy.commands.options import AsJson, print_rows
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra
from edge_agent.web.times import parse_time

if TYPE_CHECKING:
    from cloud_gateway.warnings.reading import Reading

warnings_app = typer.Typer(help="Official weather warnings: what they say and where they stand.")
Now = Annotated[str, typer.Option("--now", metavar="TIME", help="The time at which they stand, RFC 3339; else now.")]


class _File(NamedTuple):
    path: Path
    reading: Reading


@warnings_app.command("parse")
def parse(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="CAP, indexes of CAP, JSON of any known feed.")],
    kind: Annotated[str, typer.Option("--kind", help="Which JSON shape it is; else it is recognised.")] = "",
    now: Now = "",
    as_json: AsJson = False,
) -> int:
    """Read warnings and say where each stands; all files together are one set of messages.

    With --json one object a line: a message, or {"error": ...} for what was refused, or {"index": ...} for links to
    further messages. Exit status 1 when no file could be taken.
    """
    with extra("gateway"):
        from cloud_gateway.warnings.shapes import KINDS
    if kind and kind not in KINDS:
        raise Failure("usage", f"--kind {kind}: no such shape", f"Name one of: {', '.join(KINDS)}", WRONG_USE)
    at = read_now(now)
    read = _read_files(files, kind or None)
    if as_json:
        for shown in _objects(read, at):
            typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        _print_table(read, at)
    return DONE if any(_was_taken(file.reading) for file in read) else FINDING


def read_now(text: str) -> int:
    """ms UTC of --now; the clock's time where it is not given. Raises Failure."""
    try:
        return parse_time(text) if text else time.time_ns() // 1_000_000
    except ValueError as exc:
        raise Failure("usage", f"--now {text}: {exc}", "Write it as 2026-07-20T08:00:00Z", WRONG_USE) from exc


def read_bounded(path: Path) -> bytes:
    """A file's bytes, at most one more than warnings may have, so that a larger one is told. Raises Failure."""
    from cloud_gateway.warnings.entries import MAX_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise Failure("file", f"{path}: {exc.strerror}", "Name files that can be read", WRONG_USE) from exc


def _read_files(files: Sequence[Path], kind: str | None) -> list[_File]:
    """A file that cannot be opened is refused like a bad one; Failure where none can."""
    from cloud_gateway.warnings.model import Refused
    from cloud_gateway.warnings.reading import Reading, read_alerts

    read: list[_File] = []
    failures: list[Failure] = []
    for path in files:
        try:
            read.append(_File(path, read_alerts(read_bounded(path), kind)))
        except Failure as exc:
            failures.append(exc)
            read.append(_File(path, Reading(refused=(Refused(exc.code, "", str(exc), exc.remedy),))))
    if len(failures) == len(files):
        raise failures[0]
    return read


def _was_taken(reading: Reading) -> bool:
    return bool(reading.alerts or reading.entries or not reading.refused)


def _objects(read: Sequence[_File], now: int) -> Iterator[Mapping[str, object]]:
    from cloud_gateway.warnings.lifecycle import follow
    from cloud_gateway.warnings.listing import courses_by_message, message_object, refusal_object

    courses = courses_by_message(follow([alert for file in read for alert in file.reading.alerts], (), now))
    for path, reading in read:
        yield from (message_object(alert, courses[alert.key]) | {"file": str(path)} for alert in reading.alerts)
        for refused in reading.refused:
            yield {"error": refusal_object(refused) | {"file": str(path)}}
        if reading.entries:
            yield {"index": {"file": str(path), "entries": [entry.link for entry in reading.entries]}}


def _print_table(read: Sequence[_File], now: int) -> None:
    from cloud_gateway.warnings.lifecycle import follow
    from cloud_gateway.warnings.listing import courses_by_message, message_row

    alerts = [alert for file in read for alert in file.reading.alerts]
    courses = courses_by_message(follow(alerts, (), now))
    print_rows((message_row(alert, courses[alert.key]) for alert in alerts), as_json=False)
    for path, reading in read:
        if reading.entries:
            typer.echo(f"{path}: an index of {len(reading.entries)} messages")
        for refused in reading.refused:
            typer.echo(f"{path}: refused, {refused.text} ({refused.field})")
