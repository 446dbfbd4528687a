"""The pages around service in a real browser: accessible, in both languages, and used by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import chain

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from playwright.async_api import Browser, expect

from cloud_gateway.complaints import pages as complaint_pages
from cloud_gateway.complaints.model import NewComplaint
from cloud_gateway.complaints.store import receive
from cloud_gateway.complaints.store_followups import Rated, open_follow_up
from cloud_gateway.database import reading, transaction
from cloud_gateway.ratings.store_figures import list_views
from cloud_gateway.staff.guard import COOKIE
from cloud_gateway.staff.roles import Role
from cloud_gateway.telephony import pages as call_pages
from cloud_gateway.training import pages as training_pages
from tests.axe import violations
from tests.cloud_gateway.conftest import Screen, now_ms, open_context
from tests.cloud_gateway.telephony.conftest import Exchange

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: Every address that answers with a page; a route that is not here fails the test below.
PAGES = [
    "/complaints", "/complaints/{number}", "/follow-ups", "/call-backs", "/training", "/training/{course}",
    "/standards",
]  # fmt: skip
ZONE = "Asia/Shanghai"
XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def number(exchange: Exchange) -> str:
    """A complaint about clerk 07 that the counter manager has in hand; a bad rating waits besides."""
    now = now_ms()
    async with transaction(exchange.console.engine) as connection:
        new = NewComplaint("waiting", "counter", XSS, "样例甲", "555-0101", "pudong", "07")
        case = await receive(connection, new, "operations", ZONE, now)
        await open_follow_up(connection, Rated("ef" * 32, "counter", "pudong", "1", "07", 3, 1, now, ZONE), now)
    return case.number


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def looks(browser: Browser, exchange: Exchange, number: str) -> AsyncIterator[dict[str, Screen]]:
    """The counter manager's phone in Chinese at night, and a desk in English."""
    screens = {}
    for lang, width, height in (("zh", 390, 844), ("en", 1440, 900)):
        screen = await open_context(browser, exchange.console, lang, width, height)
        async with exchange.console.client(Role.COUNTER_MANAGER.value) as client:
            cookie = {"name": COOKIE, "value": client.cookies[COOKIE], "url": exchange.console.origin}
        await screen.context.add_cookies([cookie])  # type: ignore[list-item]  # playwright's own TypedDict
        screens[lang] = screen
    yield screens
    for screen in screens.values():
        await screen.context.close()


async def test_every_page_route_is_listed() -> None:
    routers = (complaint_pages.router, call_pages.router, training_pages.router)
    routes = chain.from_iterable(router.routes for router in routers)
    assert {r.path for r in routes if isinstance(r, APIRoute) and "GET" in (r.methods or ())} == set(PAGES)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_pages_are_accessible_fit_and_say_nothing(
    exchange: Exchange, looks: dict[str, Screen], number: str, path: str, lang: str
) -> None:
    screen = looks[lang]
    address = path.format(number=number, course="counter-service")
    await screen.page.goto(f"{exchange.console.origin}{address}?lang={lang}")
    await screen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    wide = await screen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (await violations(screen.page), wide, screen.said) == ([], 0, [])


async def test_complaint_is_taken_answered_and_confirmed_by_hand(exchange: Exchange, looks: dict[str, Screen]) -> None:
    page = looks["en"].page
    await page.goto(f"{exchange.console.origin}/complaints")
    await page.fill("#new [name=text]", "Nobody was at the counter")
    await page.fill("#new [name=clerk]", "07")
    await page.click("#new button")
    await expect(page.locator("[data-part=strip]")).to_contain_text("15 days left")
    await expect(page.locator("[data-part=strip]")).to_contain_text("handled by counter-manager")
    await page.click("summary:has-text('Give the answer')")
    await page.fill("details[open] textarea", "We are sorry; two counters are open now")
    await page.click("details[open] button.primary")
    await page.click("button:has-text('The customer confirms')")
    await expect(page.locator("[data-part=strip]")).to_contain_text("confirmed by the customer")


