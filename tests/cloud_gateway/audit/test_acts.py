"""Who did what is written down before it is done, completed after it, found again, and let go of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text

from cloud_gateway.app import create_app
from cloud_gateway.audit.layer import list_changing
from cloud_gateway.audit.routes import day_span, outcome
from cloud_gateway.audit.store import Doer, Sought, list_acts, make_act, write_act
from cloud_gateway.audit.words import NAMES, name_of
from cloud_gateway.database import reading, transaction
from cloud_gateway.ratings.store_figures import list_views
from cloud_gateway.staff import accounts
from deploy.cli import run
from tests.cloud_gateway.conftest import Console, make_settings, now_ms, running
from tests.databases import make_database

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY_MS = 86_400_000
SOMEBODY = Doer("0", "somebody", "inspector", "192.0.2.1")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def console(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A console whose acts no other file's tests add to."""
    settings = make_settings(tmp_path_factory.mktemp("acts"))
    await asyncio.to_thread(make_database, settings.database)
    async with running(settings) as console:
        yield console


async def acts(console: Console, **filters: str) -> list[tuple[object, ...]]:
    """Name, role, method, route, subject and status of the acts, the newest first, as an administrator reads them."""
    async with console.client() as client:
        answer = await client.get("/api/v1/acts", params=filters)
    keys = ("name", "role", "method", "route", "subject", "status")
    return [tuple(item[key] for key in keys) for item in answer.json()["items"]]


async def test_change_stands_with_person_route_subject_and_outcome_and_no_body(console: Console) -> None:
    async with console.client("inspector") as client:
        await client.put("/api/v1/stations/hall-1?note=private", json={"secret": "body"})
    found = await acts(console, person="inspector", route="stations")
    assert found == [("inspector", "inspector", "PUT", "/api/v1/stations/{code}", "hall-1", 403)]
    everything = str(await acts(console))
    assert [word for word in ("private", "secret", "body") if word in everything] == []


async def test_reading_and_visitors_who_are_not_signed_in_leave_no_act(console: Console) -> None:
    async with console.client("regulator") as client:
        await client.get("/api/v1/devices")
    async with console.visitor() as visitor:
        await visitor.put("/api/v1/stations/hall-2", json={})
    assert [row[3] for row in await acts(console, person="regulator")] == ["/enter"]
    assert "hall-2" not in str(await acts(console))


async def test_change_that_cannot_be_written_down_is_refused(empty: Console) -> None:
    async with empty.client() as client:
        async with transaction(empty.engine) as connection:
            await connection.execute(text("DROP TABLE act"))
        refused = await client.post("/people", data={"name": "late", "role": "inspector"})
    names = [one.name for one in await accounts.list_staff(empty.settings.database)]
    assert (refused.status_code, refused.json()["code"]) == (503, "act_not_written")
    assert "late" not in names


async def test_act_of_a_handler_that_fails_says_so(empty: Console) -> None:
    async with empty.client() as client:
        async with transaction(empty.engine) as connection:
            await connection.execute(text("DROP TABLE sign_in_link"))
        failed = await client.post("/people", data={"name": "x", "role": "regulator"})
        people = (await client.get("/people?lang=en")).text
        who = people.partition("/people/")[2].partition("/")[0]
        answer = await client.post(f"/people/{who}/links")
    async with reading(empty.engine) as connection:
        newest = (await list_acts(connection, Sought(), None, 1))[0]
    assert (failed.status_code, answer.status_code) == (303, 500)
    assert (newest.route, newest.status) == ("/people/{staff}/links", 500)


async def test_sign_in_its_failure_and_sign_out_are_acts_and_unknown_names_are_not(console: Console) -> None:
    async with console.visitor() as visitor:
        await visitor.post("/sign-in", data={"name": "operations", "password": "not this one"})
        await visitor.post("/sign-in", data={"name": "my secret pass phrase", "password": "x"})
    async with console.client("operations") as client:
        await client.post("/sign-out")
    found = [row[2:] for row in await acts(console, person="operations")]
    assert found == [("POST", "/sign-out", "", 303), ("POST", "/enter", "", 303), ("POST", "/sign-in", "", 403)]
    assert "pass phrase" not in str(await acts(console))


async def test_commands_are_acts_of_the_command_line(console: Console) -> None:
    config = console.settings.data_dir / "gateway.toml"
    config.write_text(f'data_dir = "{console.settings.data_dir}"\n')
    add = ["gateway", "user", "add", "wen", "--role", "inspector", "--config", str(config)]
    assert await asyncio.to_thread(run, add) == 0
    assert await asyncio.to_thread(run, add) == 2
    assert await acts(console, person="command line") == [
        ("command line", "", "RUN", "gateway user add", "wen inspector", 0)
    ]


