"""`weiran ratings`: the figures of a period, signed and published."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.evidence import find_database, reading_database
from deploy.commands.options import AsJson, Config, check_output, load_settings
from deploy.failures import DONE, WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from cloud_gateway.ratings.days import Period
    from cloud_gateway.ratings.publishing import Published
    from cloud_gateway.settings import GatewaySettings

ratings_app = typer.Typer(help="Ratings: what of them is published.")
NOTE = ".note"


@ratings_app.callback()
def ratings() -> None:
    """Publish the figures of ratings."""


@ratings_app.command("publish")
def publish(
    period: Annotated[str, typer.Option("--period", metavar="P", help="2026, 2026-Q4, 2026-11 or 2026-11-22.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The document; FILE.note is its signature.")],
    config: Config,
    as_json: AsJson = False,
) -> int:
    """Publish the figures of a period: a signed document that anybody can make again from an export of the log.

    docs/publication.md says how. It can run beside the gateway. When nothing of the period has come since it was
    published last, the same document is written again.
    """
    with extra("gateway"):
        from cloud_gateway.settings import GatewaySettings
    settings = load_settings(GatewaySettings, config)
    known = _period(period)
    check_output("--out", out)
    note = out.with_name(out.name + NOTE)
    check_output("--out", note)
    database = find_database(settings.data_dir)
    with reading_database(database):
        made = asyncio.run(_publish(settings, database, known))
        out.write_bytes(made.edition.document)
        note.write_text(made.edition.note, encoding="utf-8")
    _tell(made, out, as_json)
    return DONE


def _period(text: str) -> Period:
    from cloud_gateway.ratings.days import read_period

    try:
        return read_period(text)
    except ValueError as exc:
        remedy = "Write a year, quarter, month or day: 2026, 2026-Q4, 2026-11, 2026-11-22"
        raise Failure("wrong-use", f"--period: {exc}", remedy, WRONG_USE) from exc


async def _publish(settings: GatewaySettings, database: Path, period: Period) -> Published:
    from cloud_gateway.audit.commands import note_command
    from cloud_gateway.clock import open_clock
    from cloud_gateway.database import open_database
    from cloud_gateway.evidence.heads import NotSigned, load_signer
    from cloud_gateway.ratings.counting import Counting
    from cloud_gateway.ratings.publishing import publish as make

    engine = open_database(database)
    try:
        signer = load_signer(settings.evidence)
        await Counting(engine, settings.ratings, open_clock(settings.clock_file)).look()
        now = time.time_ns() // 1_000_000
        made = await make(engine, signer, period, settings.ratings.publish_k, now)
        if made.is_new:
            await note_command(database, "ratings publish", f"{period.name} {made.edition.edition}", now)
        return made
    except NotSigned as exc:
        raise Failure("not-signed", str(exc), "Nothing is published unsigned; see evidence.key_file") from exc
    finally:
        await engine.dispose()


def _tell(made: Published, out: Path, as_json: bool) -> None:
    edition = made.edition
    facts = {"period": edition.period, "edition": edition.edition, "size": edition.size, "new": made.is_new}
    if as_json:
        typer.echo(json.dumps(facts | {"file": str(out), "note": str(out) + NOTE}))
        return
    word = "published" if made.is_new else "as it was published before"
    typer.echo(f"{edition.period}, edition {edition.edition}, from {edition.size} entries of the log: {word}")
    typer.echo(f"{out} is the document, {out}{NOTE} its signature")
