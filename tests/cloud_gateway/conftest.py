"""A running console for tests: real database files, a real server on a free port, a real Chromium."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.app import serve
from cloud_gateway.database import open_database, transaction
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.staff.accounts import LINK_MS
from cloud_gateway.staff.guard import COOKIE
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import add_link, add_staff, find_staff, list_staff
from tests.cloud_gateway import field
from tests.databases import make_database

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_LIMIT_S = 60.0
#: These consoles speak plain HTTP; to read the machine's certificates for each client takes longer than a request.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
#: How long a page may take to show what is expected; on a busy machine everything takes long.
EXPECT_MS = 30_000


@dataclass(frozen=True)
class Console:
    """A served gateway. `engine` is a second connection to its database, for what ingest would do."""

    settings: GatewaySettings
    origin: str
    engine: AsyncEngine
    stop: Callable[[], Awaitable[None]]

    async def add(self, table: Table, *rows: dict[str, object]) -> None:
        """Write rows as another process would."""
        async with transaction(self.engine) as connection:
            await connection.execute(insert(table), list(rows))

    async def link(self, name: str = "demo") -> str:
        """A one-time token for a member of staff."""
        async with transaction(self.engine) as connection:
            who = await find_staff(connection, name)
            assert who is not None
            return await add_link(connection, who.id, now_ms() + LINK_MS)

    def visitor(self) -> httpx.AsyncClient:
        """A client that is not signed in, of this origin."""
        return httpx.AsyncClient(base_url=self.origin, headers={"Origin": self.origin}, timeout=20, verify=NO_TLS)

    @asynccontextmanager
    async def client(self, name: str = "demo") -> AsyncIterator[httpx.AsyncClient]:
        """A client that is signed in."""
        async with self.visitor() as client:
            answer = await client.post("/enter", data={"token": await self.link(name)})
            assert answer.status_code == 303, answer.text
            yield client


@asynccontextmanager
async def running(settings: GatewaySettings) -> AsyncIterator[Console]:
    """Serve a migrated database until the block ends; every role has a member of staff of its name."""
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(settings, ready.set_result))
    engine = open_database(settings.database)
    async with transaction(engine) as connection:
        known = {who.name for who in await list_staff(connection)}
        for name, role in (("demo", Role.ADMINISTRATOR), *((r.value, r) for r in Role)):
            if name not in known:
                await add_staff(connection, name, role, None, now_ms())

    async def stop() -> None:
        serving.cancel()
        await asyncio.wait([serving])

    try:
        port = await asyncio.wait_for(asyncio.shield(ready), START_LIMIT_S)
        yield Console(settings, f"http://127.0.0.1:{port}", engine, stop)
    finally:
        await stop()
        await engine.dispose()


def make_settings(folder: Path, notice: str = "", port: int = 0) -> GatewaySettings:
    """Settings of a gateway whose files are in the folder, on a free port unless one is given."""
    return GatewaySettings.model_validate({"data_dir": folder, "web": {"port": port, "notice": notice}})


def now_ms() -> int:
    """Wall time, ms UTC."""
    return time.time_ns() // 1_000_000


@pytest_asyncio.fixture(loop_scope="session")
async def empty(tmp_path: Path) -> AsyncIterator[Console]:
    """A console that has heard of nothing yet."""
    settings = make_settings(tmp_path)
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console:
        yield console


@pytest_asyncio.fixture(loop_scope="session")
async def unplayed(tmp_path: Path) -> AsyncIterator[Console]:
    """A console that plays a scenario, and has heard of nothing yet."""
    settings = make_settings(tmp_path, notice="hugo-1989")
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console:
        yield console


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A console without devices, shared by tests that do not mind what others entered."""
    settings = make_settings(tmp_path_factory.mktemp("shared"))
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console:
        yield console


@pytest_asyncio.fixture(loop_scope="session")
async def calm(tmp_path: Path) -> AsyncIterator[Console]:
    """A console of three sites in fair weather, of one test alone."""
    settings = make_settings(tmp_path, "hugo-1989")
    await field.seed(settings, field.CALM, now_ms())
    async with running(settings) as console:
        yield console


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def storm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A console in the middle of the storm, shared by all tests that only look."""
    settings = make_settings(tmp_path_factory.mktemp("storm"), "hugo-1989")
    await field.seed(settings, field.STORM, now_ms(), field.STORM_ALARMS)
    copyfile(field.SCENARIO / "coast.geojson", settings.data_dir / "outline.geojson")
    async with running(settings) as console:
        yield console


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, once for the run."""
    expect.set_options(timeout=EXPECT_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGS))
        yield chromium
        await chromium.close()


@dataclass(frozen=True)
class Screen:
    """A signed-in browser page and everything its console said."""

    page: Page
    context: BrowserContext
    said: list[str]


async def open_context(
    browser: Browser, console: Console, lang: str, width: int, height: int, path: str = "/"
) -> Screen:
    """A signed-in page of its own context; the session comes from a program, which is faster than the link's page."""
    context = await browser.new_context(viewport={"width": width, "height": height})
    async with console.client() as client:
        await context.add_cookies([{"name": COOKIE, "value": client.cookies[COOKIE], "url": console.origin}])
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda m: said.append(f"{m.type}: {m.text}") if m.type != "log" else None)
    page.on("pageerror", lambda e: said.append(f"error: {e}"))
    await page.goto(f"{console.origin}{path}{'&' if '?' in path else '?'}lang={lang}")
    return Screen(page, context, said)


Opener = Callable[..., Awaitable[Screen]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_screen(browser: Browser) -> AsyncIterator[Opener]:
    """Opens signed-in pages: `await open_screen(console, lang="en", width=390, height=844, path="/alarms")`."""
    async with AsyncExitStack() as stack:

        async def open_one(
            console: Console, lang: str = "zh", width: int = 1440, height: int = 900, path: str = "/"
        ) -> Screen:
            screen = await open_context(browser, console, lang, width, height, path)
            stack.push_async_callback(screen.context.close)
            return screen

        yield open_one


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def storm_screen(browser: Browser, storm: Console) -> AsyncIterator[Opener]:
    """Pages of the storm, one for each language and size, kept for the tests of one file that only look."""
    async with AsyncExitStack() as stack:
        known: dict[tuple[str, int, int], Screen] = {}

        async def open_one(lang: str = "zh", width: int = 1440, height: int = 900) -> Screen:
            key = (lang, width, height)
            if key not in known:
                known[key] = await open_context(browser, storm, *key)
                stack.push_async_callback(known[key].context.close)
            return known[key]

        yield open_one
