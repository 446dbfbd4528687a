"""The whole way with its processes: pushed, told by mail, answered on a phone or not, and what the report then says."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from cloud_gateway.clock import tell_clock
from cloud_gateway.database import open_database, transaction
from cloud_gateway.outreach.store_messages import Kit
from cloud_gateway.outreach.texts import render
from cloud_gateway.outreach.tokens import AnswerKey
from cloud_gateway.staff.accounts import LINK_MS
from cloud_gateway.staff.guard import COOKIE
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import add_link, add_staff
from deploy.cli import run
from deploy.demo.programs import Program
from deploy.servers import free_port
from tests.cloud_gateway.conftest import now_ms
from tests.cloud_gateway.outreach.ground import LIMIT_S, MINUTE, Ground
from tests.cloud_gateway.outreach.sinks import PostOffice, post_office
from tests.cloud_gateway.warnings.cap_samples import SENT_MS, area, cap, info
from tests.databases import make_database
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
TOKEN = "a-token-of-the-test-office"
AT = SENT_MS + MINUTE
SITES = """code,name,latitude,longitude,zone
answers,Depot that answers,31.2,121.5,Asia/Shanghai
silent,Dock that stays silent,30.2,120.2,Asia/Shanghai
"""
#: In the order in which they are asked.
PEOPLE = """name,role,sites,mail,language
Lin,risk-engineer,answers,lin@example.org,en
Zhao,risk-engineer,silent,zhao@example.org,en
Qian,risk-engineer,silent,qian@example.org,en
"""
SETTINGS = """data_dir = "{folder}"
clock_file = "{folder}/clock"
[web]
port = {port}
[[sources]]
name = "office"
kind = "push"
token_file = "{folder}/office.token"
[outreach]
public_url = "http://127.0.0.1:{port}"
tick_s = 0.2
[outreach.mail]
host = "127.0.0.1"
port = {mail}
tls = "none"
sender = "desk@example.org"
[[outreach.ladder]]
name = "call-out"
lead_s = 0
least = 3
channel = "mail"
answer_within_s = 900
tries = 2
"""
STEPS = """SELECT s.code, l.try, l.state FROM ladder_step l JOIN hazard_event e ON e.id = l.event
JOIN site s ON s.id = e.site ORDER BY s.code, l.try"""
LINK = re.compile(r"http://127\.0\.0\.1:\d+/a/[\w-]{43}")


@dataclass
class Office:
    """A running gateway, what it mails, and its database as another process reads it."""

    origin: str
    mail: PostOffice
    books: Ground
    clock: Path

    async def push(self, event: str, latitude: float, longitude: float) -> None:
        """The meteorological service warns of an event around a place."""
        infos = info(areas=area(f"<circle>{latitude},{longitude} 10</circle>"), event=event)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=self.origin, timeout=LIMIT_S) as service:
            body = cap(infos, identifier=event).encode()
            answer = await service.post("/api/v1/warning-sources/office/messages", content=body, headers=headers)
        assert (answer.status_code, len(answer.json()["new"])) == (200, 1), answer.text

    async def asked(self, name: str, count: int) -> EmailMessage:
        """The letter that asks somebody for an answer, once so many letters in all have come and are noted as sent."""
        letters = {str(letter["Message-ID"]): letter for letter in await self.mail.came(count)}
        await self.books.until(f"SELECT 1 WHERE {count} <= (SELECT count(sent_at) FROM message)")
        query = "SELECT m.id FROM message m JOIN recipient r ON r.id = m.recipient WHERE r.name=:name AND m.step!=''"
        (row,) = await self.books.rows(query, name=name)
        return next(letter for known, letter in letters.items() if row["id"] in known)

    async def steps(self) -> list[tuple[str, int, str]]:
        """Site, try and state of the ladder's steps."""
        return [(row["code"], row["try"], row["state"]) for row in await self.books.rows(STEPS)]

    @asynccontextmanager
    async def report(self, browser: Browser, code: str) -> AsyncIterator[Locator]:
        """The people in the report of a site's event, as a regulator reads it."""
        query = "SELECT e.id FROM hazard_event e JOIN site s ON s.id = e.site WHERE s.code=:code"
        (event,) = await self.books.rows(query, code=code)
        async with self.page(browser, f"/hazard-events/{event['id']}/report") as page:
            yield page.locator("table.people tbody tr")

    @asynccontextmanager
    async def page(self, browser: Browser, path: str) -> AsyncIterator[Page]:
        """A page in English, as a regulator reads it."""
        async with transaction(self.books.engine) as connection:
            who = await add_staff(connection, f"reader of {path}", Role.REGULATOR, None, now_ms())
            token = await add_link(connection, who.id, now_ms() + LINK_MS)
        async with httpx.AsyncClient(base_url=self.origin, headers={"Origin": self.origin}, timeout=LIMIT_S) as client:
            entered = await client.post("/enter", data={"token": token})
        context = await browser.new_context()
        await context.add_cookies([{"name": COOKIE, "value": entered.cookies[COOKIE], "url": self.origin}])
        page = await context.new_page()
        await page.goto(f"{self.origin}{path}?lang=en")
        yield page
        await context.close()


