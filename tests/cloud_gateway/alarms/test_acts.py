"""What staff do about alarms, through the API: who may, what is refused, and what live pages hear."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import delete, func, select, update

from cloud_gateway import tables as t
from cloud_gateway.alarms.tables import alarm_step
from cloud_gateway.database import reading, transaction
from tests.cloud_gateway import field
from tests.cloud_gateway.conftest import Console

pytestmark = pytest.mark.asyncio(loop_scope="session")
SURGE, CLEARED = (
    f"/alarms/{device}/{field.EPOCH}/{seq}" for device, seq in (("tide-charleston", 1), ("yard-beaufort", 5))
)
ACTS: Mapping[str, dict[str, object]] = {
    "acknowledgement": {},
    "assignee": {"whom": "operations"},
    "notes": {"text": "the pump runs"},
    "closing": {"reason": "the gauge is being cleaned", "crossed": True},
    "reopening": {},
}


@pytest_asyncio.fixture(loop_scope="session")
async def desk(storm: Console) -> AsyncIterator[httpx.AsyncClient]:
    """The operations' client in the storm; what is done there is taken back."""
    async with storm.client("operations") as client:
        yield client
    async with transaction(storm.engine) as connection:
        await connection.execute(delete(alarm_step))
        await connection.execute(update(t.alarm).where(t.alarm.c.seq == 1).values(cleared_at=None))


async def do(client: httpx.AsyncClient, alarm: str, act: str, **entry: object) -> httpx.Response:
    return await client.post(f"/api/v1{alarm}/{act}", json=ACTS[act] | entry)


async def test_a_shift_takes_an_alarm_in_hand_and_its_history_names_them(
    storm: Console, desk: httpx.AsyncClient
) -> None:
    states = [(await do(desk, SURGE, act)).json()["state"] for act in ACTS]
    assert states == ["acknowledged", "assigned", "assigned", "closed", "assigned"]
    shown = (await desk.get(f"/api/v1{SURGE}")).json()
    told = [(s["by"], s["kind"], s["whom"], s["text"]) for s in shown["steps"]]
    assert told == [
        ("operations", "acknowledged", "", ""),
        ("operations", "assigned", "operations", ""),
        ("operations", "noted", "", "the pump runs"),
        ("operations", "closed", "", "the gauge is being cleaned"),
        ("operations", "reopened", "", ""),
    ]
    assert (shown["alarm"]["rule"], shown["hand"]["again"]) == ("surge", True)


async def test_live_pages_hear_of_each_step(storm: Console, desk: httpx.AsyncClient) -> None:
    await do(desk, SURGE, "acknowledgement")
    async with reading(storm.engine) as connection:
        newest = (await connection.execute(select(t.event).order_by(t.event.c.id.desc()))).first()
    assert newest is not None
    body = {"device": "tide-charleston", "epoch": field.EPOCH, "seq": 1, "step": "acknowledged"}
    assert (newest.topic, json.loads(newest.body)) == ("alarm", body)


async def test_what_is_done_twice_is_written_once(storm: Console, desk: httpx.AsyncClient) -> None:
    for act in ("acknowledgement", "acknowledgement", "assignee", "assignee"):
        assert (await do(desk, SURGE, act)).status_code == 200
    headers = {"Idempotency-Key": "one note only"}
    for _ in range(2):
        await desk.post(f"/api/v1{SURGE}/notes", json=ACTS["notes"], headers=headers)
    async with reading(storm.engine) as connection:
        assert await connection.scalar(select(func.count()).select_from(alarm_step)) == 3


