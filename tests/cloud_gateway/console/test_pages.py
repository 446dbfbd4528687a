"""The pages in a real browser: accessible, quiet, live, and honest when the line is cut."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from playwright.async_api import Browser, expect
from sqlalchemy import insert, update

from cloud_gateway import tables as t
from cloud_gateway.console import routes as console_routes
from cloud_gateway.database import open_database, transaction
from cloud_gateway.readings.series import Point, point_time
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.sites.store import NewSite, add_site, place_device
from cloud_gateway.staff import routes as staff_routes
from deploy.servers import free_port
from tests.axe import violations
from tests.cloud_gateway import field
from tests.cloud_gateway.conftest import Console, Opener, make_settings, now_ms, running

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: Every address that answers with a page; a route that is in neither list fails the test below.
PAGES = ["/", "/sign-in", "/enter", "/enter?spent=1"]
FRAGMENTS = ["/overview/state"]
SIZES = [(390, 844), (1440, 900)]
#: By how much a page is wider than its window.
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


LETTER: dict[str, object] = {
    "received_at": 1, "topic": "t", "code": "c", "detail": "d", "payload": b"", "size": 0, "sha256": "", "times": 1,
}  # fmt: skip


async def test_every_page_route_is_listed() -> None:
    routers = (console_routes.router, staff_routes.router)
    routes = {
        r.path for router in routers for r in router.routes if isinstance(r, APIRoute) and "GET" in (r.methods or ())
    }
    assert routes == {page.partition("?")[0] for page in PAGES + FRAGMENTS}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("lang", "size"), [("zh", SIZES[0]), ("en", SIZES[1])], ids=["phone", "desk"])
async def test_pages_are_accessible(
    storm: Console, storm_screen: Opener, path: str, lang: str, size: tuple[int, int]
) -> None:
    screen = await storm_screen(lang, *size)
    await screen.page.goto(f"{storm.origin}{path}{'&' if '?' in path else '?'}lang={lang}")
    await screen.page.wait_for_load_state()
    assert await violations(screen.page) == []


@pytest.mark.parametrize(
    ("lang", "told"), [("zh", "这个地址没有内容。"), ("en", "There is nothing at this address.")], ids=["zh", "en"]
)
async def test_mistyped_address_is_a_page_with_the_way_back(
    storm: Console, open_screen: Opener, lang: str, told: str
) -> None:
    page = (await open_screen(storm, lang)).page
    reply = await page.goto(f"{storm.origin}/overveiw?lang={lang}")
    assert reply is not None and reply.status == 404
    await expect(page.locator("[role=alert]")).to_have_text(told)
    assert await violations(page) == []
    await page.click("main .card a")
    await expect(page.locator("[data-part=strip]")).to_be_visible()


async def test_mistyped_address_of_the_api_is_a_document_also_in_a_browser(storm: Console, open_screen: Opener) -> None:
    reply = await (await open_screen(storm)).page.goto(f"{storm.origin}/api/v1/devises")
    assert reply is not None and reply.headers["content-type"] == "application/problem+json"


async def test_night_and_open_tables_are_accessible(storm: Console, storm_screen: Opener) -> None:
    screen = await storm_screen()
    await screen.page.goto(storm.origin)
    await screen.page.click("[data-theme-button]")
    await screen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    await expect(screen.page.locator("details[data-table] td").first).to_be_visible()
    assert await violations(screen.page) == []
    await screen.page.click("[data-theme-button]")


async def test_page_fits_also_when_it_becomes_narrow_and_says_nothing_to_the_console(
    storm: Console, open_screen: Opener
) -> None:
    screen = await open_screen(storm, "zh", 390, 844)
    chart = screen.page.locator("#site-charleston canvas").first
    await expect(chart).to_be_visible()
    assert await screen.page.evaluate(BEYOND) == 0
    await screen.page.set_viewport_size({"width": 1440, "height": 900})
    await screen.page.goto(f"{storm.origin}?lang=en")
    await expect(chart).to_be_visible()
    assert await screen.page.evaluate(BEYOND) == 0
    for width in (768, 390):
        await screen.page.set_viewport_size({"width": width, "height": 844})
        await screen.page.wait_for_function(f"{BEYOND} === 0")
    await screen.page.wait_for_function("document.querySelector('#site-charleston canvas').clientWidth < 390")
    assert screen.said == []


async def test_storm_is_told_first(storm: Console, storm_screen: Opener) -> None:
    page = (await storm_screen()).page
    await page.goto(storm.origin)
    await expect(page.locator("[data-part=strip]")).to_contain_text("2 条紧急告警：查尔斯顿港仓库")
    await expect(page.locator("#alarms li").first).to_contain_text("风暴增水")
    await expect(page.locator("#alarms li").first).to_contain_text("实测高于预测 2.01 m，阈值 0.30 m")
    await expect(page.locator(".ribbon")).to_contain_text("SIMULATED / 模拟 · 场景 hugo-1989")
    await expect(page.locator("[data-clock]")).to_have_text("1989-09-22 01:10 EDT")
    await expect(page.locator("#pulse")).to_have_text(re.compile(r"实时 · \d+ (秒|分)前"))
    await expect(page.locator("#pulse")).to_have_attribute("data-heard-at", re.compile(r"\d{13}"))


async def test_values_can_be_read_as_a_table(storm: Console, storm_screen: Opener) -> None:
    page = (await storm_screen("en")).page
    await page.goto(storm.origin)
    await page.click("details[data-table=charleston] summary")
    table = page.locator("details[data-table=charleston] table")
    await expect(table.locator("th")).to_have_text([
        "Time", "Rain in 5 minutes (mm)", "Water level (m)", "Predicted tide (m)", "Water in the drain (m)",
        "Float switch in the drain", "Yard gate open",
    ])  # fmt: skip
    await expect(table.locator("tbody tr")).to_have_count(25)
    await expect(table.locator("tbody tr").nth(1)).to_contain_text("1989-09-22 01:00")


async def test_page_speaks_the_other_language(shared: Console, open_screen: Opener) -> None:
    page = (await open_screen(shared)).page
    await page.click("a[hreflang=en]")
    await expect(page.locator("h1")).to_have_text("Overview")
    await page.goto(shared.origin)
    await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_night_is_remembered(shared: Console, open_screen: Opener) -> None:
    page = (await open_screen(shared)).page
    await page.click("[data-theme-button]")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "night")
    await expect(page.locator("[data-theme-button]")).to_have_attribute("aria-pressed", "true")


async def test_page_is_used_by_keyboard(storm: Console, storm_screen: Opener) -> None:
    page = (await storm_screen("en")).page
    await page.goto(storm.origin)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    seen = set()
    for _ in range(60):
        await page.keyboard.press("Tab")
        seen.add(await page.evaluate("document.activeElement.textContent.trim()"))
    assert {"Sign out", "Night", "中文", "Sites as a table", "6 h", "72 h"} <= seen


async def test_empty_page_says_what_to_do(empty: Console, open_screen: Opener) -> None:
    screen = await open_screen(empty, "en")
    await expect(screen.page.locator("[data-part=strip]")).to_contain_text("No device has reported yet.")
    await expect(screen.page.locator("[data-part=note]")).to_contain_text("No site is entered yet.")
    await expect(screen.page.locator("#map")).to_be_hidden()
    await expect(screen.page.locator("#pulse")).to_have_text("live · no data yet")
    assert (await violations(screen.page), screen.said) == ([], [])


async def test_new_value_shows_without_a_reload(calm: Console, open_screen: Opener) -> None:
    screen = await open_screen(calm, "en")
    await screen.page.click("details[data-table=charleston] summary")
    row = screen.page.locator("details[data-table=charleston] tbody tr").first
    await expect(row).to_contain_text("1989-09-20 20:00")
    at = field.CALM + 6 * field.MINUTE
    point = Point("yard-charleston", "drain_level", "m", point_time(at, 9_001), 1.37, field.EPOCH, 9_001, "ntp")
    await field.write_points(calm.settings, [point])
    body = {"device": "yard-charleston", "streams": {"drain_level": [at, 1.37]}}
    await calm.add(t.event, {"at": now_ms(), "topic": "reading", "body": json.dumps(body)})
    await expect(screen.page.locator("[data-latest='yard-charleston/drain_level']")).to_have_text("1.37 m")
    await expect(screen.page.locator("[data-clock]")).to_have_text("1989-09-20 20:06 EDT")
    await expect(row).to_contain_text("1.37")
    assert screen.said == []


async def test_backlog_fills_the_hole_it_left(calm: Console, open_screen: Opener) -> None:
    page = (await open_screen(calm, "en")).page
    await page.click("details[data-table=charleston] summary")
    cells = page.locator("details[data-table=charleston] tbody tr")
    await expect(cells.first).to_contain_text("1989-09-20 20:00")
    names = ("tide-charleston", "tide", "m")
    hours = [(field.CALM + n * field.HOUR, 9_000 + n) for n in (1, 2, 3, 4)]
    late = [Point(*names, point_time(at, seq), 9.5, field.EPOCH, seq, "ntp") for at, seq in hours]
    for batch in (late[3:], late[:3]):
        await field.write_points(calm.settings, batch)
        body = {"device": "tide-charleston", "streams": {"tide": [hours[3][0], 9.5]}}
        await calm.add(t.event, {"at": now_ms(), "topic": "reading", "body": json.dumps(body)})
        await expect(cells.first).to_contain_text("1989-09-21 00:00")
    await expect(cells.nth(2)).to_contain_text("9.50")


async def test_new_alarm_shows_without_a_reload(calm: Console, open_screen: Opener) -> None:
    page = (await open_screen(calm, "en")).page
    await expect(page.locator("[data-part=strip]")).to_contain_text("No alarm is open")
    await page.click("#fine-devices summary")
    assert await page.evaluate("document.activeElement.parentElement.id") == "fine-devices"
    raised = next(rows for table, rows in field._rows(field.CALM, now_ms(), field.STORM_ALARMS[:1]) if table is t.alarm)
    await calm.add(t.alarm, *raised)
    await calm.add(t.dead_letter, LETTER)
    await calm.add(t.event, {"at": now_ms(), "topic": "alarm", "body": '{"device":"tide-charleston"}'})
    await expect(page.locator("[data-part=devices]")).to_contain_text("1 message was refused and kept.")
    await expect(page.locator("[data-part=strip]")).to_contain_text("1 urgent alarm: Charleston harbour warehouse")
    await expect(page.locator("nav [data-part=count]")).to_have_text("1")
    await expect(page.locator("#fine-devices")).to_have_attribute("open", "")
    assert await page.evaluate("document.activeElement.parentElement.id") == "fine-devices"


async def test_new_site_gets_its_charts_without_a_reload(empty: Console, open_screen: Opener) -> None:
    screen = await open_screen(empty, "en")
    async with transaction(empty.engine) as connection:
        await add_site(connection, field.SITES[0])
    await empty.add(t.event, {"at": now_ms(), "topic": "device", "body": '{"device":"x-01"}'})
    await expect(screen.page.locator("#site-charleston")).to_contain_text("No device of this site has said yet")
    await expect(screen.page.locator("#map canvas")).to_be_visible()
    assert screen.said == []


async def test_page_opened_before_the_first_value_follows_the_scenario(unplayed: Console, open_screen: Opener) -> None:
    screen = await open_screen(unplayed, "en")
    async with transaction(unplayed.engine) as connection:
        await add_site(connection, field.SITES[0])
        await place_device(connection, "tide-charleston", "charleston", field.START)
    device = field.device_row("tide-charleston", field.START, now_ms())
    await unplayed.add(t.device, device | {"heartbeat_at": None})
    streams = field._stream_rows("tide-charleston", field.START, now_ms())
    await unplayed.add(t.stream, *(row | {"value": None, "at": None} for row in streams))
    await unplayed.add(t.event, {"at": now_ms(), "topic": "device", "body": '{"device":"tide-charleston"}'})
    await expect(screen.page.locator("[data-clock]")).to_have_text("1989-09-20 00:00 EDT")
    await screen.page.click("details[data-table=charleston] summary")
    at = field.START + field.HOUR
    point = Point("tide-charleston", "tide", "m", point_time(at, 1), 2.38, field.EPOCH, 1, "ntp")
    await field.write_points(unplayed.settings, [point])
    body = {"device": "tide-charleston", "streams": {"tide": [at, 2.38]}}
    await unplayed.add(t.event, {"at": now_ms(), "topic": "reading", "body": json.dumps(body)})
    await expect(screen.page.locator("[data-clock]")).to_have_text("1989-09-20 01:00 EDT")
    await expect(screen.page.locator("details[data-table=charleston] tbody tr").first).to_contain_text("2.38")


async def test_cut_off_page_says_so_and_keeps_what_it_knew(calm: Console, open_screen: Opener) -> None:
    screen = await open_screen(calm)
    await expect(screen.page.locator("#pulse")).to_have_class("pill ok")
    await calm.stop()
    await expect(screen.page.locator("#pulse")).to_have_text(re.compile(r"连接中断 · 最后 \d\d:\d\d:\d\d"))
    await expect(screen.page.locator("main")).to_have_class("cut")
    await expect(screen.page.locator("#cut")).to_have_text(
        re.compile(r"与中心的连接已中断。本页显示的是 \d\d:\d\d:\d\d 时")
    )
    await expect(screen.page.locator("#site-charleston")).to_contain_text("潮位")


async def test_page_comes_back_by_itself_with_what_happened_meanwhile(tmp_path: Path, open_screen: Opener) -> None:
    settings = make_settings(tmp_path, "hugo-1989", free_port())
    await field.seed(settings, field.CALM, now_ms())
    async with running(settings) as console:
        page = (await open_screen(console, "en")).page
        await expect(page.locator("#pulse")).to_have_class("pill ok")
        await page.evaluate("window.unloaded = 'never'")
        drain = page.locator("[data-latest='yard-charleston/drain_level']")
        known = await drain.inner_text()
    await expect(page.locator("#pulse")).to_have_text(re.compile(r"connection lost · last \d\d:\d\d:\d\d"))
    await expect(page.locator("#cut")).to_contain_text(re.compile(r"You see what was known at \d\d:\d\d:\d\d"))
    await expect(page.locator("#main > .charts")).to_have_css("filter", "grayscale(1)")
    await expect(drain).to_have_text(known)
    await happen_meanwhile(settings)
    async with running(settings):
        await expect(page.locator("#pulse")).to_have_class("pill ok")
        await expect(page.locator("[data-part=strip]")).to_contain_text("1 urgent alarm")
        await expect(drain).to_have_text("1.37 m")
        await expect(page.locator("#cut")).to_be_hidden()
        await expect(page.locator("main")).not_to_have_class("cut")
        assert await page.evaluate("window.unloaded") == "never"


async def happen_meanwhile(settings: GatewaySettings) -> None:
    """An alarm and a new value while nobody serves pages; the value's own event is not kept any more."""
    engine = open_database(settings.database)
    raised = next(r for table, r in field._rows(field.CALM, now_ms(), field.STORM_ALARMS[:1]) if table is t.alarm)
    drain = update(t.stream).where(t.stream.c.device == "yard-charleston", t.stream.c.name == "drain_level")
    async with transaction(engine) as connection:
        await connection.execute(insert(t.alarm), raised)
        await connection.execute(drain.values(value="1.37", at=field.CALM + 6 * field.MINUTE))
    await engine.dispose()


