"""The page of legal holds and erasures: what is in force and lifted, what was erased and why, and who may see it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from playwright.async_api import expect

from cloud_gateway.console import dissents, holds
from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence import store, store_witnesses
from cloud_gateway.evidence.custody import HoldStep, read_runs
from cloud_gateway.evidence.entries import Entry, Text
from cloud_gateway.evidence.heads import sign_head
from cloud_gateway.evidence.retention import Hold, Reason
from cloud_gateway.evidence.store_erasure import erase_texts, set_hold
from cloud_gateway.evidence.store_witnesses import Word
from cloud_gateway.ratings.store_figures import list_views
from deploy.cli import run
from tests.axe import violations
from tests.cloud_gateway.conftest import Console, Opener, make_settings, running
from tests.cloud_gateway.evidence.exports import SIGNER
from tests.cloud_gateway.evidence.pieces import AT
from tests.databases import make_database

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: Every address that answers with a page; a route that is not here fails the test below.
PAGES = {"/holds", "/dissents"}
ZONE = "Asia/Shanghai"
CASE, CLAIM = Hold("case-7", frozenset(), frozenset({"complaint"})), Hold("claim-3", frozenset({1}), frozenset())
ROOT = base64.b64encode(bytes(32)).decode()
XSS = "<script>alert(1)</script>"


def step(name: str, place: int, *, on: bool = True) -> HoldStep:
    return HoldStep(place, AT, name, on, (1,) if on else (), (), "legal", "a suit")


async def test_runs_are_told_apart_and_a_lift_without_a_hold_is_none() -> None:
    steps = [step("a", 1), step("b", 2), step("a", 3), step("a", 4, on=False), step("a", 5), step("c", 6, on=False)]
    in_force, lifted = read_runs(steps)
    assert [(run.begun.place, run.extent.place) for run in in_force] == [(2, 2), (5, 5)]
    assert [(run.begun.place, run.extent.place, run.lifted) for run in lifted] == [(1, 3, steps[3])]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def console(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """Entries: 0, 1 replies, 2 a hold in force, 3 and 4 one that was lifted, 5 the erasure of a reply, 7 a dissent."""
    settings = make_settings(tmp_path_factory.mktemp("holds"))
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console:
        async with transaction(console.engine) as connection:
            replies = [Entry("reply", {"rating": n}, [Text("text", "thank you")]) for n in (7, 8)]
            await store.append(connection, replies, AT)
            await set_hold(connection, CASE, XSS, "legal-desk", AT)
            await set_hold(connection, CLAIM, "a suit", "legal-desk", AT)
            await set_hold(connection, CLAIM, "it was settled", "legal-desk", AT, on=False)
            await erase_texts(connection, [(0, "body.text")], Reason.ORDERED, "operator-1", AT, ZONE)
        await sign_head(console.engine, SIGNER, AT)
        async with transaction(console.engine) as connection:
            await store_witnesses.hear(connection, [Word("terminal-01", "elsewhere/log", 3, ROOT)], AT)
        yield console


async def test_every_page_route_is_listed() -> None:
    routes = [*holds.router.routes, *dissents.router.routes]
    assert {r.path for r in routes if isinstance(r, APIRoute) and "GET" in (r.methods or ())} == PAGES


@pytest.mark.parametrize(("lang", "width", "height"), [("zh", 390, 844), ("en", 1440, 900)], ids=["phone", "desk"])
async def test_page_is_accessible_fits_and_says_nothing(
    console: Console, open_screen: Opener, lang: str, width: int, height: int
) -> None:
    screen = await open_screen(console, lang, width, height, path="/holds")
    await expect(screen.page.locator("#pulse")).to_have_class("pill ok")
    wide = await screen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (await violations(screen.page), wide, screen.said) == ([], 0, [])
    await expect(screen.page.locator("[data-part=in-force] li")).to_contain_text(XSS)
    await screen.page.goto(f"{console.origin}/dissents?lang={lang}")
    await expect(screen.page.locator("#pulse")).to_have_class("pill ok")
    await expect(screen.page.locator("form textarea")).to_be_visible()
    wide = await screen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (await violations(screen.page), wide, screen.said) == ([], 0, [])


async def test_page_tells_holds_erasures_the_last_scrub_and_the_last_head(
    console: Console, open_screen: Opener
) -> None:
    scrub = ["evidence", "scrub", "--data", str(console.settings.data_dir)]
    assert await asyncio.to_thread(run, scrub) == 0
    page = (await open_screen(console, "en", path="/holds")).page
    await expect(page.locator("[data-part=in-force] li")).to_contain_text("case-7")
    await expect(page.locator("[data-part=in-force] li")).to_contain_text("every entry of the type complaint")
    await expect(page.locator("[data-part=lifted] li")).to_contain_text("it was settled")
    await expect(page.locator("[data-part=erasures] li")).to_contain_text("a court or an authority ordered it")
    await expect(page.locator("[data-part=erasures] li")).to_contain_text("entry 5")
    await expect(page.locator("[data-part=strip]")).to_contain_text("8 entries, 0 records, 5 texts, 1 heads")
    await expect(page.locator("[data-part=strip]")).to_contain_text("Last head: 7 entries")


@pytest.mark.parametrize(
    ("role", "status"), [("operations", 200), ("administrator", 200), ("counter-manager", 403), ("inspector", 403)]
)
async def test_page_is_for_those_who_keep_the_log(console: Console, role: str, status: int) -> None:
    async with console.client(role) as client:
        assert (await client.get("/holds")).status_code == status


async def test_a_regulators_look_is_written_down(console: Console) -> None:
    async with console.client("regulator") as client:
        assert (await client.get("/holds")).status_code == 200
    async with reading(console.engine) as connection:
        assert [(who, what) for _, _, who, what in await list_views(connection, 10**9, 1)] == [("regulator", "/holds")]