async def test_acts_are_found_by_day_and_read_page_by_page(empty: Console) -> None:
    begin, _end = day_span("2026-02-28", "Asia/Shanghai")
    query = {"day": "2026-02-28", "limit": "2"}
    async with empty.client() as client:  # first: acts that are too old go when somebody signs in
        async with transaction(empty.engine) as connection:
            for at in (begin - 1, begin, begin, begin + DAY_MS - 1, begin + DAY_MS):
                await write_act(connection, make_act(SOMEBODY, at, "POST", "/x", str(at - begin), 200))
        first = (await client.get("/api/v1/acts", params=query)).json()
        second = (await client.get("/api/v1/acts", params=query | {"after": first["next"]})).json()
    seen = [item["subject"] for page in (first, second) for item in page["items"]]
    assert (seen, second["next"]) == ([str(DAY_MS - 1), "0", "0"], None)


async def test_old_acts_go_when_somebody_signs_in(empty: Console) -> None:
    kept = now_ms() - empty.settings.audit.days * DAY_MS
    async with transaction(empty.engine) as connection:
        for at in (kept - 60_000, kept + 60_000):
            await write_act(connection, make_act(SOMEBODY, at, "POST", "/x", "", 200))
    async with empty.client() as client:
        answer = await client.get("/api/v1/acts", params={"person": "somebody"})
    assert len(answer.json()["items"]) == 1


@pytest.mark.parametrize("day", ["2020-02-30", "9999-12-31", "x"])
async def test_day_that_is_none_is_refused_by_name(console: Console, day: str) -> None:
    async with console.client() as client:
        answer = await client.get("/api/v1/acts", params={"day": day})
    assert (answer.status_code, answer.json()["field"]) == (422, "day")


@pytest.mark.parametrize(
    ("role", "codes"),
    [("operations", [403, 403, 403]), ("inspector", [403, 403, 403]), ("regulator", [200, 200, 403])],
)
async def test_acts_are_for_administrators_and_regulators_and_people_for_the_former(
    console: Console, role: str, codes: list[int]
) -> None:
    async with console.client(role) as client:
        assert [(await client.get(path)).status_code for path in ("/api/v1/acts", "/audit", "/people")] == codes


async def test_a_regulators_look_at_the_acts_is_written_down(empty: Console) -> None:
    async with empty.client("regulator") as client:
        page = await client.get("/audit?person=demo&lang=en")
        await client.get("/api/v1/acts?person=demo")
    async with reading(empty.engine) as connection:
        looks = [(who, what) for _, _, who, what in await list_views(connection, 10**9, 3)]
    assert looks == [("regulator", "/api/v1/acts?person=demo"), ("regulator", "/audit?person=demo&lang=en")]
    assert 'href="/people"' not in page.text


async def test_acts_are_found_by_subject_and_by_several_days(empty: Console) -> None:
    begin, _end = day_span("2026-02-28", "Asia/Shanghai")
    async with empty.client() as client:
        async with transaction(empty.engine) as connection:
            for number in range(4):
                await write_act(connection, make_act(SOMEBODY, begin + number * DAY_MS, "POST", "/x", f"d{number}_"))
        days = (await client.get("/api/v1/acts", params={"day": "2026-03-01", "until": "2026-03-02"})).json()
        old = (await client.get("/api/v1/acts", params={"until": "2026-03-01"})).json()
        about = (await client.get("/api/v1/acts", params={"subject": "3_"})).json()
        page = await client.get("/audit?day=2026-03-02&until=2026-03-01&lang=en")
    found = [[item["subject"] for item in answer["items"]] for answer in (days, old, about)]
    assert found == [["d2_", "d1_"], ["d1_", "d0_"], ["d3_"]]
    assert page.status_code == 422 and "before the first one" in page.text and 'value="2026-03-02"' in page.text


@pytest.mark.parametrize(
    ("status", "word"), [(None, "unknown"), (0, "done"), (303, "done"), (409, "refused"), (503, "failed")]
)
async def test_outcome_is_a_word(status: int | None, word: str) -> None:
    assert outcome(status) == word


async def test_every_name_of_an_act_is_the_name_of_a_route(console: Console) -> None:
    routes = list_changing(create_app(console.settings).routes)
    named = {name_of(method, route.path) for route in routes for method in route.methods}
    assert set(NAMES.values()) - named == set()
    assert name_of("DELETE", "/api/v1/people/{staff}/disabling") == name_of("POST", "/people/{staff}/enabling")