async def test_page_without_its_store_of_readings_says_so(tmp_path: Path, open_screen: Opener) -> None:
    settings = make_settings(tmp_path)
    await field.seed(settings, field.CALM, now_ms())
    away = {"series": {"store": "influx1", "url": f"http://127.0.0.1:{free_port()}"}}
    async with running(GatewaySettings.model_validate(settings.model_dump() | away)) as console:
        page = (await open_screen(console, "en")).page
        await expect(page.locator("#unread")).to_contain_text("The store of readings does not answer.")
        await expect(page.locator("#alarms")).to_contain_text("No alarm is open")


HOSTILE = "<img src=x onerror=alert(1)>'\"{{7*7}}</script><script>alert(2)</script>"


async def test_hostile_names_are_only_text(empty: Console, open_screen: Opener) -> None:
    async with transaction(empty.engine) as connection:
        await add_site(connection, NewSite("hostile", HOSTILE, HOSTILE, 30.0, 120.0, "Asia/Shanghai"))
    await empty.add(t.device, field.device_row("bad-device", now_ms(), now_ms()) | {"simulated": False})
    await empty.add(t.placement, {"device": "bad-device", "site": await _site_id(empty), "since": 0})
    stream = {"device": "bad-device", "name": "level", "unit": "</b>", "label": HOSTILE, "label_zh": HOSTILE}
    await empty.add(t.stream, stream | {"interval_s": 60, "value": "1.5", "at": now_ms(), "received_at": now_ms()})
    rule = {
        "device": "bad-device",
        "name": "high",
        "stream": "level",
        "type": HOSTILE,
        "unit": "m",
        "severity": HOSTILE,
    }
    await empty.add(t.rule, rule | {"limit": 1.0, "label": HOSTILE, "label_zh": HOSTILE})
    dialogs: list[str] = []
    screen = await open_screen(empty, "en")
    screen.page.on("dialog", lambda d: dialogs.append(d.message))
    await expect(screen.page.locator("#site-hostile")).to_contain_text("<img src=x")
    await screen.page.click("details[data-table=hostile] summary")
    await expect(screen.page.locator("details[data-table=hostile] th").nth(1)).to_contain_text("<img src=x")
    assert (dialogs, screen.said, await screen.page.locator("img").count()) == ([], [], 0)


async def _site_id(console: Console) -> object:
    async with transaction(console.engine) as connection:
        return await connection.scalar(t.site.select().with_only_columns(t.site.c.id))


async def test_one_time_link_opens_the_page_and_leaves_the_address(shared: Console, browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{shared.origin}/enter?lang=en#{await shared.link()}")
    await expect(page).to_have_url(f"{shared.origin}/enter?lang=en")
    await page.click("#enter button")
    await expect(page.locator("h1")).to_have_text("Overview")
    await context.close()


async def test_password_form_works_without_scripts(empty: Console, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{empty.origin}/sign-in?lang=en")
    await page.fill("[name=name]", "demo")
    await page.fill("[name=password]", "not the password")
    await page.click("form button")
    await expect(page.locator("[role=alert]")).to_contain_text("Name and password do not fit together")
    await context.close()
