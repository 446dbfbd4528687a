"""A person's whole way through the console: real broker, ingest, web process and SIMULATED agents, a real browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from cloud_gateway.database import transaction
from cloud_gateway.settings import Series
from cloud_gateway.sites.store import NewSite, add_site, place_device
from cloud_gateway.staff.guard import COOKIE
from deploy.cli import run
from deploy.servers import Server, free_port, start_mosquitto
from edge_agent.hardware.clock import SystemClock
from firmware_sim.board import SimBoard, make_board
from tests.cloud_gateway.conftest import Console, running
from tests.edge_agent.tasks.agents import flood, level, make_settings, running_agent
from tests.end_to_end import gateway
from tests.waiting import POLL_S

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
#: A page has so long to fit into a window of another size.
SETTLED_WITHIN_S = 10.0
CALM, FLOODED = 0.3, 0.6  # of ten metres; the rule says five
#: By how much a page is wider than its window, and which of its buttons and fields are too small (WCAG 2.5.8).
UNFIT = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const targets = "button, select, summary, nav a, .btn, .tabs a, input:not([type=hidden])";
  const small = (box) => box.width > 0 && (box.width < 24 || box.height < 24);
  const found = [...document.querySelectorAll(targets)].filter((one) => !one.closest("label"))
    .filter((one) => small(one.getBoundingClientRect())).map((one) => one.outerHTML);
  return [...(scrollWidth > clientWidth ? [`${scrollWidth - clientWidth} px too wide`] : []), ...found];
}"""
#: Whatever takes an alarm in hand or changes a setting.
FORMS = ("form[action$='/acknowledgement']", "form[action$='/assignee']", "form[action$='/closing']", "form.twin")
BUTTONS = f"main :is({', '.join(FORMS)}) button"
#: Scripts cannot hear of all breaches from the console alone.
EAR = (
    "addEventListener('securitypolicyviolation', e => console.error(`refused: ${e.violatedDirective} ${e.blockedURI}`))"
)


