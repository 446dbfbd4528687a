"""The pages of warnings in a real browser: accessible, quiet, live, and true to what issuers wrote."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from playwright.async_api import Browser, Page, ViewportSize, expect

from cloud_gateway.board import closings, routes
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.sites import pages as site_pages
from tests.axe import violations
from tests.cloud_gateway.board.conftest import Typhoon
from tests.cloud_gateway.board.story import MINUTE, Story
from tests.cloud_gateway.conftest import Console, Opener, Screen, open_context

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: Every address that answers with a page; a route that is not here fails the test below.
PAGES = ["/warnings", "/duty", "/sites/{code}", "/hazard-events/{event}", "/hazard-events/{event}/report"]
#: The same, of what is entered.
FORMS = ["/sites", "/sites/new", "/sites/{code}/edit", "/warnings/{warning}/closing"]
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1440, height=900)
#: By how much a page is wider than its window.
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
Looks = dict[str, Screen]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def looks(browser: Browser, typhoon: Typhoon) -> AsyncIterator[Looks]:
    """Signed-in pages, kept for this file: a telephone at night that speaks Chinese, and a desk that speaks English."""
    night = await open_context(browser, typhoon.console, "zh", **PHONE)
    await night.context.add_cookies([{"name": "weiran_theme", "value": "night", "url": typhoon.console.origin}])
    day = await open_context(browser, typhoon.console, "en", **DESK)
    yield {"zh": night, "en": day}
    await night.context.close()
    await day.context.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser: Browser, typhoon: Typhoon) -> AsyncIterator[Page]:
    """A signed-in page that speaks Chinese, kept for this file."""
    screen = await open_context(browser, typhoon.console, "zh", **DESK)
    yield screen.page
    await screen.context.close()


def address(typhoon: Typhoon, page: str) -> str:
    return typhoon.console.origin + page.format(event=typhoon.event, warning=typhoon.warning, code="waigaoqiao")


async def test_every_page_route_is_listed() -> None:
    known = [r for router in (routes, closings, site_pages) for r in router.router.routes if isinstance(r, APIRoute)]
    assert {r.path for r in known if "GET" in (r.methods or ())} == {*PAGES, *FORMS}


@pytest.mark.parametrize("path", [*PAGES, *FORMS])
@pytest.mark.parametrize(("lang", "size", "other"), [("zh", PHONE, DESK), ("en", DESK, PHONE)], ids=["zh", "en"])
async def test_pages_are_accessible_fit_and_say_nothing(
    typhoon: Typhoon, looks: Looks, path: str, lang: str, size: ViewportSize, other: ViewportSize
) -> None:
    page = looks[lang].page
    await page.set_viewport_size(size)
    await page.goto(f"{address(typhoon, path)}?lang={lang}")
    await expect(page.locator("#pulse")).to_have_class("pill ok")
    assert (await violations(page), await page.evaluate(BEYOND)) == ([], 0)
    await page.set_viewport_size(other)
    assert (await page.evaluate(BEYOND), looks[lang].said) == (0, [])


async def test_board_opens_with_the_gravest(typhoon: Typhoon, page: Page) -> None:
    await page.goto(f"{address(typhoon, '/warnings')}?lang=zh")
    strip = page.locator("[data-part=strip]")
    await expect(strip.locator(".signal.orange")).to_have_text("台风橙色预警 · 生效中，已升级")
    await expect(strip).to_contain_text(re.compile(r"3 个未结束事件 · 3 处场所受影响 · 1 位已应答 · \d 位未应答"))
    await expect(page.locator("#map canvas")).to_be_visible()
    await expect(page.locator("[data-part=open] li.event").first.locator(".course > li")).to_have_count(2)
    await expect(page.locator("[data-part=warnings]")).to_contain_text("上海中心气象台发布台风预警 second")
    await expect(page.locator("[data-part=sources]")).to_contain_text("尚未收到")
    await expect(page.locator("nav [data-part=count-warnings]")).to_have_text("3")


async def test_event_shows_the_issuers_words_unchanged(typhoon: Typhoon, page: Page) -> None:
    await page.goto(address(typhoon, "/hazard-events/{event}"))
    newest = page.locator(".saying").first
    await expect(newest).to_contain_text("上海中心气象台")
    await expect(newest.locator("blockquote").first).to_contain_text("沿江沿海将出现11级大风。<b>{{7*7}}</b>")
    await expect(newest).to_contain_text("存疑：no such colour")
    await expect(page.locator("[data-part=course]")).to_contain_text(re.compile("发布 黄色预警.*升级 橙色预警", re.S))


async def test_event_says_who_answered_and_who_did_not(typhoon: Typhoon, page: Page) -> None:
    await page.goto(address(typhoon, "/hazard-events/{event}"))
    people = page.locator("[data-part=people]")
    await expect(people.locator("tr", has_text="周敏")).to_contain_text(
        re.compile("已应答.*正在处置.*水泵已到位", re.S)
    )
    await expect(people.locator("tr", has_text="林涛")).to_contain_text("未应答")
    sites = page.locator("[data-part=sites] tbody tr")
    await expect(sites.first).to_contain_text(re.compile("外高桥冷库.*在所画区域内 · 确定.*脆弱性中：怕水货物", re.S))
    await expect(sites).to_have_count(3)
    await expect(page.locator("[data-part=tasks]")).to_contain_text("启动水泵")
    await expect(page.locator("[data-part=tasks] header a")).to_have_attribute("href", f"/tasks?event={typhoon.event}")


async def test_event_of_another_site_names_who_could_not_be_reached(typhoon: Typhoon, page: Page) -> None:
    await page.goto(f"{typhoon.console.origin}/hazard-events/{await typhoon.story.event_at('yangshan')}/report")
    await expect(page.locator(".figure", has_text="遗漏")).to_contain_text("胡岚")
    await expect(page.locator(".figure", has_text="覆盖")).to_contain_text(re.compile(r"\d / \d"))


async def test_report_tells_lead_coverage_and_action(typhoon: Typhoon, looks: Looks) -> None:
    page = looks["en"].page
    await page.set_viewport_size(DESK)
    await page.goto(f"{address(typhoon, PAGES[-1])}?lang=en")
    figures = page.locator(".figures")
    await expect(figures.locator(".figure", has_text="Lead time of the warning")).to_contain_text("2 h")
    await expect(figures.locator(".figure", has_text="Coverage")).to_contain_text("2 / 2")
    await expect(figures.locator(".figure", has_text="Acted")).to_contain_text(re.compile("1 / 2.*周敏", re.S))
    await expect(figures.locator(".figure", has_text="Missed")).to_contain_text(re.compile("1 / 2.*林涛", re.S))


async def test_site_shows_what_holds_and_who_is_told(typhoon: Typhoon, page: Page) -> None:
    await page.goto(address(typhoon, "/sites/{code}"))
    await expect(page.locator("[data-part=open]")).to_contain_text("橙色预警")
    await expect(page.locator(".facts")).to_contain_text("80,000,000 CNY")
    await expect(page.locator("main")).to_contain_text("联系方式从未核对")


@pytest.mark.parametrize("path", ["/sites/nowhere", "/hazard-events/none", "/hazard-events/none/report"])
async def test_what_is_not_there_is_not_found(typhoon: Typhoon, path: str) -> None:
    async with typhoon.console.client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_overview_leads_to_the_board(typhoon: Typhoon, page: Page) -> None:
    await page.goto(typhoon.console.origin)
    await expect(page.locator("[data-part=warned]")).to_contain_text("外高桥冷库")
    await page.click("[data-part=warned] a")
    await expect(page.locator("h1")).to_have_text("预警")


async def test_result_of_a_call_is_one_tap_on_a_telephone(
    empty: Console, own_story: Story, open_screen: Opener
) -> None:
    await own_story.tell()
    page = (await open_screen(empty, "zh", 390, 844, path="/duty")).page
    await expect(page.locator(".call a.tel")).to_have_attribute("href", "tel:+8613800000001")
    await page.click(".call button[value=need-help]")
    await expect(page.locator("[data-part=calls]")).to_contain_text("目前没有需要打的电话。")
    said = await own_story.rows("SELECT choice, by FROM answer WHERE by != 'link'")
    assert said == [("need-help", "demo")]


async def test_call_that_nobody_takes_goes_to_the_next_person(
    empty: Console, own_story: Story, open_screen: Opener
) -> None:
    await own_story.tell()
    page = (await open_screen(empty, "en", 390, 844, path="/duty")).page
    call = await own_story.call_of("lin")
    await page.click(".call button[value=no-reply]")
    await expect(page.locator("h1")).to_have_text("Duty")
    asked = "SELECT count(*) FROM message WHERE id=:id AND answer_needed_by <= :now AND state != 'answered'"
    assert await own_story.rows(asked, id=call, now=own_story.now + 60 * MINUTE) == [(1,)]


async def test_shift_is_handed_over_and_taken_once(empty: Console, own_story: Story, open_screen: Opener) -> None:
    await own_story.tell()
    page = (await open_screen(empty, "zh", path="/duty")).page
    await page.fill("#handover textarea", "洋山仓库 22 点再打一次\n水泵在路上")
    await page.click("#handover form.stack button")
    note = page.locator(".note-card")
    await expect(note).to_contain_text(re.compile("3 个未结束事件.*洋山仓库 22 点再打一次", re.S))
    await note.locator("button").click()
    await expect(note).to_contain_text("已接班")
    (row,) = await own_story.rows("SELECT id, taken_by IS NOT NULL FROM handover")
    async with empty.client("operations") as client:
        again = await client.post(f"/duty/handovers/{row[0]}/taken")
    assert (row[1], again.status_code) == (1, 409)


async def test_regulator_sees_and_enters_nothing(typhoon: Typhoon) -> None:
    call = await typhoon.story.call_of("lin")
    async with typhoon.console.client("regulator") as client:
        page = await client.get("/duty")
        entered = await client.post(f"/duty/calls/{call}", data={"result": "acting"})
        noted = await client.post("/duty/handovers", data={"text": "x"})
    assert (page.status_code, '<form method="post" action="/duty' in page.text) == (200, False)
    assert (entered.status_code, noted.status_code) == (403, 403)


async def test_new_warning_and_answer_show_without_a_reload(
    empty: Console, own_story: Story, open_screen: Opener
) -> None:
    await own_story.enter()
    screen = await open_screen(empty, "zh", path="/warnings")
    await expect(screen.page.locator("[data-part=strip]")).to_contain_text("还没有设置官方预警来源。")
    await own_story.warn("first", None, 10)
    await expect(screen.page.locator("[data-part=strip] .signal.grade-3")).to_contain_text("严重级预警")
    await own_story.leave(9)
    await own_story.answer("zhou", Choice.ACTING, 5)
    await expect(screen.page.locator("[data-part=strip]")).to_contain_text("1 位已应答")
    await own_story.warn("last", None, 1, refers="first", kind="Cancel")
    await expect(screen.page.locator("[data-part=closed]")).to_contain_text("解除")
    await expect(screen.page.locator("[data-part=strip]")).to_contain_text("没有未结束的灾害事件。")
    assert screen.said == []


async def test_cut_off_board_says_so_and_keeps_what_it_knew(
    empty: Console, own_story: Story, open_screen: Opener
) -> None:
    await own_story.tell()
    page = (await open_screen(empty, "zh", path="/warnings")).page
    await expect(page.locator("#pulse")).to_have_class("pill ok")
    await empty.stop()
    await expect(page.locator("main")).to_have_class("cut")
    await expect(page.locator("#cut")).to_contain_text(
        re.compile(r"与中心的连接已中断。本页显示的是 \d\d:\d\d:\d\d 时")
    )
    await expect(page.locator("[data-part=open]")).to_contain_text("外高桥冷库")
