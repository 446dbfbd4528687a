"""Prints the report of an event to a PDF file: our own page as one document, and Chromium without a window."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cloud_gateway.board.cards import sort_case
from cloud_gateway.board.event_page import compose_event, texts_of
from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.board.reading import read_event
from cloud_gateway.database import open_database, reading
from edge_agent.web.pages import Pages

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HERE = Path(__file__).parent
SHEETS = (HERE.parent / "console" / "static" / "console.css", HERE / "static" / "board.css")
#: How long the browser may take, s: it starts slowly on a busy machine.
LIMIT_S = 120.0


class NotPrinted(Exception):
    """There is no report; the text says why, `remedy` what would help."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


async def make_document(
    database: Path, pages: Pages, shared_sheet: Path, event: str, language: str, notice: str, now: int
) -> str:
    """The report of an event as HTML that fetches nothing. Raises NotPrinted without such an event."""
    engine = open_database(database)
    try:
        async with reading(engine) as connection:
            found = await read_event(connection, event)
    finally:
        await engine.dispose()
    if found is None:
        raise NotPrinted(f"there is no hazard event {event!r}", "Take the id from the event's address in the console")
    labels = BoardLabels(language, pages.words.of(language))
    page = compose_event(sort_case(found[1], labels, now), found[0])
    style = "\n".join(sheet.read_text(encoding="utf-8") for sheet in (shared_sheet, *SHEETS))
    context = {"page": page, "texts_of": texts_of, "style": style, "notice": notice, "lang": language}
    template = pages.environments[language].get_template("event-report-paper.html")
    return template.render(context | {"simulated": page.card.simulated})


async def print_document(document: str, out: Path) -> None:
    """Write the document as PDF. Raises NotPrinted when there is no browser, or when it does not print."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise NotPrinted("no Chromium is installed", "Install the package chromium, or print the page from a browser")
    with tempfile.TemporaryDirectory(prefix="weiran-report-") as folder:
        page = Path(folder) / "report.html"
        page.write_text(document, encoding="utf-8")
        made = Path(folder) / "report.pdf"
        await _run(_command(browser, folder, page, made))
        if not made.is_file():
            raise NotPrinted("Chromium made no file", "Try again; print the page from a browser if it stays so")
        shutil.copyfile(made, out)


def _command(browser: str, folder: str, page: Path, made: Path) -> list[str]:
    options = ["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses to run as root with it
    profile = f"--user-data-dir={folder}/profile"
    return [browser, *options, profile, "--no-pdf-header-footer", f"--print-to-pdf={made}", page.as_uri()]


async def _run(command: Sequence[str]) -> None:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        async with asyncio.timeout(LIMIT_S):
            await process.wait()
    except TimeoutError as exc:
        raise NotPrinted(f"Chromium did not print within {LIMIT_S:.0f} s", "Try again when less is going on") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
