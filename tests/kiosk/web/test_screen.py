"""The screen in a real browser: a customer rates by touch, on the three screens that terminals have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, Request, async_playwright, expect

from edge_agent.wire import ratings as wire
from edge_agent.wire.topics import Lane
from firmware_sim.board import SimBoard
from firmware_sim.clock import ScenarioClock
from kiosk.rating.terminal import Terminal
from kiosk.web.app import create_app
from kiosk.web.server import serve
from tests.kiosk.terminals import Rig, make_settings, running_terminal
from tests.waiting import until

ARGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
EXPECT_MS, LIMIT_S = 60_000, 110.0
SIZES = {"small": (800, 480), "wide": (1280, 800), "tall": (1080, 1920)}
#: Buttons that a finger would miss, and blocks that do not fit.
FLAWS = """() => [
  ...[...document.querySelectorAll("button")].filter(
    (b) => b.offsetParent && (b.offsetHeight < 60 || b.offsetWidth < 60)),
  ...[...document.querySelectorAll(".t, .who, .ask, .keys, .key, .thanks, .receipt, .words, footer")].filter(
    (e) => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1),
].map((e) => `${e.className} ${e.textContent.trim().slice(0, 20)}`)"""


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGS))
        yield chromium
        await chromium.close()


@asynccontextmanager
async def served(terminal: Terminal) -> AsyncIterator[str]:
    """The terminal's screen at a free port."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(create_app(terminal), "127.0.0.1", 0, port.set_result))
    try:
        async with asyncio.timeout(LIMIT_S):
            yield f"http://127.0.0.1:{await port}"
    finally:
        task.cancel()
        await asyncio.wait([task])


async def open_pages(chromium: Browser, origin: str, asked: list[str]) -> dict[str, Page]:
    """The screen in each size; `asked` collects every address that the pages ask for, and every complaint."""
    pages = {}
    for name, (width, height) in SIZES.items():
        context = await chromium.new_context(viewport={"width": width, "height": height}, has_touch=True)
        page = await context.new_page()
        page.on("request", lambda request: note(request, asked))
        page.on("console", lambda message: asked.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: asked.append(f"error: {error}"))
        await page.goto(f"{origin}/?lang=zh")
        pages[name] = page
    return pages


def note(request: Request, asked: list[str]) -> None:
    """Remember whom a page asks."""
    asked.append(request.url.split("/", 3)[2])


async def flaws(pages: dict[str, Page]) -> dict[str, list[str]]:
    """What does not fit or is too small, by screen."""
    found = {name: await page.evaluate(FLAWS) for name, page in pages.items()}
    return {name: names for name, names in found.items() if names}


async def expect_text(pages: dict[str, Page], text: str) -> None:
    """All screens come to show this."""
    for page in pages.values():
        await expect(page.locator("#screen")).to_contain_text(text, timeout=EXPECT_MS)


async def rate_by_touch(rig: Rig, pages: dict[str, Page]) -> None:
    """From the window to the last question, on the small screen."""
    small = pages["small"]
    await expect_text(pages, "请为本次服务评价")
    assert await flaws(pages) == {}
    await rig.card()
    await small.locator('[data-score="1"]').tap()
    await until(lambda: rig.device.outbox.lanes[Lane.RECORD].next == 4)  # two readings of the card, and the press
    await expect(small.locator('[data-score="2"]')).to_be_enabled(timeout=EXPECT_MS)
    await rig.pass_time(6)
    await small.locator('[data-score="2"]').tap()
    await expect_text(pages, "已存于本机")
    await expect_text(pages, "中心尚未收到")
    await expect(small.locator("img.code")).to_have_js_property("complete", True, timeout=EXPECT_MS)
    assert await flaws(pages) == {}
    await small.goto(small.url.replace("lang=zh", "lang=en"))
    await expect(small.locator("img.code")).to_have_js_property("complete", True, timeout=EXPECT_MS)
    assert await flaws(pages) == {}
    await small.goto(small.url.replace("lang=en", "lang=zh"))
    await small.locator("[data-begin]").tap()
    await small.locator('[data-settled="true"]').tap()
    await small.locator('[data-reason="manner"]').tap()
    assert await flaws(pages) == {}
    await rig.acknowledge(rig.device.outbox.lanes[Lane.RECORD].next - 1)
    await expect_text(pages, "中心已收到")
    await small.locator("[data-next]").tap()
    await small.locator('[data-recommend="9"]').tap()
    await until(lambda: not rig.screen.more)


async def test_customer_rates_by_touch_on_every_screen_and_is_told_when_the_terminal_has_gone(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, identity: Path
) -> None:
    asked: list[str] = []
    settings = make_settings(tmp_path, identity, scale=5, button_pins=(), lamp_pins=())
    async with running_terminal(settings, board, clock) as rig, browser() as chromium:
        async with served(rig.terminal) as origin:
            await rig.card()
            pages = await open_pages(chromium, origin, asked)
            await expect_text(pages, "欢迎")
            await expect_text(pages, "Li Min")
            await rig.pass_time(60)
            await rig.serve()
            await rate_by_touch(rig, pages)
            (more,) = await rig.bodies(wire.RatingMoreBody)
            await rig.pass_time(120)
            await expect_text(pages, "欢迎")
            assert set(asked) == {origin.removeprefix("http://")}
        await expect(pages["tall"].locator("#cut")).to_be_visible(timeout=EXPECT_MS)
    assert (more.reasons, more.settled, more.recommend) == (["manner"], True, 9)
