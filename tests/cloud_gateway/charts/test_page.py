"""The page of charts in a real browser: what it draws, how it moves in time, and how it looks in every size."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from fastapi.routing import APIRoute
from playwright.async_api import Page, expect

from cloud_gateway.charts import pages
from tests.axe import violations
from tests.cloud_gateway.conftest import Console, Opener

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: Every address that answers with a page; a route that is not here fails the test below.
PAGES = ["/charts"]
SIZES = [("zh", 390, 844, "night"), ("en", 1440, 900, "day")]
DAYS = "from=1989-09-20T04:00:00Z&to=1989-09-22T05:00:00Z"
CHART = f"/charts?s=tide-charleston/tide&s=yard-charleston/drain_float&{DAYS}"


async def test_every_page_route_is_listed() -> None:
    assert {r.path for r in pages.router.routes if isinstance(r, APIRoute)} == set(PAGES)


async def look(console: Console, page: Page) -> list[object]:
    """What is wrong with the page in any size and language: grave violations, and what stands beyond its width."""
    found: list[object] = []
    for lang, width, height, theme in SIZES:
        await page.context.add_cookies([{"name": "weiran_theme", "value": theme, "url": console.origin}])
        await page.set_viewport_size({"width": width, "height": height})
        await page.goto(f"{console.origin}{CHART}&lang={lang}")
        await expect(page.locator("[data-plot] canvas")).to_have_count(2)
        await expect(page.locator("[data-about]")).to_be_visible()
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{lang} {width}: {text}" for text in await violations(page)] + [wide] * (wide != 0)
    return found


async def test_page_is_accessible_and_fits_in_every_size_and_language(storm: Console, open_screen: Opener) -> None:
    screen = await open_screen(storm)
    assert (await look(storm, screen.page), screen.said) == ([], [])


async def test_streams_are_chosen_drawn_moved_in_time_and_taken_away(storm: Console, open_screen: Opener) -> None:
    page = (await open_screen(storm, "en", path="/charts")).page
    await expect(page.locator("main")).to_contain_text("No stream is chosen.")
    await page.goto(f"{storm.origin}{CHART}")
    await expect(page.locator("[data-span]")).to_have_text("1989-09-20 00:00 – 1989-09-22 01:00 EDT")
    await expect(page.locator("[data-latest]").first).to_contain_text(" m")
    await expect(page.locator("[data-alarms] summary")).to_have_text("3 alarms in this time")
    await expect(page.locator("[data-alarms] li")).to_have_count(3)
    await expect(page.locator("[name=since]")).to_have_value("1989-09-20T00:00")
    async with page.expect_request("**/api/v1/charts?*") as asked:
        await page.get_by_role("button", name="Closer").click()
    assert "from=1989-09-20T16%3A15" in (await asked.value).url
    await expect(page.locator("[data-span]")).to_have_text("1989-09-20 12:15 – 1989-09-21 12:45 EDT")
    assert "from=1989-09-20T16%3A15" in page.url
    assert "from=1989-09-20T16%3A15" in str(await page.get_attribute("[data-export]", "href"))
    await page.evaluate("document.documentElement.dataset.marked = 'yes'")
    away = page.get_by_role("link", name="Take Float switch in the drain away")
    assert "from=1989-09-20T16%3A15" in str(await away.get_attribute("href"))
    await page.get_by_role("link", name="7 days").click()
    await expect(page.locator("#charts")).to_have_attribute("data-hours", "168")
    await expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    assert (page.url.endswith("hours=168"), "hours=168" in str(await away.get_attribute("href"))) == (True, True)
    await expect(page.locator("#kept-time [name=hours]")).to_have_value("168")
    await expect(page.locator("html")).to_have_attribute("data-marked", "yes")
    await away.click()
    await expect(page.locator("[data-plot]")).to_have_count(1)
    await page.fill("[name=since]", "1989-09-21T00:00")
    await page.fill("[name=until]", "1989-09-22T00:00")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator("[data-span]")).to_have_text("1989-09-21 00:00 – 1989-09-22 00:00 EDT")
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator("[data-span]")).to_have_text("1989-09-20 12:00 – 1989-09-21 12:00 EDT")
    await page.goto(f"{storm.origin}/charts?s=tide-charleston/tide&s=tide-charleston/tide_predicted&{DAYS}")
    await expect(page.locator("[data-plot] canvas")).to_have_count(1)
    await expect(page.locator("[data-latest]")).to_contain_text(" m at 09-")
    await page.goto(f"{storm.origin}/charts?s=tide-charleston/tide&hours=1")
    await expect(page.locator("[data-latest]")).to_have_text("no values in this time")
    await page.get_by_role("button", name="Show that time").click()
    await expect(page.locator("[data-latest]")).to_contain_text(" m at 09-22")
    lone = "m.alone([[1, 5], [2, null], [3, 6], [4, 7], [5, null], [6, 8]])"
    assert await page.evaluate(f"import('/static/charts/plot.js').then(m => {lone})") == [[1, 5], [6, 8]]


#: Counts in the page what its own timer does once it is live; a page looks each second whether to read itself again.
BEATS = """document.addEventListener("cutchange", () => {
  const said = document.documentElement.dataset;
  setInterval(() => { said.beats = Number(said.beats || 0) + 1; }, 1000);
}, { once: true });"""
READ_ONCE = [
    pytest.param(CHART, "/api/v1/charts", id="charts"),
    pytest.param("/sites/charleston", "/api/v1/sites/charleston/series", id="a site"),
]


@pytest.mark.parametrize(("path", "values"), READ_ONCE)
async def test_page_and_its_values_are_read_once_when_it_opens(
    storm: Console, open_screen: Opener, path: str, values: str
) -> None:
    page, asked = (await open_screen(storm, "en", path="/charts")).page, list[str]()
    await page.add_init_script(BEATS)
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    await page.goto(f"{storm.origin}{path}")
    await expect(page.locator("html[data-beats='2']")).to_be_attached()
    await page.evaluate(
        "document.dispatchEvent(new CustomEvent('cutchange', { detail: false }))"
    )  # as at its first word
    assert (asked.count(urlsplit(path).path), asked.count(values)) == (1, 1)


TIDE = "s=tide-charleston/tide"
WRONG = [
    pytest.param("s=tide", 422, "A stream is named as device/stream", 0, id="no stream in it"),
    pytest.param("s=tide-charleston/none", 404, "The device has no stream of this name.", 0, id="unknown stream"),
    pytest.param(f"{TIDE}&from=yesterday&to=today", 422, "The beginning is no time.", 1, id="no time"),
    pytest.param(
        f"{TIDE}&from=1989-09-22T05:00:00Z&to=1989-09-22T04:00:00Z", 422, "The end is no time after", 1, id="backwards"
    ),
    pytest.param(
        "&".join(f"s=tide-{n}/tide" for n in ("charleston", "beaufort", "wilmington"))
        + "".join(f"&s=yard-charleston/{n}" for n in ("rain", "drain_level", "drain_float", "gate_door"))
        + "".join(f"&s=yard-beaufort/{n}" for n in ("rain", "drain_level")),
        200, "At most 8 streams are shown at once", 8, id="nine streams",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("query", "status", "said", "plots"), WRONG)
async def test_wrong_address_says_what_is_wrong_and_leaves_the_way_on(
    storm: Console, query: str, status: int, said: str, plots: int
) -> None:
    async with storm.client() as client:
        answer = await client.get(f"/charts?lang=en&{query}", headers={"Accept": "text/html"})
    found = (answer.status_code, said in answer.text, 'list="streams"' in answer.text, answer.text.count("<figure"))
    assert found == (status, True, True, plots)


async def test_time_that_no_address_can_hold_is_refused(storm: Console) -> None:
    async with storm.client() as client:
        answer = await client.get(f"/charts?{TIDE}&since=0001-01-01T00:00&until=1989-09-22T04:00")
    assert answer.status_code == 422
