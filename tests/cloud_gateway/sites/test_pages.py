"""The pages of sites: found, changed on a map in a real browser, kept with who did it, and matched from then on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.settling import Settling
from cloud_gateway.exposures.store_sites import list_places
from cloud_gateway.sites.changes import Facts
from cloud_gateway.sites.forms import EMPTY, write_form
from cloud_gateway.sites.store_changes import find_facts
from cloud_gateway.staff.roles import Role
from tests.cloud_gateway.board.story import Story
from tests.cloud_gateway.conftest import Console, Opener, now_ms

pytestmark = pytest.mark.asyncio(loop_scope="session")
DEPOT = EMPTY | {"code": "depot-1", "name": "Depot 1", "name_zh": "一号仓库", "latitude": "31.2", "longitude": "121.5"}
SEEN = re.compile(r'name="seen" value="(\w*)"')


@pytest_asyncio.fixture(loop_scope="session")
async def engineer(empty: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with empty.client(Role.RISK_ENGINEER.value) as client:
        client.headers["Accept-Language"] = "en"
        yield client


async def enter(client: httpx.AsyncClient, **more: str) -> None:
    answer = await client.post("/sites/new", data=DEPOT | more)
    assert (answer.status_code, answer.headers.get("location")) == (303, f"/sites/{(DEPOT | more)['code']}"), (
        answer.text
    )


async def facts(console: Console, code: str = "depot-1") -> Facts:
    async with reading(console.engine) as connection:
        found = await find_facts(connection, code)
    assert found is not None
    return found


async def form_of(client: httpx.AsyncClient, console: Console) -> dict[str, str]:
    page = await client.get("/sites/depot-1/edit")
    return write_form(await facts(console)) | {"seen": SEEN.findall(page.text)[0]}


async def places(console: Console, now: int) -> list[str]:
    async with reading(console.engine) as connection:
        return [place.code for place in await list_places(connection, now)]


async def test_list_is_searched_and_paged(empty: Console, engineer: httpx.AsyncClient) -> None:
    await enter(engineer, adcode="310115", insured_value="12500000.50")
    await enter(engineer, code="dock-2", name="Dock_2", name_zh="二号码头")
    found = [(await engineer.get("/sites", params={"q": words})).text for words in ("310115", "二号", "_", "nowhere")]
    named = [("depot-1" in page, "dock-2" in page) for page in found]
    assert named == [(True, False), (False, True), (False, True), (False, False)]
    assert "12,500,000.50 CNY" in found[0] and "No site has “nowhere”" in found[3]


async def test_wrong_form_comes_back_as_it_was_with_the_field_named(engineer: httpx.AsyncClient) -> None:
    answer = await engineer.post("/sites/new", data=DEPOT | {"latitude": "95", "low_ground": "yes"})
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="wrong-latitude"' in answer.text and 'value="95"' in answer.text
    assert "Give degrees from -90 to 90" in answer.text and 'value="yes" checked' in answer.text


async def test_same_site_entered_twice_is_one_and_another_of_its_code_is_refused(engineer: httpx.AsyncClient) -> None:
    await enter(engineer)
    await enter(engineer)
    other = await engineer.post("/sites/new", data=DEPOT | {"name": "Another"})
    assert (other.status_code, "Another site has this code." in other.text) == (422, True)


async def test_two_editors_do_not_overwrite_one_another(empty: Console, engineer: httpx.AsyncClient) -> None:
    await enter(engineer)
    mine = await form_of(engineer, empty) | {"name": "Mine"}
    async with empty.client(Role.OPERATIONS.value) as other:
        await other.post("/sites/depot-1/edit", data=mine | {"name": "Theirs"})
    answer = await engineer.post("/sites/depot-1/edit", data=mine)
    assert (answer.status_code, "operations has changed this site meanwhile" in answer.text) == (409, True)
    assert (await facts(empty)).site.name == "Theirs"
    wrong = await engineer.post("/sites/depot-1/edit", data=mine | {"latitude": "x"})
    assert SEEN.findall(wrong.text) == [mine["seen"]]
    again = await engineer.post("/sites/depot-1/edit", data=mine | {"seen": SEEN.findall(answer.text)[0]})
    assert (again.status_code, (await facts(empty)).site.name) == (303, "Mine")


async def test_every_change_is_kept_with_its_person(empty: Console, engineer: httpx.AsyncClient) -> None:
    await enter(engineer)
    async with empty.client() as client:
        await client.put("/api/v1/sites/depot-1/risk", json={"insured_minor": 1_250_000})
    await engineer.post("/sites/depot-1/edit", data=await form_of(engineer, empty) | {"latitude": "31.21"})
    history = (await engineer.get("/sites/depot-1")).text.partition('data-part="changes"')[2]
    by = re.findall(r"<b>([\w-]+)</b>", history)
    assert by == ["risk-engineer", "demo", "risk-engineer"]
    assert "31.2, 121.5 → 31.21, 121.5" in history and "not entered → 12,500 CNY" in history


async def test_operations_moves_a_site_and_does_not_value_it(empty: Console, engineer: httpx.AsyncClient) -> None:
    await enter(engineer, insured_value="100")
    async with empty.client(Role.OPERATIONS.value) as client:
        sent = await form_of(client, empty) | {"latitude": "31.21", "insured_value": "1"}
        assert (await client.post("/sites/depot-1/edit", data=sent)).status_code == 303
    found = await facts(empty)
    assert (found.site.latitude, found.risk.insured_minor) == (31.21, 10_000)


@pytest.mark.parametrize("role", [Role.REGULATOR, Role.INSPECTOR, Role.COUNTER_MANAGER])
async def test_others_look_and_change_nothing(shared: Console, role: Role) -> None:
    async with shared.client(role.value) as client:
        answers = [await client.get("/sites/new"), await client.post("/sites/new", data=DEPOT)]
        page = await client.get("/sites")
    assert [one.status_code for one in answers] == [403, 403]
    assert (page.status_code, "/sites/new" in page.text, "/calls" in page.text) == (200, False, False)


async def test_retired_site_is_matched_until_its_day_and_until_what_is_open_has_ended(
    empty: Console, engineer: httpx.AsyncClient
) -> None:
    story = Story(empty.engine, now_ms())
    await story.tell()
    day = "2000-01-01"
    for code in ("suzhou", "yangshan"):
        sent = write_form(await facts(empty, code)) | {"retired": day, "seen": ""}
        page = await engineer.get(f"/sites/{code}/edit")
        sent["seen"] = SEEN.findall(page.text)[0]
        assert (await engineer.post(f"/sites/{code}/edit", data=sent)).status_code == 303
    assert "suzhou" in await places(empty, 1) and "suzhou" not in await places(empty, story.now)
    settling = Settling(Gauges())
    async with transaction(empty.engine) as connection:
        await settling.settle(connection, story.now)
    assert "yangshan" in await places(empty, story.now)
    await story.warn("last", None, 0, refers="second", kind="Cancel")
    assert "yangshan" not in await places(empty, story.now)
    assert "This site is not matched with warnings since" in (await engineer.get("/sites/suzhou")).text


async def drag(page: Page, target: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    box = await target.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    await page.mouse.down()
    await page.mouse.move(box["x"] + (start[0] + end[0]) / 2, box["y"] + (start[1] + end[1]) / 2)
    await page.mouse.move(box["x"] + end[0], box["y"] + end[1])
    await page.mouse.up()


async def test_site_is_moved_and_drawn_on_the_map(
    empty: Console, engineer: httpx.AsyncClient, open_screen: Opener
) -> None:
    await enter(engineer)
    screen = await open_screen(empty, "en", 1440, 900)
    page = screen.page
    await page.goto(f"{empty.origin}/sites/depot-1/edit")
    await expect(page.locator("#map-said")).to_contain_text("km wide")
    map_ = page.locator("#map")
    box = await map_.bounding_box()
    assert box is not None
    middle = (box["width"] / 2, box["height"] / 2)
    await drag(page, map_, middle, (middle[0] + 60, middle[1]))
    await expect(page.locator("#f-longitude")).not_to_have_value("121.5")
    await expect(page.locator("#f-latitude")).to_have_value("31.2")
    await page.click("[data-tool=outline]")
    for across, down in ((20, -40), (120, -40), (120, 40), (20, 40)):
        await map_.click(position={"x": middle[0] + across, "y": middle[1] + down})
    await expect(page.locator("#f-outline")).to_have_value(re.compile(r"^(31\.\d+, 121\.\d+\n?){4}$"))
    await drag(page, map_, (middle[0] + 120, middle[1]), (middle[0] + 150, middle[1]))
    await expect(page.locator("#map-said")).to_contain_text("5 corners")
    await page.click("[data-act=remove]")
    await page.click(".save button")
    await expect(page.locator("[data-part=changes]")).to_contain_text("none → 4 corners")
    assert ((await facts(empty)).site.longitude > 121.5, screen.said) == (True, [])


async def test_typed_outline_that_crosses_itself_is_refused_and_kept_on_a_telephone(
    empty: Console, engineer: httpx.AsyncClient, open_screen: Opener
) -> None:
    await enter(engineer)
    page = (await open_screen(empty, "zh", 390, 844, path="/sites/depot-1/edit")).page
    await page.fill("#f-outline", "31.2, 121.5\n31.21, 121.51\n31.2, 121.51\n31.21, 121.5")
    await expect(page.locator("#map-said")).to_contain_text("4 个角点")
    await page.click(".save button")
    await expect(page.locator("#wrong-outline")).to_contain_text("边界在 31.20500, 121.50500 附近自相交叉。")
    await expect(page.locator("#f-outline")).to_have_value(re.compile("31.21, 121.5$"))
