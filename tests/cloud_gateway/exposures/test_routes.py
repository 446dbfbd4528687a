"""The API of exposures and hazard events, over a gateway in which a warning and an own alarm stand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cloud_gateway import tables as t
from cloud_gateway.exposures.tables import gateway_alarm
from edge_agent.web.times import rfc3339
from tests.cloud_gateway.conftest import make_settings, running
from tests.cloud_gateway.exposures.ground import NEAR, alarm, coded, ground_in
from tests.cloud_gateway.warnings.messages import alert, at, info, key

pytestmark = pytest.mark.asyncio(loop_scope="session")
READING_ALARM = {
    "device": "yard-1", "rule": "rain-50-in-3h", "raised_at": at(1.2), "stream": "rain", "hazard": "rainstorm",
    "level": 3, "value": 52.0, "limit": 50.0, "unit": "mm", "missing_s": 600, "received_at": at(1.2),
    "cleared_at": None,
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(tmp_path_factory: pytest.TempPathFactory, blank: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in to a gateway with an upgraded event at one site, and one that is over at another."""
    folder: Path = tmp_path_factory.mktemp("exposures")
    async with ground_in(folder, blank) as ground:
        await ground.add_site("pudong", coded("310115", low_ground=True))
        await ground.add_site("xuhui", coded("310104"))
        await ground.place("yard-1", "pudong")
        await ground.take(at(1), alert("A", 1, info("yellow", places="310115 310104", ends=20)))
        await ground.add(t.alarm, alarm("yard-1", "gate", "gate_door", at(1.1)))
        await ground.add(gateway_alarm, READING_ALARM)
        await ground.look(at(1.3))
        shrunk = alert("B", 2, info("red", places="310115", ends=20), refs=(key("A", 1),), kind="Update")
        await ground.advise(at(2), NEAR)
        await ground.take(at(2), shrunk)
    async with running(make_settings(folder)) as console, console.client("regulator") as signed_in:
        yield signed_in


async def test_open_exposures_say_why_and_how_sure(client: httpx.AsyncClient) -> None:
    (one,) = (await client.get("/api/v1/exposures")).json()["items"]
    assert (one["site"], one["hazard"], one["why"], one["sure"]) == ("pudong", "rainstorm", "geocode", "certain")
    assert (one["level"], one["holds"], one["since"], one["until"]) == (4, 4, rfc3339(at(1)), None)


async def test_all_exposures_in_pages(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/v1/exposures", params={"state": "all", "limit": 1})).json()
    rest = (await client.get("/api/v1/exposures", params={"state": "all", "after": first["next"]})).json()
    assert [one["site"] for one in (*first["items"], *rest["items"])] == ["xuhui", "pudong"]
    assert (first["items"][0]["until"], rest["next"]) == (rfc3339(at(2)), None)


async def test_sites_within_a_storms_winds_in_pages(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/v1/storm-exposures", params={"limit": 1})).json()
    rest = (await client.get("/api/v1/storm-exposures", params={"after": first["next"]})).json()
    (one,) = first["items"]
    assert [one["site"], *(other["site"] for other in rest["items"])] == ["xuhui", "pudong"]
    assert (one["storm"], one["technique"], one["wind_kt"], one["sure"]) == ("WP992026", "JTWC", 34.0, "likely")
    assert (await client.get("/api/v1/storm-exposures", params={"site": "elsewhere"})).json()["items"] == []


async def test_open_events_and_all(client: httpx.AsyncClient) -> None:
    (one,) = (await client.get("/api/v1/hazard-events")).json()["items"]
    assert (one["site"], one["level"], one["peak"], one["confirmed"]) == ("pudong", 4, 4, True)
    assert (one["gauge"], one["lead_s"]) == ("yard-1/rain-50-in-3h", 720.0)
    assert [reason["rule"] for reason in one["reasons"]] == ["vulnerability-low", "severity", "insured-value"]
    first = (await client.get("/api/v1/hazard-events", params={"state": "all", "limit": 1})).json()
    rest = (await client.get("/api/v1/hazard-events", params={"state": "all", "after": first["next"]})).json()
    assert {one["site"] for one in (*first["items"], *rest["items"])} == {"pudong", "xuhui"}


async def test_events_of_one_site(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/hazard-events", params={"state": "all", "site": "xuhui"})
    (one,) = answer.json()["items"]
    assert (one["site"], one["level"], one["closed_at"]) == ("xuhui", 0, rfc3339(at(2)))


async def test_the_story_of_an_event(client: httpx.AsyncClient) -> None:
    (one,) = (await client.get("/api/v1/hazard-events")).json()["items"]
    story = (await client.get(f"/api/v1/hazard-events/{one['id']}")).json()
    assert story["event"] == one
    assert [(change["change"], change["level"]) for change in story["changes"]] == [
        ("raised", 2),
        ("upgraded", 3),
        ("upgraded", 4),
    ]
    assert story["changes"][1]["cause"] == "yard-1/rain-50-in-3h"
    assert [(warning["id"], warning["state"]) for warning in story["warnings"]] == [(one["warning"], "upgraded")]
    (own,) = story["alarms"]
    assert (own["rule"], own["on_readings"], own["missing_s"]) == ("rain-50-in-3h", True, 600)


async def test_an_unknown_event_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/hazard-events/none")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_hazard_event")


@pytest.mark.parametrize("path", ["exposures", "hazard-events"])
async def test_a_foreign_cursor_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/api/v1/{path}", params={"after": "nonsense"})
    assert (answer.status_code, answer.json()["field"]) == (422, "after")
