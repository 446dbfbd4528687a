"""`weiran evidence`: the log that shows what was altered, as a file that anyone verifies, and in its database."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import AsJson, check_output, print_rows
from deploy.failures import DONE, FINDING, WRONG_USE, Failure, extra

evidence_app = typer.Typer(help="The evidence log: export it, verify an export, check the stored log.")
Data = Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Folder with the gateway's databases.")]
DATABASE = "gateway.db"
#: Findings printed; --json has them all.
MOST_ROWS = 100
#: Where a kept demo has its databases.
WITHIN = "gateway"


@evidence_app.command("export")
def export(
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The text file to write.")],
    as_json: AsJson = False,
) -> int:
    """Write the log up to its newest signed head into one text file, beside a running gateway.

    It holds no text that was not published. Exit status 1 when the stored log is not the one that was signed.
    """
    with extra("gateway"):
        from cloud_gateway.evidence.export import NothingSigned, export_log
    database = find_database(data)
    check_output("--out", out)
    with reading_database(database):
        try:
            made = asyncio.run(export_log(database, out, time.time_ns() // 1_000_000))
        except NothingSigned as exc:
            remedy = "Let ingest run with evidence.key_file set until it has signed one"
            raise Failure("nothing-signed", str(exc), remedy) from exc
    if as_json:
        typer.echo(json.dumps(made._asdict()))
    else:
        typer.echo(f"{made.size} entries, {made.texts} texts and {made.heads} heads are in {out}")
        if made.waiting:
            typer.echo(f"{made.waiting} newer entries wait for a signed head and are not in it")
    if not made.sound:
        typer.echo("The stored log is not the one that was signed; see: weiran evidence scrub", err=True)
    return DONE if made.sound else FINDING


@evidence_app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export of the log.")],
    key: Annotated[
        list[str] | None, typer.Option("--key", metavar="VKEY", help="The log's key, known from elsewhere.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option("--checkpoint", metavar="FILE", help="An old signed head of the log.")
    ] = None,
    receipt: Annotated[
        list[str] | None, typer.Option("--receipt", metavar="TEXT", help="A customer's receipt, WR1.…")
    ] = None,
    publication: Annotated[
        Path | None, typer.Option("--publication", metavar="FILE", help="A published document, to be made again.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Verify an export of the log; no gateway, database or network is needed.

    Exit status 1 when it is not sound, with the first broken entry named.
    """
    with extra("gateway"):
        from cloud_gateway.evidence import weiran_verify as verifier
    try:
        found: verifier.Result | verifier.Broken = verifier.verify_file(
            file, key or (), checkpoint or (), receipt or (), publication
        )
    except verifier.Broken as exc:
        found = exc
    except verifier.Unusable as exc:
        raise Failure("unusable", str(exc), "Name an export, and keys, heads or receipts of it", WRONG_USE) from exc
    typer.echo(json.dumps(verifier.describe(found), ensure_ascii=False) if as_json else verifier.tell(found))
    return FINDING if isinstance(found, verifier.Broken) else DONE


@evidence_app.command("scrub")
def scrub(data: Data, as_json: AsJson = False) -> int:
    """Hash the stored log anew, with the records and texts that belong to it, beside a running gateway.

    Bit rot and edits are named by entry. Exit status 1 when there are any.
    """
    with extra("gateway"):
        from cloud_gateway.evidence.last_scrub import keep_scrub
        from cloud_gateway.evidence.scrub import scrub_log
    database = find_database(data)
    with reading_database(database):
        done = asyncio.run(scrub_log(database))
    try:
        keep_scrub(database.parent, done, time.time_ns() // 1_000_000)
    except OSError as exc:
        typer.echo(f"The console will not tell of it: {exc.filename}: {exc.strerror}", err=True)
    rows = [finding._asdict() for finding in done.findings]
    if as_json:
        typer.echo(json.dumps(asdict(done) | {"sound": done.sound, "findings": rows}, ensure_ascii=False))
        return DONE if done.sound else FINDING
    looked = f"{done.entries} entries, {done.records} records, {done.texts} texts and {done.heads} heads were looked at"
    typer.echo(f"{looked}: {'sound' if done.sound else f'{len(rows)} findings'}")
    print_rows(rows[:MOST_ROWS], as_json)
    return DONE if done.sound else FINDING


def find_database(data: Path) -> Path:
    """The database in a data folder, or in the folder of a kept demo. Raises Failure."""
    from cloud_gateway.database import NoDatabase
    from cloud_gateway.database_file import DatabaseNotReady, DatabaseTooNew, check_database

    database = next((file for file in (data / DATABASE, data / WITHIN / DATABASE) if file.is_file()), None)
    if database is None:
        raise Failure("no-database", f"{data} holds no {DATABASE}", "Name the data_dir of the gateway", WRONG_USE)
    try:
        check_database(database)
    except DatabaseNotReady as exc:
        text = str(exc).partition(";")[0]
        raise Failure("no-database", text, "Run weiran gateway migrate first", WRONG_USE) from exc
    except (DatabaseTooNew, NoDatabase) as exc:
        raise Failure("no-database", str(exc), "Use the release that has made it", WRONG_USE) from exc
    except OSError as exc:
        raise Failure("no-database", f"{database}: {exc.strerror}", "See who may read it", WRONG_USE) from exc
    return database


@contextmanager
def reading_database(database: Path) -> Iterator[None]:
    """Around work on it: what it refuses becomes a Failure."""
    from cloud_gateway.database import TransactionRefused

    try:
        yield
    except TransactionRefused as exc:
        remedy = "Run this as the user of the gateway's processes, and see that the disk has room"
        raise Failure("database", f"{database}: {exc.orig}", remedy, WRONG_USE) from exc
    except OSError as exc:
        raise Failure("file", f"{exc.filename}: {exc.strerror}", "See that it can be written", WRONG_USE) from exc
