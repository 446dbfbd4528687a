"""`weiran sites record` and `weiran sites outlook`: what is known of sites before a season."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.commands.starting import telling_failures
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from cloud_gateway.seasons.importing import Entered

record_app = typer.Typer(help="The long record of places.")
outlook_app = typer.Typer(help="Seasonal outlooks.")
Work = Callable[[Path, bytes, int], Awaitable["Entered"]]


@record_app.callback()
def record() -> None:
    """Enter extremes of many years, from which return levels are told on a site's page."""


@outlook_app.callback()
def outlook() -> None:
    """Enter what services expect of a season; it is relayed unchanged on a site's page."""


@record_app.command("import")
def import_record(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV with the columns site or adcode, quantity, unit, period (1998, 1998-07 or 1998-07-21), value,"
            " and where known source and stream.",
        ),
    ],
    config: Config,
    as_json: AsJson = False,
) -> int:
    """Enter a long record: all rows, or none and a list of what is wrong.

    The same file again changes nothing. Exit status 1 when a row is wrong.
    """
    with extra("gateway"):
        from cloud_gateway.seasons.importing import import_records
    return _enter(file, config, as_json, import_records)


@outlook_app.command("import")
def import_outlook(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV with the columns site or adcode, issuer, issued, valid_from, valid_to, hazard, and below, near,"
            " above (percent), text or both.",
        ),
    ],
    config: Config,
    as_json: AsJson = False,
) -> int:
    """Enter seasonal outlooks: all rows, or none and a list of what is wrong.

    The same file again changes nothing. Exit status 1 when a row is wrong.
    """
    with extra("gateway"):
        from cloud_gateway.seasons.importing import import_outlooks
    return _enter(file, config, as_json, import_outlooks)


def _enter(file: Path, config: Path, as_json: bool, work: Work) -> int:
    from cloud_gateway.database_file import check_database
    from cloud_gateway.seasons.entries import TableRefused
    from cloud_gateway.settings import GatewaySettings

    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
    try:
        done = asyncio.run(_call(work, settings.database, file.read_bytes()))
    except OSError as exc:
        raise Failure("file", f"{file}: {exc.strerror}", "Name a file that can be read", WRONG_USE) from exc
    except TableRefused as exc:
        raise Failure("file", f"{file}: {exc}", exc.remedy, WRONG_USE) from exc
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
    else:
        print_rows([asdict(mistake) for mistake in done.mistakes], False)
        typer.echo(f"{done.entered} rows entered.")
    return FINDING if done.mistakes else DONE


async def _call(work: Work, database: Path, raw: bytes) -> Entered:
    return await work(database, raw, time.time_ns() // 1_000_000)
