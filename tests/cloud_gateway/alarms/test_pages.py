"""The pages of alarms in a real browser: a person's way with one, and how they look in every size and language."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute
from playwright.async_api import Page, ViewportSize, expect
from sqlalchemy import case, update

from cloud_gateway import tables as t
from cloud_gateway.alarms import pages
from cloud_gateway.database import transaction
from cloud_gateway.staff.guard import COOKIE
from tests.axe import violations
from tests.cloud_gateway import field
from tests.cloud_gateway.conftest import Console, Opener, now_ms

pytestmark = pytest.mark.asyncio(loop_scope="session")
ALARM = "/alarms/{device}/{epoch}/{seq}"
#: Every address that answers with a page; a route that is not here fails the test below.
PAGES = ["/alarms", ALARM, f"{ALARM}/notes", f"{ALARM}/closing"]
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1440, height=900)
LOOKS = [("zh", "night", PHONE, DESK), ("en", "day", DESK, PHONE)]
#: By how much a page is wider than its window.
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

#: How many lines a heading of some length takes.
LINES = """() => {
  const heading = document.querySelector("h1");
  heading.textContent = "Water on the cellar floor";
  return Math.round(heading.offsetHeight / parseFloat(getComputedStyle(heading).lineHeight));
}"""


async def test_every_page_route_is_listed() -> None:
    routes = {r.path for r in pages.router.routes if isinstance(r, APIRoute) and "GET" in (r.methods or ())}
    assert routes == set(PAGES)


async def raise_alarm(console: Console) -> None:
    """A device raises an alarm, as ingest would write it."""
    raised = next(rows for table, rows in field._rows(field.CALM, now_ms(), field.STORM_ALARMS[:1]) if table is t.alarm)
    await console.add(t.alarm, *raised)
    await console.add(t.event, {"at": now_ms(), "topic": "alarm", "body": '{"device":"tide-charleston"}'})


async def look(console: Console, page: Page, path: str) -> list[object]:
    """Grave violations in each language and theme, and by how much the page is too wide in each size."""
    found: list[object] = []
    address = console.origin + path.format(device="tide-charleston", epoch=field.EPOCH, seq=1)
    for lang, theme, size, other in LOOKS:
        await page.context.add_cookies([{"name": "weiran_theme", "value": theme, "url": console.origin}])
        await page.set_viewport_size(size)
        await page.goto(f"{address}?lang={lang}")
        await expect(page.locator("#pulse")).to_have_class("pill ok")
        found += [*await violations(page), await page.evaluate(BEYOND)]
        await page.set_viewport_size(other)
        found.append(await page.evaluate(BEYOND))
    return found


@pytest.mark.parametrize("path", PAGES[:2], ids=["list", "alarm"])
async def test_pages_are_accessible_and_fit_in_every_size_and_language(
    storm: Console, open_screen: Opener, path: str
) -> None:
    screen = await open_screen(storm)
    assert (await look(storm, screen.page, path), screen.said) == ([0] * 4, [])
    assert await screen.page.evaluate(LINES) == 1  # on a phone, where it stood last: the buttons leave it its room


async def test_an_alarm_arrives_and_is_taken_in_hand_until_it_is_closed(calm: Console, open_screen: Opener) -> None:
    page = (await open_screen(calm, "en", path="/alarms")).page
    await expect(page.locator("[data-part=list]")).to_contain_text("No alarm is open; there has been none so far.")
    await raise_alarm(calm)
    row = page.locator("[data-row]")
    await expect(row).to_contain_text("nobody has it")
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await expect(row).to_contain_text("seen by demo")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Storm surge")
    measured = case((t.stream.c.name == "tide", "9.5"), else_="1")
    async with transaction(calm.engine) as connection:
        await connection.execute(update(t.stream).where(t.stream.c.device == "tide-charleston").values(value=measured))
    body = '{"device":"tide-charleston","streams":{}}'
    await calm.add(t.event, {"at": now_ms(), "topic": "reading", "body": body})
    await expect(page.locator("[data-part=facts]")).to_contain_text("8.50 m")
    await page.select_option("[name=whom]", "operations")
    await page.get_by_role("button", name="Assign").click()
    strip = page.locator("[data-part=strip]")
    await expect(strip).to_contain_text("with operations")
    await page.fill("#f-reason", "<b>the gauge</b> is being cleaned")
    await page.get_by_role("button", name="Close the alarm").click()
    await expect(page.locator("#w-crossed")).to_be_visible()
    await page.check("[name=crossed]")
    await page.get_by_role("button", name="Close the alarm").click()
    await expect(strip).to_contain_text("closed by demo: <b>the gauge</b> is being cleaned")
    await expect(page.locator("[data-part=history] li")).to_have_count(3)
    await page.goto(calm.origin)
    await expect(page.locator("[data-part=strip]")).to_contain_text("No alarm is open")


async def test_a_regulator_follows_an_alarm_and_finds_no_form(calm: Console, open_screen: Opener) -> None:
    await raise_alarm(calm)
    page = (await open_screen(calm, "en")).page
    async with calm.client("regulator") as client, calm.client("operations") as desk:
        await page.context.add_cookies([{"name": COOKIE, "value": client.cookies[COOKIE], "url": calm.origin}])
        address = f"/alarms/tide-charleston/{field.EPOCH}/1"
        await page.goto(calm.origin + address)
        await expect(page.locator("[data-part=strip]")).to_contain_text("nobody has it")
        await desk.post(f"{address}/acknowledgement")
        await expect(page.locator("[data-part=strip]")).to_contain_text("seen by operations")
        assert await page.locator("main form").count() == 0