def set_up(folder: Path, config: Path) -> None:
    """Before anything runs: database, token, clock, sites and people."""
    make_database(folder / "gateway.db")
    (folder / "office.token").touch(0o600)
    (folder / "office.token").write_text(TOKEN)
    tell_clock(folder / "clock", AT)
    for name, content, command in (
        ("sites.csv", SITES, ["sites", "import", "--datum", "WGS-84"]),
        ("people.csv", PEOPLE, ["outreach", "people", "import"]),
    ):
        (folder / name).write_text(content)
        assert run([*command, str(folder / name), "--config", str(config)]) == 0


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Office]:
    """`weiran gateway web` and `weiran outreach run` over two sites with three engineers."""
    config, port = folder / "gateway.toml", free_port()
    async with post_office() as mail:
        config.write_text(SETTINGS.format(folder=folder, port=port, mail=mail.port))
        await asyncio.to_thread(set_up, folder, config)
        programs = [
            Program(name, ["deploy", *command, "--config", str(config)], folder / f"{name}.log")
            for name, command in (("web", ["gateway", "web"]), ("outreach", ["outreach", "run"]))
        ]
        engine = open_database(folder / "gateway.db")
        try:
            for program in programs:
                program.start()
            await until(lambda: accepts(port), LIMIT_S)
            kit = Kit((), AnswerKey(b"", ""), render, str)
            yield Office(f"http://127.0.0.1:{port}", mail, Ground(engine, kit), folder / "clock")
        finally:
            for program in programs:
                await asyncio.to_thread(program.stop)
            await engine.dispose()


async def test_who_answers_on_a_phone_stops_the_ladder_and_who_is_silent_is_passed_by(
    tmp_path: Path, browser: Browser
) -> None:
    async with serving(tmp_path) as office:
        await office.push("Rainstorm", 31.2, 121.5)
        await office.push("Typhoon", 30.2, 120.2)
        letter = await office.asked("Lin", 5)
        (link,) = LINK.findall(letter.get_content())
        asked = [("answers", 1, "made"), ("silent", 1, "made")]

        async with office.page(browser, "/") as overview:
            await expect(overview.locator("[data-part=warned]")).to_contain_text("1 has not answered · 0 s")
        context = await browser.new_context(viewport={"width": 390, "height": 844})
        page = await context.new_page()
        await page.goto(link)
        await expect(page.locator("h2", has_text="How are things with you?")).to_be_visible()
        opened = await office.steps(), await office.books.rows("SELECT 1 FROM answer")
        await page.click("button:has-text('We are on it')")
        await expect(page.locator("[role=status]")).to_contain_text("Your answer has arrived.")
        await context.close()
        answered = await office.steps()

        tell_clock(office.clock, AT + 15 * MINUTE)
        passed_on = await office.asked("Qian", 6)
        tell_clock(office.clock, AT + 30 * MINUTE)
        await office.books.until("SELECT 1 FROM ladder_step WHERE try=2 AND state='escalated'")
        sent = await office.books.rows("SELECT count(*) AS count FROM message")

        assert opened == (asked, [])
        assert answered == [("answers", 1, "answered"), ("silent", 1, "made")]
        assert (passed_on["To"].addresses[0].addr_spec, len(office.mail.letters)) == ("qian@example.org", 6)
        assert sent[0]["count"] == 6
        assert await office.steps() == [
            ("answers", 1, "answered"),
            ("silent", 1, "escalated"),
            ("silent", 2, "escalated"),
        ]
        async with office.report(browser, "answers") as people:
            await expect(people).to_have_count(1)
            await expect(people).to_contain_text(re.compile("Lin.*answered.*is acting.*by the link", re.DOTALL))
        async with office.report(browser, "silent") as people:
            await expect(people.locator("b")).to_have_text(["Qian", "Zhao"])
            await expect(people).to_contain_text(["asked 15 min ago", "asked 30 min ago"])
