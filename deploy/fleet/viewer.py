"""A person who looks at the overview in a real Chromium all the while, and never presses reload."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright

from deploy.servers import ServerMissing

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
#: The page's own mark of how its connection stands.
PULSE = "#pulse"
LOOK_S = 0.1
#: A gateway that has only just started shows its first page within this, s; the machine may be busy.
OPEN_LIMIT_S = 120.0


class PageViewer:
    """Reads the page as it is drawn: the class of its pulse, and when it says that a device was last heard."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._openings = 1
        page.on("domcontentloaded", self._note_opening)

    @property
    def openings(self) -> int:
        """How often the page was loaded since it was signed in."""
        return self._openings

    async def saw_cut(self, limit_s: float) -> bool:
        """Whether the page says within `limit_s` that it is cut off."""
        return await self._sees("bad", 0.0, limit_s)

    async def saw_live(self, since_ms: float, limit_s: float) -> bool:
        """Whether the page is live within `limit_s`, with a device heard after `since_ms`."""
        return await self._sees("ok", since_ms, limit_s)

    def _note_opening(self, _page: object) -> None:
        self._openings += 1

    async def _sees(self, state: str, heard_after_ms: float, limit_s: float) -> bool:
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            name, heard = await self._read_pulse()
            if state in name.split() and heard > heard_after_ms:
                return True
            await asyncio.sleep(LOOK_S)
        return False

    async def _read_pulse(self) -> tuple[str, float]:
        """Its classes, and when a device was last heard, ms UTC; -1 while none was."""
        pulse = self._page.locator(PULSE)
        name, heard = await pulse.evaluate("e => [e.className, Number(e.dataset.heardAt || -1)]")
        return str(name), float(heard)


def check_browser() -> None:
    """Raises ServerMissing without Chromium."""
    if not CHROMIUM.exists():
        raise ServerMissing("chromium", "chromium")


@asynccontextmanager
async def looking_at(link: str) -> AsyncIterator[PageViewer]:
    """Sign in by the one-time `link`, and look at the overview until the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(OPEN_LIMIT_S * 1000)
            await page.goto(link)
            await page.locator("#enter button").click()
            await page.locator(f"{PULSE}[data-heard-at]").wait_for()
            await page.wait_for_load_state("load")
            yield PageViewer(page)
        finally:
            await browser.close()
