"""What somebody at a screen waits for, in Chromium: the first overview, and a chart of a year."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cloud_gateway.charts.pages import RANGES
from cloud_gateway.staff.guard import COOKIE
from deploy.bench.field import Field
from deploy.servers import ServerMissing

if TYPE_CHECKING:
    from playwright.async_api import Page, ViewportSize

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
WIDE: ViewportSize = {"width": 1440, "height": 900}
LIMIT_MS = 120_000.0
#: Ranges that the page of charts offers, h.
DAY_H, YEAR_H = RANGES[2], RANGES[-1]
#: A key has gone somewhere.
FOCUSED = "() => document.activeElement !== null && document.activeElement !== document.body"
#: Sites are painted on the map, alarms (or that there are none) are listed, and it says when it heard the last.
USABLE = """() => {
  const canvas = document.querySelector("#map canvas");
  const said = document.querySelector("#pulse.ok") && document.querySelector("#alarms :is(.rows li, .calm)");
  if (!canvas || !said) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Uint32Array(data.buffer).some((pixel) => pixel !== 0);
}"""
#: The answer was drawn, and the screen has been painted since: two frames later at the latest.
DRAWN = """(hours) => {
  const about = document.querySelector("#charts[data-hours='" + hours + "'] [data-about]");
  if (!about || about.hidden) return false;
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));
}"""


@dataclass
class Seen:
    """Seconds of each look."""

    overview: list[float] = field(default_factory=list)
    year: list[float] = field(default_factory=list)


def check_browser() -> None:
    """Raises ServerMissing without Chromium."""
    if not CHROMIUM.exists():
        raise ServerMissing("chromium", "chromium")


async def look(running: Field, seen: Seen) -> None:
    """One look at each, in a browser that has never been here."""
    async with _page(running) as page:
        seen.overview.append(await _time(lambda: _open_overview(page, running.origin)))
    async with _page(running) as page:
        await page.goto(f"{running.origin}/charts?{urlencode({'s': str(running.year.dense), 'hours': DAY_H})}")
        await page.wait_for_function(DRAWN, arg=DAY_H)
        seen.year.append(await _time(lambda: _ask_year(page)))


async def _open_overview(page: Page, origin: str) -> None:
    """From the address to a page that shows what is wrong, and that a key moves in."""
    await page.goto(f"{origin}/", wait_until="commit")
    await page.wait_for_function(USABLE)
    await page.keyboard.press("Tab")
    await page.wait_for_function(FOCUSED)


async def _ask_year(page: Page) -> None:
    """From the click on a year to the painted chart of it, the page between them too."""
    await page.click(f"a[href*='hours={YEAR_H}']", no_wait_after=True)
    await page.wait_for_function(DRAWN, arg=YEAR_H)


async def _time(work: Callable[[], Awaitable[None]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


@asynccontextmanager
async def _page(running: Field) -> AsyncIterator[Page]:
    """A page of a browser of its own, signed in, before it has been anywhere."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - other benches need no browser

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            context = await browser.new_context(viewport=WIDE)
            context.set_default_timeout(LIMIT_MS)
            await context.add_cookies([{"name": COOKIE, "value": running.session, "url": running.origin}])
            yield await context.new_page()
        finally:
            await browser.close()
