"""People in the console: added, given roles and links, shut out; their sessions; one's own account; and the pages."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from fastapi import Request
from fastapi.routing import APIRoute
from playwright.async_api import expect

from cloud_gateway.app import create_app
from cloud_gateway.audit import routes as audit
from cloud_gateway.database import reading, transaction
from cloud_gateway.staff import account, people
from cloud_gateway.staff.accounts import LastAdministrator, disable_staff, set_password
from cloud_gateway.staff.guard import COOKIE
from cloud_gateway.staff.passwords import CommonPassword, check_strength
from cloud_gateway.staff.store import find_staff, remove_password
from edge_agent.web.problems import Problem
from tests.axe import violations
from tests.cloud_gateway.conftest import Console, Opener, running

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: Every address that answers with a page; those that are read where a form was not taken are the same pages.
PAGES = ["/people", "/account", "/audit"]
AGAIN = {"/people/{staff}/role", "/people/{staff}/disabling", "/people/{staff}/links", "/account/password"}
GOOD, OTHER = "correct horse battery", "a lamp on the quay"
XSS = "<script>alert(1)</script>"


async def find_id(client: httpx.AsyncClient, name: str) -> str:
    """The id of a member of staff, as the page of people has it."""
    page = (await client.get("/people?lang=en")).text
    found = re.search(rf'id="do-([0-9a-f-]+)"><summary>Change {name}</summary>', page)
    assert found is not None
    return found[1]


async def change(client: httpx.AsyncClient, name: str, what: str, **form: str) -> httpx.Response:
    """Post one of the forms of a person."""
    return await client.post(f"/people/{await find_id(client, name)}/{what}?lang=en", data=form)


async def test_person_is_added_gets_a_link_once_and_sets_a_password(empty: Console) -> None:
    async with empty.client() as admin:
        added = await admin.post("/people", data={"name": "lin", "role": "inspector"})
        shown = (await change(admin, "lin", "links")).text
        later = (await admin.get("/people")).text
    token = re.search(r"/enter#([\w-]{43})", shown)
    assert added.status_code == 303 and token is not None and token[1] not in later
    async with empty.visitor() as lin:
        await lin.post("/enter", data={"token": token[1]})
        saved = await lin.post("/account/password", data={"new": GOOD, "again": GOOD})
    async with empty.visitor() as lin:
        inside = await lin.post("/sign-in", data={"name": "lin", "password": GOOD})
    assert (saved.status_code, inside.status_code) == (303, 303)


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": "demo", "role": "inspector"}, 409),
        ({"name": " ", "role": "inspector"}, 422),
        ({"name": "x", "role": "king"}, 422),
    ],
    ids=["taken", "blank", "no role"],
)
async def test_person_that_cannot_be_added_is_refused(shared: Console, form: dict[str, str], status: int) -> None:
    async with shared.client() as admin:
        assert (await admin.post("/people", data=form)).status_code == status


@pytest.mark.parametrize(
    ("what", "form"),
    [("role", {"role": "operations"}), ("disabling", {}), ("sessions", {})],
    ids=["another role", "shut out", "sessions ended"],
)
async def test_change_of_a_person_ends_their_sessions_at_once(empty: Console, what: str, form: dict[str, str]) -> None:
    link = await empty.link("inspector")
    async with empty.client("inspector") as inspector, empty.client() as admin:
        changed = await change(admin, "inspector", what, **form)
        codes = [(await inspector.get("/api/v1/devices")).status_code]
        codes.append((await inspector.post("/enter", data={"token": link})).status_code)
    assert (changed.status_code, codes) == (303, [401, 403])


async def test_person_is_let_in_again(empty: Console) -> None:
    async with empty.client() as admin:
        await change(admin, "inspector", "disabling")
        refused = await change(admin, "inspector", "links")
        await change(admin, "inspector", "enabling")
        made = await change(admin, "inspector", "links")
    assert (refused.status_code, made.status_code) == (409, 200)


async def test_last_administrator_stays(empty: Console) -> None:
    async with empty.client() as admin:
        await change(admin, "administrator", "disabling")
        shut = await change(admin, "demo", "disabling")
        changed = await change(admin, "demo", "role", role="regulator")
        still = await admin.get("/people")
    assert (shut.status_code, changed.status_code, still.status_code) == (409, 409, 200)
    assert "Nobody else could administer" in shut.text
    with pytest.raises(LastAdministrator):
        await disable_staff(empty.settings.database, "demo")


async def test_only_administrators_change_people(shared: Console) -> None:
    async with shared.client() as admin:
        who = await find_id(admin, "inspector")
    async with shared.client("operations") as operations:
        codes = [(await operations.post("/people", data={"name": "y", "role": "administrator"})).status_code]
        for what in ("role", "disabling", "enabling", "sessions", "links"):
            answer = await operations.post(f"/people/{who}/{what}", data={"role": "administrator"})
            codes.append(answer.status_code)
    assert set(codes) == {403}


async def test_own_sessions_are_listed_and_ended_and_nobody_elses(empty: Console) -> None:
    async with empty.client("inspector") as first, empty.client("inspector") as second, empty.client() as other:
        page = (await first.get("/account?lang=en")).text
        name = re.findall(r'name="session" value="([0-9a-f]{16})"', page)
        assert len(name) == 1 and "127.0.0.1" in page
        await other.post("/account/sessions", data={"session": name[0]})
        codes = [(await second.get("/api/v1/devices")).status_code]
        await first.post("/account/sessions", data={"session": name[0]})
        codes += [(await one.get("/api/v1/devices")).status_code for one in (second, first)]
    assert codes == [200, 401, 200]


async def test_new_password_needs_the_old_one_and_ends_other_sessions(empty: Console) -> None:
    await set_password(empty.settings.database, "inspector", GOOD)
    async with empty.client("inspector") as first, empty.client("inspector") as second:
        wrong = await first.post("/account/password", data={"current": OTHER, "new": OTHER, "again": OTHER})
        right = await first.post("/account/password", data={"current": GOOD, "new": OTHER, "again": OTHER})
        codes = [(await one.get("/api/v1/devices")).status_code for one in (first, second)]
    assert (wrong.status_code, right.status_code, codes) == (403, 303, [200, 401])


async def test_session_that_ends_while_a_password_is_looked_at_sets_none(empty: Console) -> None:
    async with empty.client("inspector") as client:
        cookie = f"{COOKIE}={client.cookies[COOKIE]}"
    async with reading(empty.engine) as connection:
        who = await find_staff(connection, "inspector")
    assert who is not None
    async with transaction(empty.engine) as connection:
        await remove_password(connection, who.id)
    app = create_app(empty.settings)
    scope = {"type": "http", "app": app, "method": "POST", "path": "/account/password", "query_string": b""}
    request = Request({**scope, "client": ("127.0.0.1", 1), "headers": [(b"cookie", cookie.encode())]})
    async with app.router.lifespan_context(app):
        with pytest.raises(Problem) as refused:
            await account.change_password(request, who, new=OTHER, again=OTHER)
    async with reading(empty.engine) as connection:
        after = await find_staff(connection, "inspector")
    assert (refused.value.status, after and after.password) == (401, None)


@pytest.mark.parametrize(
    ("new", "again", "words"),
    [("short", "short", "12 to 256"), ("password1234", "password1234", "tried first"), (GOOD, OTHER, "same way twice")],
    ids=["short", "common", "not the same"],
)
async def test_password_that_is_not_taken_says_why(shared: Console, new: str, again: str, words: str) -> None:
    async with shared.client("inspector") as client:
        answer = await client.post("/account/password?lang=en", data={"new": new, "again": again})
    assert answer.status_code == 422 and words in answer.text


@pytest.mark.parametrize("password", ["password1234", "qwertyuiop12", "123456789012", "iloveyou1234", "linlinlinlin"])
async def test_password_that_is_soon_guessed_is_refused(password: str) -> None:
    with pytest.raises(CommonPassword):
        check_strength(password, ("lin",))


async def test_many_wrong_passwords_at_once_count_one_by_one_and_outlive_a_restart(empty: Console) -> None:
    async with empty.visitor() as visitor:
        visitor.timeout = httpx.Timeout(300)  # each check is meant to be slow, and so is a busy machine
        tries = (visitor.post("/sign-in", data={"name": "nobody", "password": "x"}) for _ in range(8))
        codes = sorted(answer.status_code for answer in await asyncio.gather(*tries))
    await empty.stop()
    async with running(empty.settings) as again, again.visitor() as visitor:
        answer = await visitor.post("/sign-in", data={"name": "Nobody", "password": "x"})
    files = b"".join(file.read_bytes() for file in empty.settings.data_dir.glob("gateway.db*"))
    assert (codes, answer.status_code) == ([403] * 5 + [429] * 3, 429)
    assert b"nobody|127" not in files


async def test_lost_password_is_taken_away_and_a_link_leads_to_a_new_one(empty: Console) -> None:
    await set_password(empty.settings.database, "inspector", GOOD)
    async with empty.client() as admin:
        answer = await change(admin, "inspector", "password-removal")
        page = (await admin.get(answer.headers["location"] + "&lang=en")).text
    async with empty.client("inspector") as inspector:
        new = await inspector.post("/account/password", data={"new": OTHER, "again": OTHER})
    assert "inspector has no password now" in page
    assert new.status_code == 303


async def test_refused_person_keeps_what_was_typed_and_an_added_one_is_offered_a_link(shared: Console) -> None:
    async with shared.client() as admin:
        refused = (await admin.post("/people?lang=en", data={"name": "operations", "role": "regulator"})).text
        added = await admin.post("/people", data={"name": "offered", "role": "regulator"})
        page = (await admin.get(added.headers["location"] + "&lang=en")).text
        who = await find_id(admin, "offered")
    assert '<option value="regulator" selected>' in refused.partition("Who may sign in")[0]
    assert "offered may sign in now" in page
    assert f'action="/people/{who}/links"' in page.partition("Who may sign in")[0]


async def test_wrong_address_leads_visitors_to_the_wall_and_staff_to_the_first_page(shared: Console) -> None:
    looking = {"Accept": "text/html"}
    async with shared.visitor() as visitor, shared.client() as staff:
        pages = [(await client.get("/nowhere", headers=looking)).text for client in (visitor, staff)]
    assert [re.findall(r'class="btn" href="(/[a-z-]*)">', page) for page in pages] == [["/wall", "/sign-in"], ["/"]]


async def test_page_of_a_value_that_cannot_be_used_names_its_field(shared: Console) -> None:
    async with shared.client() as client:
        answers = [
            await client.get(f"/alarms?state=nope&lang={lang}", headers={"Accept": "text/html"})
            for lang in ("zh", "en")
        ]
    assert [one.status_code for one in answers] == [422, 422]
    assert ["字段： <code>state</code>" in answers[0].text, "Field: <code>state</code>" in answers[1].text] == [
        True
    ] * 2


async def test_every_page_route_is_listed() -> None:
    routers = (people.router, account.router, audit.router)
    routes = {r.path for one in routers for r in one.routes if isinstance(r, APIRoute) and "GET" in (r.methods or ())}
    assert routes == {page.partition("?")[0] for page in PAGES} | AGAIN


async def test_pages_fit_are_accessible_live_and_run_no_name(empty: Console, open_screen: Opener) -> None:
    screen = await open_screen(empty, "en")
    async with empty.client() as admin:
        await admin.post("/people", data={"name": XSS, "role": "inspector"})
        await change(admin, "inspector", "role", role="regulator")
    for path in PAGES:
        for lang, width, height in (("zh", 390, 844), ("en", 1440, 900)):
            await screen.page.set_viewport_size({"width": width, "height": height})
            await screen.page.goto(f"{empty.origin}{path}?lang={lang}")
            await expect(screen.page.locator("#pulse")).to_have_class("pill ok")
            await screen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            wide = await screen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert (path, lang, await violations(screen.page), wide) == (path, lang, [], 0)
    await screen.page.goto(f"{empty.origin}/people?lang=en")
    await expect(screen.page.locator("[data-part=people]")).to_contain_text(XSS)
    async with empty.client() as admin:
        await change(admin, "inspector", "disabling")
    await expect(screen.page.locator("tr", has_text="Change inspector")).to_contain_text("shut out")
    await screen.page.goto(f"{empty.origin}/audit?person=nobody")
    await expect(screen.page.locator("[data-part=acts]")).to_contain_text("Nothing that was done fits.")
    await screen.page.goto(f"{empty.origin}/people")
    await expect(screen.page.locator("#pulse")).to_have_class("pill ok")
    await empty.stop()
    await expect(screen.page.locator("#cut")).to_be_visible()
    await expect(screen.page.locator("[data-part=people]")).to_contain_text(XSS)
    assert [line for line in screen.said if "error" in line and "ERR_" not in line] == []
