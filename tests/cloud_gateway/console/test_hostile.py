"""Texts that are scripts never run: every page of the console and the public ones, opened in a real browser."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from fastapi.routing import iter_route_contexts
from playwright.async_api import Browser, Page, expect

from cloud_gateway.app import create_app
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.staff.guard import COOKIE
from tests.cloud_gateway.conftest import Console, Screen, running
from tests.cloud_gateway.console.hostile import DEVICE, EVIL, FORMULAS, Names, fill
from tests.cloud_gateway.probing import make_keys
from tests.cloud_gateway.ratings.web.ground import Ground
from tests.databases import make_database

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
#: Answers that are no pages.
NO_PAGES = {"/healthz", "/readyz", "/metrics", "/weiran_verify.py", "/tasks/{task}/photo"}
#: Pages on which no text of others stands.
SILENT = {"/sign-in", "/enter", "/r", "/rate/{token}"}
WORDS = (str, str | None, list[str])
GRAVE = ("error", "warning")
QUERIES = {"/charts": f"&s={DEVICE}/level&s={DEVICE}/words"}
#: What came of the texts: did one run, what became a part of the page, which links would run, and is it there as text.
FOUND = """evil => {
  document.querySelectorAll("details").forEach((one) => (one.open = true));
  const all = (selector) => [...document.querySelectorAll(selector)];
  const parts = "[data-injected], [onerror], [onload], [onmouseover], script:not([src]), iframe, object, embed, base";
  const links = ["href", "src", "action"].flatMap((name) => all(`[${name}]`).map((one) => one.getAttribute(name)));
  const texts = [document.body.textContent, ...all("input, textarea, option").map((one) => one.value)];
  const known = ["http:", "https:", "mailto:", "tel:"];
  return {
    ran: window.ran ?? null,
    parts: all(parts).map((one) => one.outerHTML),
    links: links.filter((link) => !known.includes(new URL(link, location.href).protocol)),
    shown: texts.some((text) => text.includes(evil)),
  };
}"""


@dataclass(frozen=True)
class Den:
    """The gateway, and the names of what is in it."""

    console: Console
    names: Names
    session: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def den(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Den]:
    """A gateway full of scripts."""
    folder = tmp_path_factory.mktemp("den")
    source = {"name": "shanghai", "kind": "12379", "url": "https://alerts.example.org/cn"}
    given = {"data_dir": folder, "web": {"port": 0}, "sources": [source], **make_keys(folder)}
    settings = GatewaySettings.model_validate(given)
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console, console.visitor() as visitor, AsyncExitStack() as stack:
        visitor.headers.pop("Origin")
        ground = Ground(console, visitor, stack)
        session = (await ground.staff("demo")).cookies[COOKIE]  # soon nobody is called so any more
        yield Den(console, await fill(console, ground), session)


@pytest_asyncio.fixture(loop_scope="session")
async def screen(den: Den, browser: Browser) -> AsyncIterator[Screen]:
    """The administrator's browser, and all that it said: to its console, or in a dialog."""
    context = await browser.new_context(viewport={"width": 1000, "height": 600})
    await context.add_cookies([{"name": COOKIE, "value": den.session, "url": den.console.origin}])
    await context.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # browsers want one for fragments
    page, said = await context.new_page(), list[str]()
    page.on("console", lambda one: said.append(f"{one.type}: {one.text} {one.location}") if one.type in GRAVE else None)
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    yield Screen(page, context, said)
    await context.close()


def pages(den: Den) -> list[str]:
    """Every path that answers with a page; of those that lead to the same one the last."""
    contexts = iter_route_contexts(create_app(den.console.settings).router.routes)
    found = {one.endpoint: str(one.path_format) for one in contexts if "GET" in (one.methods or ())}
    return [path for path in found.values() if not path.startswith("/api/") and path not in NO_PAGES]


def asking(den: Den) -> list[tuple[str, str]]:
    """The addresses of pages with each word that they take in their query."""
    contexts = iter_route_contexts(create_app(den.console.settings).router.routes)
    shown = [one for one in contexts if one.path_format in pages(den) and "GET" in (one.methods or ())]
    fields = [(str(one.path_format), field) for one in shown for field in one.dependant.query_params]
    return [(den.names.address(path), one.alias) for path, one in fields if one.field_info.annotation in WORDS]


async def look(page: Page, den: Den, path: str) -> dict[str, object]:
    """Open a page with all that can be opened on it, go over its charts, and tell what the texts have done."""
    reply = await page.goto(f"{den.console.origin}{den.names.address(path)}?lang=en{QUERIES.get(path, '')}")
    for canvas in await page.locator("canvas:visible").all():
        await canvas.hover()
    found: dict[str, object] = await page.evaluate(FOUND, EVIL)
    return found | {"status": reply and reply.status}


async def test_no_text_runs_on_any_page_and_all_are_shown_as_text(den: Den, screen: Screen) -> None:
    paths = pages(den)
    found = {path: await look(screen.page, den, path) for path in paths}
    harmless: dict[str, object] = {"ran": None, "parts": [], "links": [], "status": 200}
    assert {path: one for path, one in found.items() if one != harmless | {"shown": path not in SILENT}} == {}
    assert screen.said == []


async def test_label_is_put_into_words_letter_by_letter(den: Den, screen: Screen) -> None:
    await screen.page.goto(f"{den.console.origin}/charts?lang=en{QUERIES['/charts']}")
    said = screen.page.locator("#charts [data-plot] .plot").first
    await expect(said).to_have_attribute("aria-label", re.compile("Chart: " + re.escape(EVIL)))


async def test_what_stands_in_an_address_is_only_text(den: Den) -> None:
    tag = "'\"><i data-injected>"
    async with den.console.visitor() as client:
        client.cookies.set(COOKIE, den.session)
        answers = [await client.get(path, params={name: tag}) for path, name in asking(den)]
    assert [str(answer.url) for answer in answers if "<i data-injected" in answer.text] == []
    assert {200} < {answer.status_code for answer in answers} <= {200, 303, 404, 422}


@pytest.mark.parametrize("path", ["//evil.example/", "///evil.example/"])
async def test_wrong_address_leads_to_no_other_site(den: Den, path: str) -> None:
    async with den.console.visitor() as client:
        answer = await client.get(den.console.origin + path, headers={"Accept": "text/html"})
    links = re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)
    assert [link for link in links if not re.match(r"/(?![/\\])", link)] == ["#main"]


async def test_no_cell_of_a_table_is_a_formula(den: Den) -> None:
    async with den.console.visitor() as client:
        client.cookies.set(COOKIE, den.session)
        query = {"s": [f"{DEVICE}/words", f"{DEVICE}/sums"], "from": "2026-01-01T00:00:00Z"}
        query |= {"to": "2036-01-01T00:00:00Z"}
        table = await client.get("/api/v1/readings.csv", params=query)
    rows = list(csv.reader(io.StringIO(table.text)))[1:]
    assert {row[4] for row in rows if row[2] == "words"} == {f"'{one}" for one in FORMULAS} | {EVIL}
    assert {row[3] for row in rows if row[2] == "sums"} == {"'=1+1"}
