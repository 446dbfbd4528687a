"""A warning without an end is ended by hand: what that would do is what it does, and it stands with the event."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from cloud_gateway.staff.roles import Role
from tests.cloud_gateway.board.conftest import Typhoon
from tests.cloud_gateway.board.story import Story
from tests.cloud_gateway.conftest import Console, Opener

pytestmark = pytest.mark.asyncio(loop_scope="session")
CLEARED = "SELECT DISTINCT recipient FROM message WHERE change='cleared' AND state != 'superseded' ORDER BY recipient"


async def the_warning(story: Story) -> str:
    (row,) = await story.rows("SELECT id FROM warning")
    return str(row[0])


async def test_duty_engineer_ends_a_warning_in_their_own_name(
    empty: Console, own_story: Story, open_screen: Opener
) -> None:
    await own_story.tell()
    screen = await open_screen(empty, "zh", 390, 844)
    page = screen.page
    await page.goto(f"{empty.origin}/hazard-events/{await own_story.event_at('waigaoqiao')}")
    await page.click("[data-part=strip] a:has-text('人工结束')")
    does = page.locator("[data-part=does]")
    await expect(does).to_contain_text("向 2 人发出解除通知。")
    await expect(does).to_contain_text("外高桥冷库")
    await page.click("main button[type=submit]")
    await expect(page.locator("[role=alert]")).to_contain_text("理由太短。")
    await expect(page.locator("[role=alert]")).to_contain_text("尚未签字。")
    await page.fill("#f-reason", "气象台电话确认，台风已登陆减弱")
    await page.check("#f-signed")
    await page.click("main button[type=submit]")
    await expect(page.locator("[data-part=sayings] .closing")).to_contain_text("气象台电话确认，台风已登陆减弱")
    await own_story.take(own_story.now)
    assert await own_story.rows(CLEARED) == [("lin",), ("zhou",)]
    await page.reload()
    await expect(page.locator("[data-part=strip]")).to_contain_text("结束于")


async def test_page_says_at_which_sites_the_events_end(empty: Console, own_story: Story) -> None:
    await own_story.tell()
    async with empty.client(Role.RISK_ENGINEER.value) as client:
        client.headers["Accept-Language"] = "en"
        page = await client.get(f"/warnings/{await the_warning(own_story)}/closing")
    assert "The events end at 3 sites:" in page.text and "something else still stands" not in page.text


async def test_warning_that_is_over_has_nothing_to_sign(empty: Console, own_story: Story) -> None:
    await own_story.tell()
    await own_story.warn("last", None, 1, refers="second", kind="Cancel")
    async with empty.client() as client:
        client.headers["Accept-Language"] = "en"
        page = await client.get(f"/warnings/{await the_warning(own_story)}/closing")
        signed = {"reason": "seen by the office", "signed": "yes"}
        again = await client.post(f"/warnings/{await the_warning(own_story)}/closing", data=signed)
    assert ("This warning is over already." in page.text, "<textarea" in page.text) == (True, False)
    assert again.status_code == 409


@pytest.mark.parametrize("role", [Role.REGULATOR, Role.OPERATIONS, Role.INSPECTOR])
async def test_others_may_not_end_a_warning_and_are_not_offered_to(typhoon: Typhoon, role: Role) -> None:
    address = f"/warnings/{typhoon.warning}/closing"
    async with typhoon.console.client(role.value) as client:
        sent = await client.post(address, data={"reason": "seen by the office", "signed": "yes"})
        shown = await client.get(address)
        board = await client.get("/warnings")
    assert (sent.status_code, shown.status_code, "/closing" in board.text) == (403, 403, False)


async def test_unknown_warning_is_not_found(typhoon: Typhoon) -> None:
    async with typhoon.console.client() as client:
        assert (await client.get("/warnings/none/closing")).status_code == 404
