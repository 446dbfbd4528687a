"""`weiran evidence hold`, `release`, `erase` and `retain`: what becomes of texts; every step is an entry of the log."""

from __future__ import annotations

import asyncio
import getpass
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from deploy.commands.evidence import Data, find_database, reading_database
from deploy.commands.options import AsJson, print_rows
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
HoldName = Annotated[str, typer.Argument(metavar="HOLD", help="Name of the hold, for example a case's number.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in words; kept beside the log, not in it.")]
Zone = Annotated[str, typer.Option("--zone", help="IANA zone whose calendar days count.")]
Place = Annotated[list[int] | None, typer.Option("--place", min=0, help="An entry's place; can be repeated.")]
Type = Annotated[
    list[str] | None, typer.Option("--type", help="All entries of a type, later ones too; can be repeated.")
]
ZONE = "Asia/Shanghai"


def hold(
    name: HoldName, data: Data, reason: Why, place: Place = None, type_: Type = None, as_json: AsJson = False
) -> int:
    """Hold texts: nobody can erase them until the hold is released.

    A second one of the same name takes its place.
    """
    with extra("gateway"):
        from cloud_gateway.evidence.retention import Hold
        from cloud_gateway.evidence.schemas import SCHEMAS
        from cloud_gateway.evidence.store_erasure import set_hold
    if not place and not type_:
        raise Failure("usage", "nothing to hold", "Name entries with --place, or --type", WRONG_USE)
    if unknown := set(type_ or ()) - SCHEMAS.keys():
        raise Failure("usage", f"no entries are of type {min(unknown)}", f"One of: {', '.join(SCHEMAS)}", WRONG_USE)
    held = Hold(name, frozenset(place or ()), frozenset(type_ or ()))

    async def begin(connection: AsyncConnection) -> int:
        await _note(connection, "hold", name)
        return await set_hold(connection, held, reason, getpass.getuser(), _now())

    entry = _write(data, begin)
    typer.echo(json.dumps({"hold": name, "entry": entry}) if as_json else f"{name} is in force; entry {entry} says so")
    return DONE


def release(name: HoldName, data: Data, reason: Why, as_json: AsJson = False) -> int:
    """End a hold."""
    with extra("gateway"):
        from cloud_gateway.evidence.retention import Hold
        from cloud_gateway.evidence.store_erasure import list_holds, set_hold

    async def end(connection: AsyncConnection) -> int | None:
        if name not in {one.name for one in await list_holds(connection)}:
            return None
        held = Hold(name, frozenset(), frozenset())
        await _note(connection, "release", name)
        return await set_hold(connection, held, reason, getpass.getuser(), _now(), on=False)

    if (entry := _write(data, end)) is None:
        raise Failure("no-hold", f"no hold {name} is in force", "See its name where it was begun", WRONG_USE)
    typer.echo(json.dumps({"hold": name, "entry": entry}) if as_json else f"{name} has ended; entry {entry} says so")
    return DONE


def erase(
    place: Annotated[int, typer.Argument(metavar="PLACE", min=0, help="Place of the entry.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="Where in it the text stood: body.text.")],
    data: Data,
    reason: Annotated[
        Literal["retention-over", "person-asked", "ordered"], typer.Option("--reason", help="Why the text goes.")
    ],
    zone: Zone = ZONE,
    as_json: AsJson = False,
) -> int:
    """Erase one text, as the dated rules of retention allow; its entry and all proofs stay.

    Backups hold it until they are let go of. Exit status 1 when the rules or a hold forbid it.
    """
    with extra("gateway"):
        from cloud_gateway.evidence.retention import Reason
        from cloud_gateway.evidence.store_erasure import NotErased, erase_texts

    async def erase_one(connection: AsyncConnection) -> int:
        await _note(connection, "erase", f"{place} {path}")
        return await erase_texts(connection, [(place, path)], Reason(reason), getpass.getuser(), _now(), zone)

    try:
        entry = _write(data, erase_one)
    except NotErased as exc:
        raise Failure("not-erased", str(exc), "See the rules and the holds", FINDING) from exc
    told = f"The text {path} of entry {place} is erased; entry {entry} says so"
    typer.echo(json.dumps({"place": place, "path": path, "entry": entry}) if as_json else told)
    return DONE


def retain(
    data: Data,
    zone: Zone = ZONE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what is due and erase nothing.")] = False,
    as_json: AsJson = False,
) -> int:
    """Erase the texts whose term is over and that nobody holds; run it now and then.

    Some thousands at a time: run it again until nothing is due.
    """
    with extra("gateway"):
        from cloud_gateway.evidence.retention import Reason
        from cloud_gateway.evidence.store_erasure import Kept, erase_texts, list_due

    async def sweep(connection: AsyncConnection) -> list[Kept]:
        due = await list_due(connection, _now(), zone)
        if due and not dry_run:
            keys = [(one.place, one.path) for one in due]
            await _note(connection, "retain", f"{len(keys)} texts")
            await erase_texts(connection, keys, Reason.RETENTION_OVER, getpass.getuser(), _now(), zone)
        return due

    due = _write(data, sweep)
    print_rows([one._asdict() for one in due], as_json)
    if not due and not as_json:
        typer.echo("Nothing is due.")
    return DONE


async def _note(connection: AsyncConnection, verb: str, subject: str) -> None:
    from cloud_gateway.audit.commands import write_command

    await write_command(connection, f"evidence {verb}", subject, _now())


def _now() -> int:
    return time.time_ns() // 1_000_000


def _write(data: Path, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do the work in one writing transaction, beside a running gateway; what it erases leaves the file as well."""
    with extra("gateway"):
        from cloud_gateway.database import open_database, transaction
        from cloud_gateway.evidence.entries import EntryError
        from cloud_gateway.evidence.store_erasure import shed_traces
    database = find_database(data)

    async def run() -> T:
        engine = open_database(database)
        try:
            async with transaction(engine) as connection:
                done = await work(connection)
            await shed_traces(engine)
            return done
        finally:
            await engine.dispose()

    with reading_database(database):
        try:
            return asyncio.run(run())
        except EntryError as exc:
            raise Failure("usage", str(exc), "Nothing was changed; correct it, see --help", WRONG_USE) from exc
