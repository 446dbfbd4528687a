"""`weiran outreach people` and `weiran outreach duty`: who is told, and who is called when."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.commands.starting import telling_failures
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from cloud_gateway.outreach.store_recipients import Entered
    from cloud_gateway.settings import GatewaySettings

Made = TypeVar("Made")
people_app = typer.Typer(help="Who is told.")
duty_app = typer.Typer(help="Who is called first, and when.")
Table = Annotated[Path, typer.Argument(metavar="FILE", help="CSV with named columns, in UTF-8 or GB 18030.")]

Turns = Annotated[Path, typer.Argument(metavar="FILE", help="CSV with named columns, or iCalendar (.ics).")]


@people_app.callback()
def people() -> None:
    """Enter who is told of dangers at their sites."""


@duty_app.callback()
def duty() -> None:
    """Enter who is called first, second and third, and when."""


@people_app.command("import")
def import_people(
    file: Table,
    config: Config,
    update: Annotated[bool, typer.Option("--update", help="Change those who are known with other content.")] = False,
    as_json: AsJson = False,
) -> int:
    """Enter recipients from a table: all of them, or none and a list of what is wrong.

    The same table again changes nothing. Exit status 1 when a row is wrong.
    """
    with extra("gateway"):
        from cloud_gateway.outreach.recipients import read_people
        from cloud_gateway.outreach.sheets import TableRefused
        from cloud_gateway.outreach.store_recipients import Entered, enter_people
    settings = _settings(config)
    raw = _read(file)
    try:
        found = read_people(raw)
    except TableRefused as exc:
        raise Failure("file", f"{file}: {exc}", exc.remedy, WRONG_USE) from exc
    if found.mistakes:
        return _tell(Entered(0, 0, 0, found.mistakes), as_json)
    work = partial(enter_people, rows=found.rows, update_known=update)
    return _tell(_change(settings, "outreach people import", work), as_json)


@people_app.command("list")
def list_people(config: Config, as_json: AsJson = False) -> int:
    """Show who is told; of a chat address only its kind."""
    with extra("gateway"):
        from cloud_gateway.outreach.store_recipients import every_person
    settings = _settings(config)
    known = _enter(settings, every_person)
    print_rows(
        [
            one.entry.model_dump(include={"name", "role", "language", "mail", "phone"})
            | {"chat": one.entry.chat.partition("://")[0], "sites": len(one.entry.sites), "off": one.disabled_at}
            for one in known
        ],
        as_json,
    )
    return DONE


@duty_app.command("import")
def import_duty(
    file: Turns,
    config: Config,
    replace: Annotated[bool, typer.Option("--replace", help="Take out other turns within the table's span.")] = False,
    as_json: AsJson = False,
) -> int:
    """Enter turns of duty from a table (name, role, since, until, rank) or an iCalendar file.

    Of an iCalendar file each event is a turn: its summary is the name, its category the role, its priority the rank.
    The same file again changes nothing. Exit status 1 when a row or an event is wrong.
    """
    with extra("gateway"):
        from cloud_gateway.outreach.duty import read_calendar
        from cloud_gateway.outreach.duty_calendar import is_calendar, read_icalendar
        from cloud_gateway.outreach.sheets import TableRefused
        from cloud_gateway.outreach.store_recipients import Entered, enter_calendar
    settings = _settings(config)
    raw, zone = _read(file), settings.outreach.zone
    try:
        now = time.time_ns() // 1_000_000
        found = read_icalendar(raw, zone, now) if is_calendar(raw) else read_calendar(raw, zone)
    except TableRefused as exc:
        raise Failure("file", f"{file}: {exc}", exc.remedy, WRONG_USE) from exc
    if found.mistakes:
        return _tell(Entered(0, 0, 0, found.mistakes), as_json)
    work = partial(enter_calendar, turns=found.turns, replace=replace)
    return _tell(_change(settings, "outreach duty import", work), as_json)


@duty_app.command("list")
def list_duty(config: Config, as_json: AsJson = False) -> int:
    """Show the turns of duty from now on."""
    with extra("gateway"):
        from cloud_gateway.outreach.store_recipients import list_turns
        from edge_agent.web.times import wall_time
    settings = _settings(config)
    turns = _enter(settings, lambda c: list_turns(c, time.time_ns() // 1_000_000))
    zone = settings.outreach.zone
    rows = [
        {"since": wall_time(t.since, zone), "until": wall_time(t.until, zone), "rank": t.rank, "name": t.name}
        for t in turns
    ]
    print_rows(rows, as_json)
    return DONE


def _settings(config: Path) -> GatewaySettings:
    from cloud_gateway.database_file import check_database
    from cloud_gateway.settings import GatewaySettings

    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
    return settings


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise Failure("file", f"{file}: {exc.strerror}", "Name a file that can be read", WRONG_USE) from exc


def _change(settings: GatewaySettings, command: str, work: Callable[[AsyncConnection], Awaitable[Entered]]) -> Entered:
    """Do the work in one transaction that also writes the command down, unless nothing was entered."""
    from cloud_gateway.audit.commands import write_command

    async def change(connection: AsyncConnection) -> Entered:
        done = await work(connection)
        if not done.mistakes:
            subject = f"{done.added} new, {done.changed} changed"
            await write_command(connection, command, subject, time.time_ns() // 1_000_000)
        return done

    return _enter(settings, change)


def _enter(settings: GatewaySettings, work: Callable[[AsyncConnection], Awaitable[Made]]) -> Made:
    """Do the work in one transaction."""
    from cloud_gateway.database import open_database, transaction

    async def run() -> Made:
        engine = open_database(settings.database)
        try:
            async with transaction(engine) as connection:
                return await work(connection)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def _tell(done: Entered, as_json: bool) -> int:
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
    else:
        print_rows([asdict(mistake) for mistake in done.mistakes], False)
        typer.echo(f"{done.added} added, {done.changed} changed, {done.unchanged} as they were.")
    return FINDING if done.mistakes else DONE