@dataclass(frozen=True)
class Hall:
    """A running gateway with its broker and the file of its settings."""

    console: Console
    broker: Server
    config: Path

    @asynccontextmanager
    async def gauge(self, folder: Path, device: str) -> AsyncIterator[SimBoard]:
        """The board of an agent that looks at a level five times a second, with a flood from 5 m on."""
        board = make_board("SIM-1")
        board.set_ratio(0, CALM)
        rule = flood(label="Flood in the yard", label_zh="院内积水")
        settings = make_settings(
            folder, level(interval_s=0.2), rules=[rule], device=device, broker=self.broker, heartbeat_s=0.5
        )
        async with transaction(self.console.engine) as connection:
            await place_device(connection, device, "harbour", 0)
        async with running_agent(settings, board, SystemClock()):
            yield board


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    """One start of the servers for every way."""
    folder, port = tmp_path_factory.mktemp("way"), free_port()
    with start_mosquitto(folder / "broker") as broker:
        settings = await asyncio.to_thread(gateway.make_settings, broker, folder, Series())
        settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
        config = folder / "gateway.toml"
        config.write_text(f'data_dir = "{settings.data_dir}"\n[web]\nport = {port}\n')
        async with gateway.running_ingest(settings), running(settings) as console:
            async with transaction(console.engine) as connection:
                await add_site(
                    connection, NewSite("harbour", "Harbour store", "港区仓库", 31.3, 121.6, "Asia/Shanghai")
                )
            yield Hall(console, broker, config)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def flooded(hall: Hall, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of an alarm that nobody has in hand, whose device is connected."""
    async with hall.gauge(tmp_path_factory.mktemp("flooded"), "way-flooded") as board, hall.console.client() as client:
        board.set_ratio(0, FLOODED)
        raised: list[dict[str, object]] = []
        async with asyncio.timeout(60):
            while not raised:
                await asyncio.sleep(0.05)
                found = (await client.get("/api/v1/alarms")).json()["items"]
                raised = [one for one in found if one["device"] == "way-flooded"]
        yield "/alarms/{device}/{epoch}/{seq}".format(**raised[0])


@dataclass(frozen=True)
class Visit:
    """A page in one language and size, what its console said, and what did not fit in it in either size."""

    page: Page
    said: list[str]
    unfit: list[str]
    size: ViewportSize

    async def look(self) -> None:
        """The page that is shown, in the other size and in its own, once it has settled in it."""
        for size in (PHONE if self.size == DESK else DESK, self.size):
            await self.page.set_viewport_size(size)
            unfit = await self.page.evaluate(UNFIT)
            with suppress(TimeoutError):
                async with asyncio.timeout(SETTLED_WITHIN_S):
                    while unfit:
                        await asyncio.sleep(POLL_S)  # charts follow their window a moment later
                        unfit = await self.page.evaluate(UNFIT)
            self.unfit.extend(f"{self.page.url}: {what}" for what in unfit)

    async def touch(self, selector: str) -> None:
        """With a finger on the telephone, with the mouse at the desk."""
        target = self.page.locator(selector)
        await (target.tap() if self.size == PHONE else target.click())

    async def mark(self) -> None:
        """What is written on the page is gone when it is loaded again."""
        await self.page.evaluate("document.documentElement.dataset.marked = 'yes'")

    async def is_the_same(self) -> None:
        """Nobody has loaded the page again."""
        await expect(self.page.locator("html")).to_have_attribute("data-marked", "yes")


@asynccontextmanager
async def visiting(browser: Browser, locale: str, size: ViewportSize) -> AsyncIterator[Visit]:
    """A browser of that language, as wide as a desk or a telephone."""
    context = await browser.new_context(viewport=size, locale=locale, has_touch=size == PHONE)
    await context.add_init_script(EAR)
    page, said = await context.new_page(), list[str]()
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(error.stack or error.message))
    yield Visit(page, said, [], size)
    await context.close()


async def one_time_link(config: Path, name: str, role: str, capsys: pytest.CaptureFixture[str]) -> str:
    """A new person, and the link that the command line prints for them."""
    for command in (["add", name, "--role", role], ["link", name]):
        assert await asyncio.to_thread(run, ["gateway", "user", *command, "--config", str(config)]) == 0
    return capsys.readouterr().out.splitlines()[-1]


ZH = ["总览", "院内积水", "没人接手", "{} 已确认", "等待设备|设备正在试用|已生效", "已生效", "登录"]
EN = ["Overview", "Flood in the yard", "nobody has it", "seen by {}", "waiting|trying|in use", "in use", "Sign in"]
WAYS = [
    pytest.param("zh-CN", DESK, ZH, id="Chinese at a desk"),
    pytest.param("zh-CN", PHONE, ZH, id="Chinese on a telephone"),
    pytest.param("en-GB", DESK, EN, id="English at a desk"),
    pytest.param("en-GB", PHONE, EN, id="English on a telephone"),
]


@pytest.mark.parametrize(("locale", "size", "words"), WAYS)
async def test_an_alarm_is_seen_acknowledged_and_its_threshold_changed(
    hall: Hall,
    browser: Browser,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    locale: str,
    size: ViewportSize,
    words: list[str],
) -> None:
    overview, flood_, nobody, seen, asked, used, door = words
    way = f"{locale[:2]}-{size['width']}"
    device, person = f"way-{way}", f"lin-{way}"
    link = await one_time_link(hall.config, person, "administrator", capsys)
    async with hall.gauge(tmp_path, device) as board, visiting(browser, locale, size) as visit:
        page = visit.page
        await page.goto(link)
        await visit.look()
        await visit.touch("#enter button")
        await expect(page.locator("h1")).to_have_text(overview)
        await expect(page.locator("[data-part=devices]").first).to_contain_text(device)
        await visit.look()

        await visit.touch("nav a[href='/alarms']")
        row = page.locator("[data-row]", has_text=device)
        await expect(page.locator("#pulse")).to_have_class("pill ok")
        await expect(row).to_have_count(0)
        await visit.mark()
        board.set_ratio(0, FLOODED)
        await expect(row).to_contain_text(flood_)
        await expect(row).to_contain_text(nobody)
        await expect(page.locator(".ribbon")).to_contain_text("SIMULATED / 模拟")
        await visit.is_the_same()
        await visit.look()

        await visit.touch(f"[data-row]:has-text('{device}') .what > a")
        await expect(page.locator("h1")).to_have_text(flood_)
        await visit.look()
        alarm = page.url
        await visit.touch("[data-part=strip] a.btn")
        await expect(page.locator("#charts canvas")).to_be_visible()
        await expect(page.locator("#charts [data-latest]")).to_contain_text(" m")
        await expect(page.locator("#charts [data-about]")).to_be_visible()
        await visit.look()
        await page.go_back()
        await expect(page.locator("#pulse")).to_have_class("pill ok")
        await (page.keyboard.press("a") if size == DESK else visit.touch("form[data-acknowledge] button"))
        await expect(page.locator("[data-part=strip]")).to_contain_text(seen.format(person))
        await expect(page.locator("form[data-acknowledge]")).to_have_count(0)

        await visit.touch(f"[data-part=facts] a[href='/devices/{device}']")
        await expect(page.locator("#pulse")).to_have_class("pill ok")
        await page.fill("[name='value:flood.above']", "7")
        await visit.touch("form.twin:has([value=rules]) button")
        standing = page.locator("[data-part=standing]")
        await expect(standing).to_contain_text(re.compile(asked))
        await visit.mark()
        await expect(standing).to_contain_text(used)
        await expect(page.locator("[data-part='used-rules-flood.above']")).to_have_text("7")
        await visit.is_the_same()
        await visit.look()

        await visit.touch("nav a[href='/people']")
        await visit.touch("main a[href='/audit']")
        done = page.locator("[data-part=acts] tbody tr", has_text=person)
        await expect(done.filter(has_text="/acknowledgement").filter(has_text=device)).to_have_count(1)
        await expect(done.filter(has_text="/devices/{device}").filter(has_text=device)).to_have_count(1)
        await visit.look()

        (token,) = [one["value"] for one in await page.context.cookies() if one["name"] == COOKIE]
        await visit.touch("nav form.who button")
        await expect(page.locator("h2")).to_have_text(door)
        await visit.look()
        await page.go_back()
        await expect(page.locator("h2")).to_have_text(door)
        await page.goto(alarm)
        await expect(page.locator("h2")).to_have_text(door)
        async with hall.console.visitor() as other:
            other.cookies.set(COOKIE, token)
            told = await other.get("/api/v1/alarms")
        assert (told.status_code, visit.said, sorted(set(visit.unfit))) == (401, [], [])


@pytest.mark.parametrize("role", ["regulator", "inspector"])
async def test_who_may_only_look_finds_no_button_and_is_refused(
    hall: Hall, browser: Browser, flooded: str, role: str
) -> None:
    alarm, device = flooded, flooded.split("/")[2]
    async with visiting(browser, "en-GB", PHONE) as visit, hall.console.client(role) as client:
        page, session = visit.page, {"name": COOKIE, "value": client.cookies[COOKIE], "url": hall.console.origin}
        await page.context.add_cookies([session])  # type: ignore[list-item]  # playwright's own TypedDict
        buttons = []
        for path in ("/alarms", alarm, f"/devices/{device}"):
            await page.goto(f"{hall.console.origin}{path}")
            await expect(page.locator("#pulse")).to_have_class("pill ok")
            await page.keyboard.press("a")
            buttons += await page.locator(BUTTONS).all_inner_texts()
        await expect(page.locator("[name='value:flood.above']")).to_be_disabled()
        twin, form = {"flood.above": 9}, {"section": "rules", "version": "0", "value:flood.above": "9"}
        refused = [
            await client.post(f"/api/v1{alarm}/acknowledgement"),
            await client.post(f"{alarm}/acknowledgement"),
            await client.put(f"/api/v1/devices/{device}/twin/rules", json=twin, headers={"If-Match": "0"}),
            await client.post(f"/devices/{device}", data=form),
        ]
        wanted, told = await client.get(f"/api/v1/devices/{device}/twin"), await client.get(f"/api/v1{alarm}")
    problem = "application/problem+json"
    assert [(one.status_code, one.headers["content-type"]) for one in refused] == [(403, problem)] * 4
    assert (buttons, wanted.json()["version"], told.json()["steps"], visit.said, visit.unfit) == ([], 0, [], [], [])
