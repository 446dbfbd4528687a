"""Figures over HTTP and on the console's pages: who sees them, who looked, and that a clerk sees no single rating."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi.routing import APIRoute
from playwright.async_api import Browser, expect
from sqlalchemy import insert

from cloud_gateway.database import transaction
from cloud_gateway.ratings import pages
from cloud_gateway.ratings.counting import Counting
from cloud_gateway.ratings.model import NewRating
from cloud_gateway.ratings.settings import Ratings
from cloud_gateway.ratings.store import add_rating
from cloud_gateway.ratings.tables import rating_more
from cloud_gateway.ratings.taking import more_row
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.staff.guard import COOKIE
from edge_agent.wire.ratings import RatingMoreBody
from tests.axe import violations
from tests.cloud_gateway.conftest import Console, open_context, running
from tests.cloud_gateway.evidence.exports import SIGNER
from tests.cloud_gateway.ratings.hall import CARD_KEY, DAY, NINE, STATION, number_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
FIGURES = "/api/v1/ratings/figures?period=2026-11"
#: Each page with a sign-in that sees all of it: a clerk's own ratings are not in the figures that he is shown.
PAGES = {"/ratings": "operations", "/ratings/own": "demo"}
STRAY = "terminal-09"
EARLIER = NINE - 40 * DAY
SCORES = [3, 3, 2, 3, 1, 3, 3]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def console(fresh_database: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A gateway with a station whose seven ratings are released, one more that waits, and a terminal of no station."""
    folder = tmp_path_factory.mktemp("figures")
    shutil.copy(fresh_database, folder / "gateway.db")
    key = folder / "evidence.key"
    key.write_bytes(SIGNER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    cards = folder / "cards.key"
    cards.write_bytes(CARD_KEY)
    for file in (key, cards):
        file.chmod(0o600)
    ratings = {"publish_k": 5, "card_key_file": cards}
    settings = {"data_dir": folder, "web": {"port": 0}, "evidence": {"key_file": key}, "ratings": ratings}
    async with running(GatewaySettings.model_validate(settings)) as console:
        async with console.client("counter-manager") as client:
            entry = STATION.model_dump(mode="json") | {"clerk": [one.model_dump() for one in STATION.clerk]}
            answer = await client.put("/api/v1/stations/harbour", json=entry)
            assert answer.status_code == 200, answer.text
        await rate(console, range(7))
        await rate(console, [7])
        async with transaction(console.engine) as connection:
            stray = NewRating("e" * 64, "counter", "counter", 3, 3, EARLIER, counter="1", device=STRAY, window="w" * 32)
            await add_rating(connection, stray, "Asia/Shanghai", NINE)
        yield console


async def rate(console: Console, numbers: range | list[int]) -> None:
    """These customers of clerk 1024 rate, and what is due is released."""
    async with transaction(console.engine) as connection:
        for n in numbers:
            new = NewRating(
                number_of(n), "counter", "counter", 3, SCORES[n % 7], NINE, "harbour", "1", "1024", 200, 900
            )
            await add_rating(connection, new, "Asia/Shanghai", NINE)
            more = RatingMoreBody(number_of(n)[:32], new.count, ["manner"], n != 0, None)
            await connection.execute(insert(rating_more).values(more_row(more)))
    await Counting(console.engine, Ratings(), lambda: NINE).look()


async def test_figures_of_a_period(console: Console) -> None:
    async with console.client("operations") as client:
        figures = (await client.get(FIGURES)).json()
    (table,) = figures["tables"]
    assert (table["channel"], table["scale"], figures["waiting"]) == ("counter", 3, 1)
    assert {(one["level"], one["name"]): one["n"] for one in table["figures"]} == {
        ("all", ""): 7,
        ("stage", "counter"): 7,
        ("station", ""): 7,
        ("counter", "1"): 7,
        ("clerk", "1024"): 7,
    }
    assert (table["figures"][0]["counts"], table["figures"][0]["cautions"]) == ([1, 1, 5], ["few"])
    assert table["figures"][0]["score"]["low"] < table["figures"][0]["score"]["score"]


async def test_what_customers_added_stands_beside_the_figures_in_no_publication(console: Console) -> None:
    async with console.client("operations") as client:
        (table,) = (await client.get(FIGURES)).json()["tables"]
        page = (await client.get("/ratings?period=2026-11&lang=en")).text
    added = table["figures"][0]["added"]
    assert (added["settled"]["n"], added["settled"]["share"]["share"], added["recommend"]) == (7, 857, None)
    assert added["reasons"] == {"n": 7, "counts": {"manner": 7}}
    assert "86 % (49 – 98 %), n = 7" in page
    assert "Manner 7" in page


@pytest.mark.parametrize(
    ("name", "status"),
    [("counter-manager", 200), ("regulator", 200), ("inspector", 403), ("risk-engineer", 403)],
)
async def test_who_may_see_figures(console: Console, name: str, status: int) -> None:
    async with console.client(name) as client:
        assert (await client.get(FIGURES)).status_code == status
        assert (await client.get("/ratings")).status_code == status


async def test_a_regulator_changes_nothing_and_each_look_is_written_down(console: Console) -> None:
    async with console.client("regulator") as client:
        refused = await client.post("/api/v1/ratings/publications", json={"period": "2026"})
        await client.get("/ratings?period=2026-Q4")
        views = (await client.get("/api/v1/ratings/views?limit=1")).json()
    assert refused.status_code == 403
    assert [(one["who"], one["what"]) for one in views["items"]] == [("regulator", "/ratings?period=2026-Q4")]


async def test_a_clerk_sees_his_own_only_in_batches(console: Console) -> None:
    async with console.client() as client:
        own = (await client.get("/api/v1/ratings/own")).json()
    assert own == {
        "clerk": "1024",
        "stars": None,
        "star_ratings": 7,
        "k": 5,
        "ratings": [{"scale": 3, "counts": [1, 1, 5]}],
    }


async def test_a_clerk_sees_figures_without_his_own(console: Console) -> None:
    async with console.client() as client:
        figures = (await client.get(FIGURES)).json()
        page = (await client.get("/ratings?period=2026-11&lang=en")).text
    assert (figures["tables"], figures["unrated"], figures["apart"]) == ([], [], "1024")
    assert "Your own ratings are not in these figures" in page


async def test_a_terminal_of_no_station_is_told_on_the_first_page_with_the_figures_and_by_api(console: Console) -> None:
    async with console.client("operations") as client:
        figures = (await client.get(FIGURES)).json()
        texts = [(await client.get(path)).text for path in ("/?lang=en", "/overview/state?lang=en", "/ratings?lang=en")]
    (told,) = figures["unplaced"]
    assert (told["device"], told["ratings"], told["services"], told["since"][:10]) == (STRAY, 1, 0, "2026-10-13")
    assert [STRAY in text for text in texts] == [True] * 3
    assert ["/ratings#unplaced" in text for text in texts] == [True, True, False]
    assert "weiran stations import" in texts[2]


async def test_who_is_no_clerk_is_told_so(console: Console) -> None:
    async with console.client("inspector") as client:
        assert (await client.get("/api/v1/ratings/own")).json()["code"] == "no_clerk"


async def test_a_publication_by_api_is_the_document_that_was_signed(console: Console) -> None:
    async with console.client("counter-manager") as client:
        made = (await client.post("/api/v1/ratings/publications", json={"period": "2026-11"})).json()
        again = (await client.post("/api/v1/ratings/publications", json={"period": "2026-11"})).json()
        document = await client.get("/api/v1/ratings/publications/2026-11/1")
        note = await client.get("/api/v1/ratings/publications/2026-11/1/note")
        missing = await client.get("/api/v1/ratings/publications/2026-11/2")
    assert (made["edition"], again, missing.status_code) == (1, made, 404)
    assert document.json()["ratings"][0]["cells"][0]["counts"] == [1, 1, 5]
    assert note.text.startswith("weiran publication 1\n")


@pytest.mark.parametrize("period", ["2026-13", "yesterday", "2026-1"])
async def test_a_period_that_is_none_is_refused_by_name(console: Console, period: str) -> None:
    async with console.client() as client:
        answer = await client.get(f"/api/v1/ratings/figures?period={period}")
    assert (answer.status_code, answer.json()["field"]) == (422, "period")


async def test_another_clerk_s_sign_in_is_refused(console: Console) -> None:
    entry = STATION.model_dump(mode="json") | {"clerk": [{"number": "9", "name": "Other", "staff": "demo"}]}
    async with console.client() as client:
        answer = await client.put("/api/v1/stations/harbour", json=entry)
    assert (answer.status_code, answer.json()["field"]) == (409, "clerk.staff")


async def test_every_page_route_is_listed() -> None:
    found = {r.path for r in pages.router.routes if isinstance(r, APIRoute) and "GET" in (r.methods or ())}
    assert found == set(PAGES)


@pytest.mark.parametrize("path", sorted(PAGES))
@pytest.mark.parametrize(("lang", "width", "height"), [("zh", 390, 844), ("en", 1440, 900)])
async def test_pages_are_accessible_fit_and_say_nothing(
    console: Console, browser: Browser, path: str, lang: str, width: int, height: int
) -> None:
    screen = await open_context(browser, console, lang, width, height)
    async with console.client(PAGES[path]) as client:
        cookie = {"name": COOKIE, "value": client.cookies[COOKIE], "url": console.origin}
    await screen.context.add_cookies([cookie])  # type: ignore[list-item]  # playwright's own TypedDict
    await screen.page.goto(f"{console.origin}{path}?lang={lang}")
    await expect(screen.page.locator("#pulse")).to_have_class("pill ok")
    wide = await screen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (await violations(screen.page), wide, screen.said) == ([], 0, [])
    await screen.context.close()
