"""The page behind an answer link: on a phone, in both languages, and only its buttons answer."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, expect

from cloud_gateway.outreach.answering import LINK_MS
from tests.axe import violations
from tests.cloud_gateway.conftest import Console, now_ms
from tests.cloud_gateway.outreach.questions import answers_of, ask, state_of, steps_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
OLD = now_ms() - LINK_MS - 1000


@asynccontextmanager
async def phone(browser: Browser, address: str, *, scripts: bool = True) -> AsyncIterator[Page]:
    """The address on a phone that nobody has signed in on."""
    size = {"width": 390, "height": 844}
    context = await browser.new_context(viewport=size, locale="fr-FR", java_script_enabled=scripts)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(address)
    yield page
    await context.close()


async def test_tap_on_a_phone_answers_and_stops_the_ladder(shared: Console, browser: Browser) -> None:
    question = await ask(shared.engine)
    async with phone(browser, f"{shared.origin}/a/{question.token}", scripts=False) as page:
        await expect(page.locator("h1")).to_have_text("官方预警 · 暴雨（橙色）")
        await page.fill("textarea", "水泵已启动")
        await page.click("button:has-text('正在处理')")
        await expect(page.locator("[role=status]")).to_contain_text("您的回复已收到。")
        await expect(page.locator("[role=status]")).to_contain_text("水泵已启动")
    assert await answers_of(shared.engine, question) == [("acting", "水泵已启动", "link")]
    assert (await state_of(shared.engine, question), await steps_of(shared.engine, question)) == (
        "answered",
        [(1, "answered")],
    )


async def test_not_mine_passes_the_question_on_at_once(shared: Console, browser: Browser) -> None:
    question = await ask(shared.engine)
    async with phone(browser, f"{shared.origin}/a/{question.token}?lang=en") as page:
        await page.click("button:has-text('Not my task')")
        await expect(page.locator("[role=status]")).to_contain_text("The next person will be asked.")
    assert await steps_of(shared.engine, question) == [(1, "escalated"), (2, "waiting")]


async def test_worse_news_later_is_taken_too(shared: Console, browser: Browser) -> None:
    question = await ask(shared.engine)
    async with phone(browser, f"{shared.origin}/a/{question.token}?lang=en") as page:
        await page.click("button:has-text('We are on it')")
        await expect(page.locator("h2:has-text('Has anything changed?')")).to_be_visible()
        await page.click("button:has-text('We need help')")
        await expect(page.locator("[role=status]")).to_contain_text("Somebody will call you.")
    assert [choice for choice, _, _ in await answers_of(shared.engine, question)] == ["acting", "need-help"]


@pytest.mark.parametrize(
    ("state", "lang"),
    [("open", "zh"), ("open", "en"), ("answered", "zh"), ("answered", "en"), ("old", "zh"), ("unknown", "en")],
)
async def test_every_state_is_accessible_and_fits_a_phone(
    shared: Console, browser: Browser, state: str, lang: str
) -> None:
    question = await ask(shared.engine, made_at=OLD if state == "old" else now_ms())
    token = secrets.token_urlsafe(32) if state == "unknown" else question.token
    if state == "answered":
        async with shared.visitor() as client:
            await client.post(f"/a/{token}", data={"choice": "unsafe", "note": "x" * 400})
    async with phone(browser, f"{shared.origin}/a/{token}?lang={lang}") as page:
        assert await violations(page) == []
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(wide) == 0
        heights = await page.evaluate("[...document.querySelectorAll('form button')].map(b => b.offsetHeight >= 60)")
        assert all(heights)


async def test_fetching_the_link_answers_nothing(shared: Console) -> None:
    question = await ask(shared.engine)
    async with shared.visitor() as client:
        first = await client.get(f"/a/{question.token}", headers={"Accept-Language": "fr"})
        shown = await client.get(first.headers["Location"])
    assert (first.status_code, first.headers["Location"][-12:], shown.status_code) == (303, "lang=zh-Hans", 200)
    assert (await answers_of(shared.engine, question), await state_of(shared.engine, question)) == ([], "sent")


async def test_address_with_the_token_is_shown_to_no_other_site(shared: Console) -> None:
    question = await ask(shared.engine)
    async with shared.visitor() as client:
        answers = [
            await client.get(f"/a/{question.token}"),
            await client.get(f"/a/{question.token}?lang=en"),
            await client.post(f"/a/{question.token}", data={"choice": "acting"}),
            await client.get("/a/unknown"),
        ]
    assert {a.headers["Referrer-Policy"] for a in answers} == {"no-referrer"}
    assert {a.headers["Cache-Control"] for a in answers} == {"no-store"}


async def test_the_same_answer_twice_is_one(shared: Console) -> None:
    question = await ask(shared.engine)
    async with shared.visitor() as client:
        for _ in range(2):
            await client.post(f"/a/{question.token}", data={"choice": "acting", "note": " all\u202e fine\r\n"})
    assert await answers_of(shared.engine, question) == [("acting", "all fine", "link")]


async def test_browser_that_hides_where_it_comes_from_may_answer(shared: Console) -> None:
    question = await ask(shared.engine)
    async with shared.visitor() as client:
        answer = await client.post(f"/a/{question.token}", data={"choice": "acting"}, headers={"Origin": "null"})
    assert (answer.status_code, await state_of(shared.engine, question)) == (303, "answered")


async def test_old_link_takes_nothing_and_says_so(shared: Console) -> None:
    question = await ask(shared.engine, made_at=OLD)
    async with shared.visitor() as client:
        answer = await client.post(f"/a/{question.token}", data={"choice": "acting"})
    assert (answer.status_code, await answers_of(shared.engine, question)) == (410, [])


async def test_choice_that_is_none_is_refused(shared: Console) -> None:
    question = await ask(shared.engine)
    async with shared.visitor() as client:
        answer = await client.post(f"/a/{question.token}", data={"choice": "everything"})
    assert (answer.status_code, await state_of(shared.engine, question)) == (422, "sent")


async def test_guessing_is_slowed_down_but_never_a_real_answer(empty: Console) -> None:
    question = await ask(empty.engine)
    async with empty.visitor() as client:
        tries = [(await client.get(f"/a/{secrets.token_urlsafe(32)}")).status_code for _ in range(6)]
        real = await client.post(f"/a/{question.token}", data={"choice": "acting"})
    assert (tries[0], tries[-1], real.status_code) == (404, 429, 303)


class _Lines(logging.Handler):
    """What a process's own handler gets to see."""

    def __init__(self) -> None:
        super().__init__(0)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.name} {record.getMessage()}")


async def test_token_is_in_no_log_line(shared: Console) -> None:
    question, lines, root = await ask(shared.engine), _Lines(), logging.getLogger()
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    async with shared.visitor() as client:
        await client.post(f"/a/{question.token}", data={"choice": "acting"})
    clients = ("httpx", "httpcore")
    assert [line for line in lines.said if question.token in line and not line.startswith(clients)] == []
