"""The public pages in a real browser: scripts in texts stay texts, receipts are read, everybody can use them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from playwright.async_api import Browser, Page, expect

from cloud_gateway.ratings import receipt_routes, wall_desk, wall_routes, web_ratings
from tests.axe import violations
from tests.cloud_gateway.conftest import Opener
from tests.cloud_gateway.ratings.web.ground import Ground, Kept, make_receipt

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: Every address that answers a visit with a page; the test below fails for one that is missing.
PAGES = {"/wall", "/wall/{place}", "/r", "/rate/{token}", "/rating/{token}", "/wall-desk"}
EVIL = "\n".join(
    (
        "<script>window.hacked = 1</script>",
        "<img src=x onerror='window.hacked = 1'>",
        '"><svg onload="window.hacked = 1">',
        "</p></article><a href='javascript:window.hacked=1'>press</a>",
        "{{ 7 * 7 }}",
    )
)


@dataclass
class Visit:
    """A browser of a customer, and everything that its console said."""

    page: Page
    said: list[str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visit(browser: Browser, ground: Ground) -> AsyncIterator[Visit]:
    context = await browser.new_context(viewport={"width": 390, "height": 844}, base_url=ground.console.origin)
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda m: said.append(f"{m.type}: {m.text}"))
    page.on("pageerror", lambda e: said.append(f"error: {e}"))
    yield Visit(page, said)
    await context.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rated(ground: Ground) -> Kept:
    """A rating full of scripts, with a reply and an answer full of them, and a masked one before it."""
    masked = await ground.rate(1, "an insult")
    await ground.mask(masked.place)
    await ground.enter_stations(evil="<b>harbour</b>")
    kept = await ground.rate(2, EVIL, station="evil")
    await ground.post("operations", f"/wall/{kept.place}/replies", {"text": EVIL})
    await ground.visitor.post(kept.own, data={"text": EVIL})
    await ground.sign()
    return kept


async def test_every_public_page_is_listed() -> None:
    routers = (web_ratings.router, wall_routes.router, receipt_routes.router, wall_desk.router)
    routes = [r for router in routers for r in router.routes if isinstance(r, APIRoute)]
    assert {r.path for r in routes if "GET" in (r.methods or ())} == PAGES


async def test_scripts_in_texts_are_inert(visit: Visit, rated: Kept) -> None:
    for path in ("/wall?lang=zh", f"/wall/{rated.place}?lang=en", f"{rated.own}?lang=en"):
        await visit.page.goto(path)
        assert "<script>window.hacked = 1</script>" in await visit.page.inner_text("main")
        assert await visit.page.evaluate("window.hacked") is None
        assert await visit.page.locator("main :is(script, img, a[href^=javascript])").count() == 0
    assert visit.said == []


async def test_customer_rates_by_touch_and_keeps_both_keys(visit: Visit, ground: Ground) -> None:
    await visit.page.goto(f"{await ground.invite()}?lang=en")
    assert await violations(visit.page) == []
    await visit.page.get_by_text("Dissatisfied", exact=True).click()
    await visit.page.fill("textarea", "Three calls for one answer")
    await visit.page.get_by_role("button", name="Send it for good").click()
    await expect(visit.page.locator("h1")).to_have_text("Thank you. Your rating stands.")
    await expect(visit.page.locator(".rating .level")).to_contain_text("2 of 5")
    assert await violations(visit.page) == []
    await visit.page.locator(".keys a").click()
    await expect(visit.page.locator("h1")).to_have_text("Your rating")
    assert visit.said == []


async def test_masked_text_says_why_and_its_proof_holds(visit: Visit, rated: Kept) -> None:
    await visit.page.goto("/wall?lang=en")
    card = visit.page.locator(".rating", has=visit.page.locator(".masked"))
    await expect(card).to_contain_text("The regulator has received a report that it insults.")
    await card.get_by_role("link", name="Proof").click()
    await expect(visit.page.locator(".proof h2")).to_contain_text("It stands in the public log")


async def test_receipt_in_the_address_is_read_by_the_page_and_shown_to_no_server(visit: Visit, ground: Ground) -> None:
    await ground.store_record_once(1)
    note = await ground.sign()
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    await visit.page.goto(f"/r?lang=en#{make_receipt(1, note=note)}")
    await expect(visit.page.locator(".verdict h2")).to_have_text("Your rating is in the records")
    assert [url for url in asked if "WR1" in url] == []
    assert await violations(visit.page) == []
    await visit.page.get_by_role("button", name="中文").click()
    await expect(visit.page.locator(".verdict h2")).to_have_text("您的评价已收录")
    await visit.page.goto("/r?lang=en")
    await visit.page.goto(f"/r?lang=en#{make_receipt(900)}")
    await expect(visit.page.locator(".verdict h2")).to_have_text("Your rating has not arrived yet")


async def test_forged_receipt_is_refused_in_plain_words(visit: Visit, ground: Ground) -> None:
    await ground.name_device()
    await visit.page.goto("/r?lang=zh")
    await visit.page.fill("#receipt", make_receipt(1, b'{"score":1}').replace("WR1.", "WR1.e30", 1))
    await visit.page.get_by_role("button", name="核对").click()
    await expect(visit.page.locator(".verdict h2")).to_have_text("这张凭证无法识读")
    await visit.page.fill("#receipt", make_receipt(1, device="terminal-99"))
    await visit.page.get_by_role("button", name="核对").click()
    await expect(visit.page.locator(".verdict h2")).to_have_text("这张凭证不是真的")
    assert visit.said == []


@pytest.mark.parametrize(("lang", "width", "height"), [("zh", 390, 844), ("en", 1440, 900)], ids=["phone", "desk"])
async def test_public_pages_are_accessible_and_fit(
    visit: Visit, rated: Kept, lang: str, width: int, height: int
) -> None:
    await visit.page.set_viewport_size({"width": width, "height": height})
    for path in ("/wall", f"/wall/{rated.place}", "/r", rated.own):
        await visit.page.goto(f"{path}?lang={lang}")
        wide = await visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert (path, await violations(visit.page), wide <= 0) == (path, [], True)


async def test_staff_reply_at_the_desk_and_a_manager_may_not_rule(
    ground: Ground, rated: Kept, open_screen: Opener
) -> None:
    await ground.enter_clerk()
    screen = await open_screen(ground.console, "en")
    card = screen.page.locator(f"#rating-{rated.place} + .acts")
    await screen.page.goto(f"{ground.console.origin}/wall-desk?lang=en")
    assert await violations(screen.page) == []
    await card.get_by_text("Reply", exact=True).click()
    await card.locator("form[action$=replies] textarea").fill("Said at the desk")
    await card.locator("form[action$=replies] button").click()
    await expect(screen.page.locator(f"#rating-{rated.place}")).to_contain_text("Said at the desk")
    await card.get_by_text("Write down a clerk's appeal").click()
    appeal = card.locator("form[action$=appeals]")
    await appeal.locator("[name=clerk]").fill("1024")
    await appeal.locator("[name=manager]").fill("demo")
    await appeal.locator("textarea").fill("Not my counter")
    await appeal.locator("button").click()
    await expect(screen.page.locator(f"#rating-{rated.place}")).to_contain_text("A clerk has appealed")
    await card.get_by_text("Rule on the appeal").click()
    await card.locator("form[action$=rulings] textarea").fill("I rule myself")
    await card.get_by_role("button", name="Appeal rejected").click()
    await expect(screen.page.locator("[role=alert]")).to_have_text("The clerk's manager may not rule on it.")