async def test_handlers_mail_is_set_on_the_page_and_nothing_else_changes(
    exchange: Exchange, looks: dict[str, Screen]
) -> None:
    page, mail = looks["en"].page, "desk@example.org"
    await page.goto(f"{exchange.console.origin}/complaints")
    await page.get_by_label("Mail address of operations").fill(mail)
    await page.locator("#handlers li:has-text('operations') button").click()
    await expect(page.get_by_label("Mail address of operations")).to_have_value(mail)
    async with exchange.console.client(Role.COUNTER_MANAGER.value) as client:
        handlers = {one["staff"]: one for one in (await client.get("/api/v1/handlers")).json()}
        asked = [("operations", "no address"), ("nobody", mail)]
        said = [(await client.post(f"/handlers/{who}/mail", data={"mail": to})).status_code for who, to in asked]
    assert (handlers["operations"]["mail"], handlers["operations"]["skills"]) == (mail, ["claims"])
    assert (handlers["counter-manager"]["mail"], said) == ("", [422, 404])
    async with exchange.console.client(Role.REGULATOR.value) as client:
        assert (await client.post("/handlers/operations/mail", data={"mail": mail})).status_code == 403
        assert mail not in (await client.get("/complaints")).text


async def test_printed_slip_names_the_day_of_the_answer(
    exchange: Exchange, looks: dict[str, Screen], number: str
) -> None:
    page = looks["zh"].page
    await page.goto(f"{exchange.console.origin}/complaints/{number}")
    await page.emulate_media(media="print")
    await expect(page.locator(".slip")).to_contain_text("我们最迟于")
    await expect(page.locator(".slip")).to_be_visible()
    await page.emulate_media(media="screen")


async def test_bad_rating_becomes_a_complaint_by_the_customers_will_alone(
    exchange: Exchange, looks: dict[str, Screen]
) -> None:
    page = looks["en"].page
    await page.goto(f"{exchange.console.origin}/follow-ups")
    card = page.locator("section[id^='f-']").last
    await card.locator("summary:has-text('makes it a complaint')").click()
    await card.locator("textarea").fill("I was sent away")
    await card.locator("button:has-text('Take it as a complaint')").click()
    await expect(card.locator("[name=asked_by_customer]:invalid")).to_be_visible()
    await card.locator("[name=asked_by_customer]").check()
    await card.locator("button:has-text('Take it as a complaint')").click()
    await expect(page.locator("h1")).to_contain_text("C20")


async def test_clerk_takes_the_test_and_the_register_says_so(exchange: Exchange, looks: dict[str, Screen]) -> None:
    page = looks["en"].page
    await page.goto(f"{exchange.console.origin}/training/counter-service")
    for question, right in enumerate([1, 0, 1, 1, 2, 0]):
        await page.check(f"[name=q{question}][value='{right}']")
    await page.click("button:has-text('Hand in')")
    await expect(page.locator("main")).to_contain_text("The training of everybody who serves holds.")


async def test_nobody_sees_to_their_own_test(exchange: Exchange) -> None:
    async with exchange.console.client(Role.OPERATIONS.value) as client:
        entry = {"clerk": "07", "course": "counter-service", "answers": [1, 0, 1, 1, 2, 0]}
        answer = await client.post("/api/v1/training/results", json=entry)
    assert (answer.status_code, answer.json()["code"]) == (403, "own_test")


@pytest.mark.parametrize(
    ("role", "status"), [(Role.REGULATOR, 200), (Role.INSPECTOR, 403)], ids=["regulator", "inspector"]
)
async def test_pages_are_for_those_who_answer_for_service(exchange: Exchange, role: Role, status: int) -> None:
    async with exchange.console.client(role.value) as client:
        assert [(await client.get(path)).status_code for path in ("/complaints", "/follow-ups", "/training")] == [
            status, status, status,
        ]  # fmt: skip
        refused = await client.post("/complaints", data={"kind": "waiting", "text": "x"})
    assert refused.status_code == 403
    async with reading(exchange.console.engine) as connection:
        views = [what for _, _, who, what in await list_views(connection, 10**9, 3) if who == role.value]
    assert (views == ["/training", "/follow-ups", "/complaints"]) == (status == 200)
