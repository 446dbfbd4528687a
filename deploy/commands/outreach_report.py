"""`weiran outreach report`: what an event amounted to, as a PDF file."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from deploy.commands.options import Config, check_writable, load_settings
from deploy.commands.starting import telling_failures
from deploy.failures import DONE, FINDING, Failure, extra

Event = Annotated[str, typer.Argument(metavar="EVENT", help="Id of the event, as in its address in the console.")]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The PDF file to write.")]
Language = Annotated[Literal["zh-Hans", "en"], typer.Option("--language", help="Language of the report.")]


def report(event: Event, out: Out, config: Config, language: Language = "zh-Hans") -> int:
    """Write the report of a hazard event: lead time, coverage, who was reached, who acted, who was missed.

    Printed by the Chromium that is installed. Exit status 1 when there is no such event or it cannot be printed.
    """
    with extra("gateway"):
        from cloud_gateway.app import OWN_LOCALE, SHARED_STATIC, TEMPLATES
        from cloud_gateway.board.printing import NotPrinted, make_document, print_document
        from cloud_gateway.database_file import check_database
        from cloud_gateway.settings import GatewaySettings
        from edge_agent.web.pages import make_pages
        from edge_agent.web.words import LOCALE, read_words
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
    check_writable("--out", out)
    pages = make_pages(read_words([LOCALE, OWN_LOCALE]), TEMPLATES)
    sheet, now = SHARED_STATIC / "css" / "weiran.css", time.time_ns() // 1_000_000
    made = make_document(settings.database, pages, sheet, event, language, settings.web.notice, now)
    try:
        asyncio.run(print_document(asyncio.run(made), out))
    except NotPrinted as exc:
        raise Failure("report", str(exc), exc.remedy, FINDING) from exc
    typer.echo(f"The report is in {out}")
    return DONE
