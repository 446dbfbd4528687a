"""`weiran sites`: the insured sites that warnings are matched to."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, Config, load_settings, print_rows
from deploy.commands.sites_seasons import outlook_app, record_app
from deploy.commands.starting import telling_failures
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from cloud_gateway.sites.imports import Portfolio
    from cloud_gateway.sites.portfolio import Imported

sites_app = typer.Typer(help="Insured sites.")
claims_app = typer.Typer(help="What was paid for losses at sites.")
sites_app.add_typer(claims_app, name="claims")
sites_app.add_typer(record_app, name="record")
sites_app.add_typer(outlook_app, name="outlook")
DATUM_HELP = "What the positions are measured on: WGS-84, GCJ-02 or CGCS2000; a column 'datum' goes before it."


@sites_app.callback()
def sites() -> None:
    """Enter the insured sites that warnings are matched to."""


@sites_app.command("import")
def import_sites(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with named columns, or GeoJSON.")],
    config: Config,
    datum: Annotated[str | None, typer.Option("--datum", metavar="NAME", help=DATUM_HELP)] = None,
    update: Annotated[bool, typer.Option("--update", help="Change sites that are known with other content.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Enter the right rows although others are wrong.")] = False,
    as_json: AsJson = False,
) -> int:
    """Enter sites from a file: all of them, or none and a list of what is wrong.

    The same file again changes nothing. Exit status 1 when a row is wrong.
    """
    with extra("gateway"):
        from cloud_gateway.database_file import check_database
        from cloud_gateway.settings import GatewaySettings
        from cloud_gateway.sites.portfolio import import_portfolio
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
    portfolio = _read(file, datum)
    now = time.time_ns() // 1_000_000
    done = asyncio.run(import_portfolio(settings.database, portfolio, now, update=update, partial=partial))
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
    else:
        _tell(done)
    return FINDING if done.mistakes else DONE


def _read(file: Path, datum: str | None) -> Portfolio:
    from cloud_gateway.sites.datum import Datum, parse_datum
    from cloud_gateway.sites.imports import PortfolioRefused, read_portfolio

    named = None if datum is None else parse_datum(datum)
    if datum is not None and named is None:
        remedy = f"Choose one of: {', '.join(Datum)}"
        raise Failure("wrong-use", f"--datum: {datum!r} is no datum that is known here", remedy, WRONG_USE)
    try:
        return read_portfolio(file.read_bytes(), named)
    except OSError as exc:
        raise Failure("file", f"{file}: {exc.strerror}", "Name a file that can be read", WRONG_USE) from exc
    except PortfolioRefused as exc:
        raise Failure("file", f"{file}: {exc}", exc.remedy, WRONG_USE) from exc


def _tell(done: Imported) -> None:
    print_rows([asdict(mistake) for mistake in done.mistakes], False)
    typer.echo(f"{done.added} sites added, {done.changed} changed, {done.unchanged} as they were.")


@claims_app.callback()
def claims() -> None:
    """Enter the history of claims that the ranking of sites weighs."""


@claims_app.command("import")
def import_claims(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV: site, date, hazard, paid_minor, currency, and claim for its number."),
    ],
    config: Config,
    as_json: AsJson = False,
) -> int:
    """Enter claims from a file: all of them, or none and a list of what is wrong.

    The same file again changes nothing; a claim known by its number is replaced. Exit status 1 when a row is wrong.
    """
    with extra("gateway"):
        from cloud_gateway.database_file import check_database
        from cloud_gateway.settings import GatewaySettings
        from cloud_gateway.sites.claims import enter_claims, read_claims
        from cloud_gateway.sites.imports import PortfolioRefused
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
    try:
        history = read_claims(file.read_bytes(), datetime.now(UTC).date())
    except OSError as exc:
        raise Failure("file", f"{file}: {exc.strerror}", "Name a file that can be read", WRONG_USE) from exc
    except PortfolioRefused as exc:
        raise Failure("file", f"{file}: {exc}", exc.remedy, WRONG_USE) from exc
    done = asyncio.run(enter_claims(settings.database, history))
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
    else:
        print_rows([asdict(mistake) for mistake in done.mistakes], False)
        typer.echo(f"{done.added} claims added, {done.changed} changed, {done.unchanged} as they were.")
    return FINDING if done.mistakes else DONE
