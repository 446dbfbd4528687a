"""The pages of plans, tasks and the flood network: what they show, what they take, and to whom they give buttons."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from playwright.async_api import Browser, expect

from cloud_gateway.plans import pages, pages_network, pages_tasks
from cloud_gateway.plans.photos import FOLDER, NoPhoto, find_photo, keep_photo
from cloud_gateway.plans.plan_page import season_start
from cloud_gateway.staff.roles import Role
from cloud_gateway.warnings.model import Level
from edge_agent.web.times import parse_time
from tests.axe import violations
from tests.cloud_gateway.conftest import Console, Opener, Screen, open_context
from tests.cloud_gateway.plans.scene import PICTURE, Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: What the forms of these addresses say besides.
STATE = {"/network/requests/none/state": {"state": "accepted"}}
#: Every address that answers with a page or a picture; a route that is not here fails the test below.
PAGES = ["/plans", "/plans/{plan}", "/tasks", "/tasks/{task}", "/network"]
PICTURES = ["/tasks/{task}/photo"]
LOOKED_AT = ["/plans", "/plans/{plan}", "/tasks?event={drill}", "/tasks/{task}", "/network?site={site}"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engineer(shared: Console) -> AsyncIterator[httpx.AsyncClient]:
    """A risk engineer who is signed in."""
    async with shared.client(Role.RISK_ENGINEER.value) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def scene(shared: Console, engineer: httpx.AsyncClient, device: str) -> Scene:
    """A scene of one test alone."""
    made = Scene(shared, engineer, device)
    await made.enter()
    return made


@dataclass(frozen=True)
class Look:
    """A telephone at night in Chinese, a desk by day in English, and where they look."""

    screens: dict[str, Screen]
    places: dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def look(shared: Console, engineer: httpx.AsyncClient, browser: Browser) -> AsyncIterator[Look]:
    scene = Scene(shared, engineer, "look-depot")
    await scene.enter()
    tasks = await scene.rain(Level.SEVERE)
    drill = await scene.drill()
    await scene.partner("Look pumps")
    phone = await open_context(browser, shared, "zh", 390, 844)
    desk = await open_context(browser, shared, "en", 1440, 900)
    await phone.context.add_cookies([{"name": "weiran_theme", "value": "night", "url": shared.origin}])
    places = {"plan": await plan_of(shared, drill), "drill": drill, "task": tasks["lift-goods"], "site": "look-depot"}
    yield Look({"phone": phone, "desk": desk}, places)
    await phone.context.close()
    await desk.context.close()


async def plan_of(console: Console, event: str) -> str:
    """The plan behind the tasks of an event or drill."""
    async with console.client() as client:
        return str((await client.get("/api/v1/tasks", params={"event": event})).json()["items"][0]["plan"])


async def state_of(scene: Scene, task: str) -> tuple[object, ...]:
    """What the API says became of a task."""
    params: dict[str, str | int] = {"event": scene.event, "limit": 1000}
    found = (await scene.client.get("/api/v1/tasks", params=params)).json()["items"]
    (one,) = (item for item in found if item["id"] == task)
    return one["state"], one["ended_by"], one["note"], bool(one["photo"])


async def test_every_page_route_is_listed() -> None:
    routers = (pages.router, pages_tasks.router, pages_network.router)
    found = {r.path for one in routers for r in one.routes if isinstance(r, APIRoute) and "GET" in (r.methods or ())}
    assert found == {*PAGES, *PICTURES}


@pytest.mark.parametrize(
    ("size", "path"), [*(("phone", path) for path in LOOKED_AT), ("desk", LOOKED_AT[1]), ("desk", LOOKED_AT[-1])]
)
async def test_pages_are_accessible_fit_and_say_nothing(look: Look, shared: Console, size: str, path: str) -> None:
    screen = look.screens[size]
    await screen.page.goto(shared.origin + path.format(**look.places))
    await expect(screen.page.locator("#pulse")).to_have_class("pill ok")
    wide = await screen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (await violations(screen.page), wide, screen.said) == ([], 0, [])


async def test_task_of_a_drill_is_answered_on_a_telephone_and_marked_everywhere(
    scene: Scene, open_screen: Opener
) -> None:
    drill = await scene.drill()
    page = (await open_screen(scene.console, "zh", 390, 844, path=f"/tasks?event={drill}")).page
    await expect(page.locator(".ribbon")).to_contain_text("DRILL / 演练")
    await expect(page.locator("[data-part=open] .exercise")).to_have_count(3)
    await page.click("text=把货物抬上货架")
    await expect(page.locator(".ribbon")).to_contain_text("DRILL / 演练")
    await page.wait_for_load_state()  # with its styles
    box = await page.locator("button[value=done]").bounding_box()
    assert box is not None and box["height"] >= 60
    await page.set_input_files("input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": PICTURE})
    await page.fill("textarea", "都在货架上")
    await page.click("button[value=done]")
    await expect(page.locator("[data-part=state]")).to_contain_text(re.compile("已完成.*演练.*都在货架上", re.S))
    await expect(page.locator("img.photo")).to_have_js_property("naturalWidth", 1)


async def test_photo_of_a_task_is_kept_and_shown(scene: Scene) -> None:
    task = (await scene.rain(Level.SEVERE))["lift-goods"]
    data = {"state": "done", "note": "on the racks"}
    answer = await scene.client.post(f"/tasks/{task}", data=data, files={"photo": ("a.jpg", PICTURE)})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{task}")
    assert await state_of(scene, task) == ("done", "risk-engineer", "on the racks", True)
    shown = await scene.client.get(f"/tasks/{task}/photo")
    assert (shown.content, shown.headers["content-type"]) == (PICTURE, "image/png")
    assert shown.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("step", "data", "files", "status", "told"),
    [
        ("lift-goods", {"state": "done", "note": "I swear"}, {}, 422, "Add a photo, or answer that it was unsafe"),
        ("lift-goods", {"state": "done", "note": "see"}, {"photo": b"<script>"}, 422, "This file is no photo."),
        ("call-crew", {"state": "done", "note": "  "}, {}, 422, "Write a note, or answer that it was unsafe"),
        ("clear-drains", {"state": "done", "note": "n"}, {"photo": PICTURE}, 409, "No photo is taken now"),
    ],
    ids=["photo missing", "no picture", "note missing", "photo in danger"],
)
async def test_answer_that_does_not_fit_is_shown_again_with_the_reason(
    scene: Scene, step: str, data: dict[str, str], files: dict[str, bytes], status: int, told: str
) -> None:
    task = (await scene.rain(Level.SEVERE))[step]
    before = await state_of(scene, task)
    answer = await scene.client.post(f"/tasks/{task}?lang=en", data=data, files=files)
    assert (answer.status_code, told in answer.text) == (status, True)
    assert f">{data['note'].strip()}</textarea>" in answer.text
    assert await state_of(scene, task) == before


async def test_unsafe_is_a_full_answer_without_proof(scene: Scene) -> None:
    task = (await scene.rain(Level.SEVERE))["lift-goods"]
    await scene.client.post(f"/tasks/{task}", data={"state": "unsafe-not-done"})
    assert (await state_of(scene, task))[:2] == ("unsafe-not-done", "risk-engineer")
    shown = await scene.page(f"/tasks/{task}")
    assert "that is a full answer. Nobody asks again." in shown
    assert "<form class" not in shown


async def test_red_takes_the_photo_away_and_says_why(scene: Scene) -> None:
    task = (await scene.rain(Level.SEVERE))["lift-goods"]
    assert 'type="file"' in await scene.page(f"/tasks/{task}")
    await scene.turn(Level.EXTREME)
    shown = await scene.page(f"/tasks/{task}")
    assert ('type="file"' in shown, "Red is in force." in shown, "people come before goods" in shown) == (
        False,
        True,
        True,
    )
    other = PICTURE + b"of another moment"
    refused = await scene.client.post(f"/tasks/{task}", data={"state": "done"}, files={"photo": other})
    kept = find_photo(scene.console.settings.data_dir, hashlib.sha256(other).hexdigest())
    assert (refused.status_code, kept) == (409, None)
    await scene.client.post(f"/tasks/{task}", data={"state": "done"})
    assert (await state_of(scene, task))[0] == "done"


async def test_task_out_of_doors_under_red_says_that_nobody_goes(scene: Scene) -> None:
    task = (await scene.rain(Level.EXTREME))["walk-the-dyke"]
    shown = await scene.page(f"/tasks/{task}")
    assert "Red is in force." in shown
    assert "Nobody goes out for this task now." in shown
    assert "It was done before" in shown


async def test_what_a_downgrade_took_back_is_shown_as_that(scene: Scene) -> None:
    task = (await scene.rain(Level.SEVERE))["walk-the-dyke"]
    await scene.turn(Level.MODERATE)
    shown = await scene.page(f"/tasks/{task}")
    assert "Taken back, because the warning was lowered or is over." in shown
    assert "taken back" in await scene.page(f"/tasks?event={scene.event}")
    late = await scene.client.post(f"/tasks/{task}?lang=en", data={"state": "done", "note": "too late"})
    assert (late.status_code, "your answer was not kept" in late.text) == (409, True)


async def test_drill_is_begun_and_ended_and_never_among_real_tasks(scene: Scene) -> None:
    plan = await scene.plan()
    drill = await scene.drill(Level.EXTREME)
    assert "A drill is on: red." in await scene.page(f"/plans/{plan}")
    task = (await scene.tasks_of(drill))["call-crew"]
    listed = await scene.page("/tasks")
    assert listed.index("Drills and simulated events") < listed.index(task)
    ended = await scene.client.post(f"/plans/{plan}/drills/end")
    assert ended.headers["location"] == f"/plans/{plan}#drills"
    assert "Taken back, because the drill has ended." in await scene.page(f"/tasks/{task}")
    shown = await scene.page(f"/plans/{plan}")
    assert ("A drill is on" in shown, "0 of 4 answered" in shown) == (False, True)


async def test_plans_that_are_overdue_come_first_with_their_contacts(scene: Scene) -> None:
    late = await scene.plan(hazard="typhoon", review_by="2020-05-01")
    fine = await scene.plan()
    listed = await scene.page("/plans")
    assert listed.index(f"/plans/{late}") < listed.index(f"/plans/{fine}")
    assert "was to be reviewed by 2020-05-01" in listed
    place = f"/contact-checks/recipient/p-{scene.code}"
    assert (place in listed, "1 contact not checked" in row_of(listed, fine)) == (True, True)
    checked = await scene.client.post(place)
    assert checked.headers["location"] == "/plans#contacts"
    again = await scene.page("/plans")
    assert (place in again, "not checked" in row_of(again, fine)) == (False, False)


def row_of(listed: str, plan: str) -> str:
    """The line of a plan in the list."""
    return listed.partition(f"/plans/{plan}")[2].partition("</li>")[0]


async def test_older_version_leads_to_the_newest_and_has_no_drill(scene: Scene) -> None:
    old, new = await scene.plan(), await scene.plan(review_by="2098-05-01")
    shown = await scene.page(f"/plans/{old}")
    assert (f'class="btn primary" href="/plans/{new}"' in shown, "Begin a drill" in shown) == (True, False)
    assert "Begin a drill" in await scene.page(f"/plans/{new}")


async def test_partner_is_asked_once_and_the_request_goes_on_to_its_end(scene: Scene) -> None:
    await scene.rain(Level.SEVERE)
    await scene.partner(f"near {scene.code}")
    await scene.partner(f"far {scene.code}", latitude=31.9)
    listed = await scene.page(f"/network?site={scene.code}&kind=pump&least=2")
    assert listed.index(f"near {scene.code}") < listed.index(f"far {scene.code}")
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', listed.partition(f"near {scene.code}")[2]))
    assert form["event"] == scene.event
    for _ in range(2):
        answer = await scene.client.post("/network/requests", data=form | {"count": "2", "note": "by the gate"})
        assert answer.headers["location"] == "/network#requests"
    more = await scene.client.post(
        "/network/requests?lang=en", data=form | {"count": "2", "key": f"{scene.code} again"}
    )
    assert (more.status_code, "The partner has not so many available." in more.text) == (409, True)
    (asked,) = (await scene.client.get("/api/v1/resource-requests", params={"event": scene.event})).json()["items"]
    place = f"/network/requests/{asked['id']}/state"
    early = await scene.client.post(f"{place}?lang=en", data={"state": "returned"})
    assert (early.status_code, "The request cannot go to that state." in early.text) == (409, True)
    for state in ("accepted", "arrived", "returned"):
        await scene.client.post(place, data={"state": state, "note": f"now {state}"})
    log = (await scene.page("/network")).partition(f"log-{asked['id']}")[2].partition("</ol>")[0]
    assert re.findall("by the gate|now [a-z]+", log) == ["by the gate", "now accepted", "now arrived", "now returned"]


async def test_partner_whose_contacts_somebody_tried_is_checked(scene: Scene) -> None:
    partner = await scene.partner(f"stale {scene.code}")
    place = f"/network/partners/{partner['id']}/contact-check"
    before = (await scene.page("/network")).partition(f"<b>stale {scene.code}</b>")[2].partition("</li>")[0]
    await scene.client.post(place)
    after = (await scene.page("/network")).partition(f"<b>stale {scene.code}</b>")[2].partition("</li>")[0]
    assert ("contact to be checked" in before, "contact to be checked" in after) == (True, False)


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        ("/plans/none/drills", Role.OPERATIONS, 403),
        ("/plans/none/drills", Role.RISK_ENGINEER, 404),
        ("/tasks/none", Role.REGULATOR, 403),
        ("/tasks/none", Role.INSPECTOR, 404),
        ("/contact-checks/recipient/none", Role.INSPECTOR, 403),
        ("/network/requests", Role.INSPECTOR, 403),
        ("/network/requests/none/state", Role.REGULATOR, 403),
        ("/network/partners/none/contact-check", Role.INSPECTOR, 403),
    ],
)
async def test_roles_may_do_what_is_theirs(shared: Console, path: str, role: Role, status: int) -> None:
    async with shared.client(role.value) as client:
        answer = await client.post(path, data={"state": "done", "level": "3"} | STATE.get(path, {}))
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/plans/none/drills", "/tasks/none", "/network/requests"])
async def test_changes_from_elsewhere_are_refused(engineer: httpx.AsyncClient, path: str) -> None:
    answer = await engineer.post(path, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


@pytest.mark.parametrize("path", ["/plans", "/tasks", "/network"])
async def test_nobody_sees_a_page_without_a_session(shared: Console, path: str) -> None:
    async with shared.visitor() as visitor:
        answer = await visitor.get(path)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


async def test_regulator_reads_and_gets_no_button_and_no_number(scene: Scene) -> None:
    task = (await scene.rain(Level.SEVERE))["lift-goods"]
    await scene.partner(f"private {scene.code}")
    drill = await scene.drill()
    paths = ["/plans", f"/plans/{await scene.plan()}", f"/tasks/{task}", f"/tasks?event={drill}"]
    shown = [await scene.page(path, role=Role.REGULATOR) for path in [*paths, f"/network?site={scene.code}"]]
    assert [re.findall('method="post" action="(?!/sign-out)[^"]*', page) for page in shown] == [[]] * 5
    assert ["13800000000" in page for page in shown] == [False] * 5
    assert f"private {scene.code}" in shown[-1]


@pytest.mark.parametrize("path", ["/plans/none", "/tasks/none", "/tasks/none/photo"])
async def test_what_is_not_there_is_not_found(engineer: httpx.AsyncClient, path: str) -> None:
    assert (await engineer.get(path)).status_code == 404


async def test_photo_is_kept_once_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    names = {keep_photo(tmp_path, PICTURE) for _ in range(2)}
    (file,) = (tmp_path / FOLDER).iterdir()
    assert ({file.name}, file.read_bytes(), file.stat().st_mode & 0o077) == (names, PICTURE, 0)
    with pytest.raises(NoPhoto):
        keep_photo(tmp_path, b"%PDF-1.7")
    assert find_photo(tmp_path, "../" + FOLDER) is None


@pytest.mark.parametrize(
    ("now", "begins"),
    [("2026-11-22", "2026-03-01"), ("2027-02-28", "2026-03-01"), ("2027-03-01", "2027-03-01")],
    ids=["autumn", "before the season", "its first day"],
)
async def test_contacts_are_checked_once_a_season(now: str, begins: str) -> None:
    assert season_start(parse_time(f"{now}T00:00:00+08:00"), "Asia/Shanghai").isoformat() == begins
