"""The call sheet: ranked, tapped on a phone, printed, and what came of a call moves the ladder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect
from sqlalchemy import update

from cloud_gateway.database import transaction
from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach import tables as o
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.settings import LADDER
from cloud_gateway.outreach.store_ladder import _escalate
from cloud_gateway.staff.roles import Role
from tests.axe import violations
from tests.cloud_gateway.conftest import Console, Opener, now_ms
from tests.cloud_gateway.outreach.questions import Question, answers_of, ask, state_of, steps_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask_by_phone(console: Console, **more: Any) -> Question:
    return await ask(console.engine, channel="call", token_hash=None, **more)


@pytest_asyncio.fixture(loop_scope="session")
async def engineer(shared: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with shared.client(Role.RISK_ENGINEER.value) as client:
        yield client


async def sheet(client: httpx.AsyncClient, *asked: Question) -> list[str]:
    """The ids on the sheet, of these questions only: others share the console."""
    ids = {question.message for question in asked}
    return [call["message"] for call in (await client.get("/api/v1/calls")).json() if call["message"] in ids]


async def test_sheet_is_ranked_by_level_then_by_the_weightiest_site(
    shared: Console, engineer: httpx.AsyncClient
) -> None:
    light, heavy, red = [await ask_by_phone(shared, level=level) for level in (3, 3, 4)]
    async with transaction(shared.engine) as connection:
        await connection.execute(update(hazard_event).where(hazard_event.c.id == heavy.event).values(priority=50.0))
    assert await sheet(engineer, light, heavy, red) == [red.message, heavy.message, light.message]


async def test_sheet_has_only_what_is_to_be_called_now(shared: Console, engineer: httpx.AsyncClient) -> None:
    later = await ask_by_phone(shared, due_at=now_ms() + 3_600_000)
    mail = await ask(shared.engine)
    passed = await ask_by_phone(shared)
    async with transaction(shared.engine) as connection:
        this = o.ladder_step.c.message == passed.message
        await connection.execute(update(o.ladder_step).where(this).values(state="escalated"))
    now = await ask_by_phone(shared)
    assert await sheet(engineer, later, mail, passed, now) == [now.message]


@pytest.mark.parametrize("choice", list(Choice))
async def test_what_was_said_is_kept_with_who_wrote_it_down(
    shared: Console, engineer: httpx.AsyncClient, choice: Choice
) -> None:
    call = await ask_by_phone(shared)
    answer = await engineer.post(f"/api/v1/calls/{call.message}/result", json={"result": choice, "note": "2 pumps"})
    assert answer.status_code == 204
    assert await answers_of(shared.engine, call) == [(choice, "2 pumps", "risk-engineer")]
    assert await sheet(engineer, call) == []


async def test_no_reply_asks_the_next_person_at_once(shared: Console, engineer: httpx.AsyncClient) -> None:
    call = await ask_by_phone(shared)
    await engineer.post(f"/api/v1/calls/{call.message}/result", json={"result": "no-reply"})
    assert (await answers_of(shared.engine, call), await state_of(shared.engine, call)) == ([], "sent")
    async with transaction(shared.engine) as connection:
        await _escalate(connection, LADDER, now_ms())
    assert await steps_of(shared.engine, call) == [(1, "escalated"), (2, "waiting")]


async def test_call_that_nobody_waits_for_stays_on_the_sheet_with_its_tries(
    shared: Console, engineer: httpx.AsyncClient
) -> None:
    call = await ask_by_phone(shared)
    async with transaction(shared.engine) as connection:
        this = o.message.c.id == call.message
        await connection.execute(update(o.message).where(this).values(answer_needed_by=None))
    await engineer.post(f"/api/v1/calls/{call.message}/result", json={"result": "no-reply"})
    (shown,) = [one for one in (await engineer.get("/api/v1/calls")).json() if one["message"] == call.message]
    assert (shown["answer_by"], "no reply at" in shown["tried"], "risk-engineer" in shown["tried"]) == (
        None,
        True,
        True,
    )


async def test_call_that_is_not_open_is_refused(engineer: httpx.AsyncClient) -> None:
    for result in ("no-reply", "acting"):
        answer = await engineer.post("/api/v1/calls/unknown/result", json={"result": result})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_call")


@pytest.mark.parametrize("role", [Role.REGULATOR, Role.INSPECTOR, Role.COUNTER_MANAGER])
async def test_others_see_no_numbers(shared: Console, role: Role) -> None:
    async with shared.client(role.value) as client:
        assert (await client.get("/api/v1/calls")).status_code == 403
        assert (await client.get("/calls")).status_code == 403


async def test_tap_on_the_sheet_writes_the_result_down(shared: Console, open_screen: Opener) -> None:
    call = await ask_by_phone(shared, simulated=True)
    page = (await open_screen(shared, "zh", 390, 844, path="/calls")).page
    entry = page.locator(f"#call-{call.message}")
    assert await entry.locator("a.tel").get_attribute("href") == "tel:13800000001"
    await expect(page.locator(".ribbon")).to_contain_text("SIMULATED / 模拟")
    await entry.locator("[name=note]").fill("已派人")
    await entry.locator("button:has-text('已在处理')").click()
    await expect(entry).to_have_count(0)
    assert await answers_of(shared.engine, call) == [("acting", "已派人", "demo")]


@pytest.mark.parametrize(("lang", "size"), [("zh", (390, 844)), ("en", (1440, 900))], ids=["phone", "desk"])
async def test_sheet_is_accessible_fits_and_says_that_nobody_watches(
    shared: Console, open_screen: Opener, lang: str, size: tuple[int, int]
) -> None:
    await ask_by_phone(shared)
    screen = await open_screen(shared, lang, *size, path="/calls")
    await expect(screen.page.locator("[role=alert]").first).to_be_visible()
    assert (await violations(screen.page), screen.said) == ([], [])
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await screen.page.evaluate(wide) == 0


async def test_printed_sheet_has_boxes_and_no_buttons(shared: Console, open_screen: Opener) -> None:
    await ask_by_phone(shared)
    page = (await open_screen(shared, "en", path="/calls")).page
    await page.emulate_media(media="print")
    await expect(page.locator(".boxes").first).to_contain_text("☐ They act")
    await expect(page.locator(".boxes").first).to_be_visible()
    await expect(page.locator(".results").first).to_be_hidden()