@pytest.mark.parametrize(
    ("alarm", "act", "entry", "status", "code"),
    [
        (SURGE, "closing", {"crossed": False}, 409, "still_crossed"),
        (SURGE, "reopening", {}, 409, "alarm_open"),
        (SURGE, "assignee", {"whom": "nobody-of-that-name"}, 422, "no_assignee"),
        (SURGE, "assignee", {"whom": "regulator"}, 422, "no_assignee"),
        (SURGE, "closing", {"reason": "x"}, 422, "invalid"),
        (SURGE, "closing", {"reason": "   "}, 422, "invalid"),
        (SURGE, "notes", {"text": " "}, 422, "invalid"),
        (f"{SURGE}99", "acknowledgement", {}, 404, "no_alarm"),
    ],
    ids=[
        "crossed",
        "not closed",
        "unknown person",
        "person who may not",
        "no reason",
        "blank reason",
        "blank note",
        "unknown alarm",
    ],
)
async def test_what_cannot_be_done_is_refused_by_name(
    desk: httpx.AsyncClient, alarm: str, act: str, entry: dict[str, object], status: int, code: str
) -> None:
    answer = await do(desk, alarm, act, **entry)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_alarm_that_is_clear_is_closed_and_nobody_takes_it_then(desk: httpx.AsyncClient) -> None:
    assert (await do(desk, CLEARED, "closing", crossed=False)).json()["state"] == "closed"
    answer = await do(desk, CLEARED, "acknowledgement")
    assert (answer.status_code, answer.json()["code"]) == (409, "alarm_closed")


async def test_a_closed_alarm_comes_back_when_its_device_says_that_it_stands(
    storm: Console, desk: httpx.AsyncClient
) -> None:
    async with transaction(storm.engine) as connection:
        await connection.execute(update(t.alarm).where(t.alarm.c.seq == 1).values(cleared_at=field.STORM))
    await do(desk, SURGE, "acknowledgement")
    await do(desk, SURGE, "closing", crossed=False)
    assert "Storm surge" not in (await desk.get("/alarms?lang=en")).text
    async with transaction(storm.engine) as connection:
        await connection.execute(update(t.alarm).where(t.alarm.c.seq == 1).values(cleared_at=None))
    hand = (await desk.get(f"/api/v1{SURGE}")).json()["hand"]
    assert (hand["state"], hand["acknowledged_by"], hand["again"]) == ("open", "", True)
    assert "Storm surge" in (await desk.get("/alarms?lang=en")).text


@pytest.mark.parametrize("role", ["inspector", "regulator"])
async def test_other_roles_see_no_form_and_are_refused(storm: Console, role: str) -> None:
    async with storm.client(role) as client:
        page = (await client.get(f"{SURGE}?lang=en")).text
        refused = [act for act in ACTS if act != "notes" and (await do(client, SURGE, act)).status_code == 403]
        pages = [(await client.post(f"{SURGE}/{act}", data={})).status_code for act in ACTS if act != "notes"]
    assert [f"{SURGE}/{act}" in page for act in ACTS if act != "notes"] == [False] * 4
    assert (refused, pages) == ([act for act in ACTS if act != "notes"], [403] * 4)


@pytest.mark.parametrize(("role", "status"), [("inspector", 201), ("regulator", 403)])
async def test_an_inspector_may_note(storm: Console, desk: httpx.AsyncClient, role: str, status: int) -> None:
    async with storm.client(role) as client:
        assert (await do(client, SURGE, "notes")).status_code == status


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("", ["1", "2", "3", "4", "5"]),
        ("?state=all", ["4", "3", "2", "1", "5"]),
        ("?state=mine", ["2"]),
        ("?state=unassigned", ["1", "3", "4", "5"]),
        ("?severity=attention&site=charleston", ["3"]),
        ("?device=yard-wilmington", ["4"]),
        ("?q=WILMINGTON", ["4"]),
        ("?q=%25", []),
    ],
    ids=["open", "all", "mine", "nobody's", "severity and site", "device", "words", "a sign of SQL"],
)
async def test_the_list_shows_what_is_asked_for_in_order(desk: httpx.AsyncClient, query: str, rows: list[str]) -> None:
    await do(desk, SURGE.replace("/1", "/2"), "acknowledgement")
    page = (await desk.get(f"/alarms{query}")).text
    assert re.findall(rf'<a href="/alarms/[^/]+/{field.EPOCH}/(\d+)"><b>', page) == rows
