"""The API as programs meet it: sessions, problems, paging, readings, headers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cloud_gateway import tables as t
from cloud_gateway.app import create_app, serve
from cloud_gateway.database_file import DatabaseNotReady
from cloud_gateway.devices.store import Rule, Stream
from cloud_gateway.readings.routes import choose_streams
from cloud_gateway.readings.series import Point, WarningStep, point_time
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.staff.roles import Role
from deploy.servers import free_port, start_influxd
from edge_agent.web.headers import POLICY
from edge_agent.web.paging import encode_cursor
from tests.cloud_gateway import field
from tests.cloud_gateway.conftest import Console, make_settings, running

pytestmark = pytest.mark.asyncio(loop_scope="session")
SITE = {
    "code": "dock-9", "name": "Dock 9", "name_zh": "九号码头", "latitude": 31.2, "longitude": 121.5,
    "zone": "Asia/Shanghai",
}  # fmt: skip
#: Programs post here with a token of their own (tests/cloud_gateway/warnings/test_routes.py).
PUSHED = "/api/v1/warning-sources/{name}/messages"
#: A telephone system signs what it posts (tests/cloud_gateway/telephony).
CALLED = "/api/v1/telephony/ratings"
#: Hashes and signatures, for anybody (tests/cloud_gateway/evidence/test_routes.py).
PUBLIC = {f"/api/v1/evidence/{name}" for name in ("checkpoint", "keys", "inclusion", "consistency")}
#: What the public wall shows, for programs (tests/cloud_gateway/ratings/web/test_wall.py).
PUBLIC |= {"/api/v1/wall", "/api/v1/wall/{place}", "/api/v1/wall/{place}/proof"}
OPERATIONS = [
    (method.upper(), path.replace("{", "").replace("}", ""))
    for path, methods in create_app(make_settings(field.SCENARIO)).openapi()["paths"].items()
    for method in methods
    if path not in {PUSHED, CALLED, *PUBLIC}
]
CHANGES = [("POST", "/sign-in"), ("POST", "/enter"), ("POST", "/sign-out"), *[o for o in OPERATIONS if o[0] != "GET"]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(storm: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with storm.client() as signed_in:
        yield signed_in


@pytest.mark.parametrize(("method", "path"), [*OPERATIONS, ("GET", "/api/v1/openapi.json")])
async def test_everything_needs_a_session(storm: Console, method: str, path: str) -> None:
    async with storm.visitor() as visitor:
        answer = await visitor.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://127.0.0.1:1"])
async def test_changes_from_elsewhere_are_refused(storm: Console, method: str, path: str, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    async with httpx.AsyncClient(base_url=storm.origin, headers=headers) as visitor:
        answer = await visitor.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_nothing_changes_by_get(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.get(path.replace("POST", ""))
    assert answer.status_code in {200, 303, 404, 405}
    assert "weiran_session" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/enter", "/nothing", "/api/v1/devices", "/static/css/weiran.css"])
async def test_every_answer_is_guarded(storm: Console, path: str) -> None:
    async with storm.visitor() as visitor:
        answer = await visitor.get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY and "frame-ancestors 'none'" in POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


async def test_files_of_the_program_are_kept_by_browsers_and_asked_for_again(storm: Console) -> None:
    async with storm.visitor() as visitor:
        first = await visitor.get("/static/css/weiran.css")
        again = await visitor.get("/static/css/weiran.css", headers={"If-None-Match": first.headers["etag"]})
        page = await visitor.get("/sign-in")
    assert [one.headers["cache-control"] for one in (first, again, page)] == ["no-cache", "no-cache", "no-store"]
    assert (again.status_code, again.content) == (304, b"")


async def test_description_is_complete(client: httpx.AsyncClient) -> None:
    described = (await client.get("/api/v1/openapi.json")).json()
    operations = [o for methods in described["paths"].values() for o in methods.values()]
    assert [o["operationId"] for o in operations if not o.get("description")] == []
    assert {"devices", "readings", "alarms", "dead-letters", "sites", "gaps", "events"} <= {
        path.split("/")[3] for path in described["paths"]
    }


async def test_devices_say_how_they_are(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api/v1/devices")).json()
    found = next(d for d in page["items"] if d["id"] == "tide-charleston")
    assert (found["presence"], found["site"], found["simulated"], found["depth"]) == ("online", "charleston", True, 0)
    assert found["heartbeat_at"] == "1989-09-22T05:10:00Z"
    assert page["next"] is None


async def test_revoked_device_says_since_when(empty: Console) -> None:
    await empty.add(t.device, {"id": "gauge-01", "simulated": False})
    enrolled = {"device": "gauge-01", "role": "sensor-node", "public_key": "", "certificate": "", "not_after": 9}
    await empty.add(t.enrolment, enrolled | {"enrolled_at": 1, "revoked_at": 2000, "version": 1})
    async with empty.client() as client:
        (found,) = (await client.get("/api/v1/devices")).json()["items"]
        page = (await client.get("/?lang=en")).text
    assert found["revoked_at"] == "1970-01-01T00:00:02Z"
    assert "nothing of it is stored" in page


async def test_health_of_a_device_is_its_newest_heartbeat(empty: Console) -> None:
    said = {"uptime_s": 60.0, "depth": {"reading": 3}, "temperature_c": 48.5, "degraded": ["disk: full"], "new": 1}
    said["dropped_unsafe"] = {"record": 2}
    health = {"id": "gauge-01", "simulated": False, "health": json.dumps(said), "clone_at": 1000, "clock_off_ms": -7}
    await empty.add(t.device, health)
    async with empty.client() as client:
        (found,) = (await client.get("/api/v1/devices")).json()["items"]
    assert (found["clone_at"], found["clock_off_ms"]) == ("1970-01-01T00:00:01Z", -7)
    assert found["health"] == {
        "uptime_s": 60.0,
        "depth": {"reading": 3},
        "degraded": ["disk: full"],
        "hours_left": {},
        "disk_free_mb": None,
        "temperature_c": 48.5,
        "undervoltage": None,
        "clock": None,
        "memory_mb": None,
        "dropped_unsafe": {"record": 2},
    }


async def test_pages_follow_each_other(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/v1/devices?limit=4")).json()
    rest = (await client.get("/api/v1/devices", params={"limit": 4, "after": first["next"]})).json()
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [4, 2, None]
    names = [d["id"] for d in first["items"] + rest["items"]]
    assert names == sorted(set(names))


async def test_streams_and_rules_of_a_device(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/devices/tide-charleston/streams")).json()
    assert [(s["name"], s["unit"], s["predicts"]) for s in found["streams"]] == [
        ("tide", "m", None),
        ("tide_predicted", "m", "tide"),
    ]
    assert [(r["name"], r["type"], r["limit"]) for r in found["rules"]] == [
        ("surge", "residual", 0.3),
        ("tide_high", "threshold", 2.9),
        ("tide_rise", "rise", 0.8),
    ]


TIDE = {"device": "tide-charleston", "stream": "tide"}
HOURS = {"start": "1989-09-20T04:00:00Z", "end": "1989-09-20T07:00:00Z"}


async def test_readings_come_as_stored(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/readings", params=TIDE | HOURS | {"limit": 11})).json()
    assert found["unit"] == "m"
    assert found["samples"][0] == {"at": "1989-09-20T04:00:00Z", "value": 2.426}
    assert found["samples"][10] == {"at": "1989-09-20T05:00:00Z", "value": 2.38}
    more = (await client.get("/api/v1/readings", params=TIDE | HOURS | {"after": found["next"]})).json()
    assert [len(more["samples"]), more["samples"][0]["at"], more["next"]] == [19, "1989-09-20T05:06:00Z", None]


async def test_readings_of_one_millisecond_are_each_given_once(calm: Console) -> None:
    at = field.START - field.HOUR
    same = [
        Point("tide-charleston", "tide", "m", point_time(at, seq), seq / 10, field.EPOCH, seq, "ntp")
        for seq in range(1, 8)
    ]
    in_feet = same[4]._replace(unit="ft", value=1.64)
    await field.write_points(calm.settings, [*same, in_feet])
    seen: list[float] = []
    after: dict[str, str] = {}
    async with calm.client() as client:
        for _ in range(8):
            query = TIDE | {"start": str(at), "end": str(at + 1), "limit": "1"} | after
            page = (await client.get("/api/v1/readings", params=query)).json()
            seen += [s["value"] for s in page["samples"]]
            after = {"after": page["next"]}
    assert (seen, page["next"]) == ([0.1, 0.2, 0.3, 0.4, 0.5, 1.64, 0.6, 0.7], None)


async def test_readings_can_be_down_sampled(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/readings", params=TIDE | HOURS | {"width_ms": 3_600_000})).json()
    assert found["samples"] == []
    assert [(b["at"], b["count"]) for b in found["buckets"]] == [
        ("1989-09-20T04:00:00Z", 10), ("1989-09-20T05:00:00Z", 10), ("1989-09-20T06:00:00Z", 10),
    ]  # fmt: skip
    first = found["buckets"][0]
    assert first["low"] < first["mean"] < first["high"] == 2.426


async def test_times_may_be_milliseconds_or_have_an_offset(client: httpx.AsyncClient) -> None:
    spans = [("622267200000", "622270800000"), ("1989-09-20T12:00:00+08:00", "1989-09-20T13:00:00+08:00")]
    found = [(await client.get("/api/v1/readings", params=TIDE | {"start": a, "end": b})).json() for a, b in spans]
    assert found[0]["samples"] == found[1]["samples"] != []


WRONG = [
    ("start", {"start": "yesterday"}),
    ("start", {"start": "1989-09-20T04:00:00"}),
    ("end", {"end": "99999999999999999"}),
    ("end", {"end": "1989-09-20T04:00:00Z"}),
    ("limit", {"limit": "1001"}),
    ("limit", {"limit": "0"}),
    ("after", {"after": "nonsense"}),
    ("after", {"after": "W1tbW1tbW1tbXV1dXV1dXV1d"}),
    ("after", {"after": "WzEsMl0"}),
    ("after", {"after": encode_cursor([field.START * 1_000_000, 1001])}),
    ("width_ms", {"width_ms": "1"}),
    ("width_ms", {"width_ms": "1000"}),
    ("device", {"device": "x" * 33}),
]


@pytest.mark.parametrize(("name", "change"), WRONG, ids=[str(w[1])[:40] for w in WRONG])
async def test_wrong_parameters_are_named(client: httpx.AsyncClient, name: str, change: dict[str, str]) -> None:
    answer = await client.get("/api/v1/readings?lang=en", params=TIDE | HOURS | change | {"lang": "en"})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["code"], problem["field"]) == (422, "invalid", name)
    assert problem["detail"] and problem["remedy"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/nothing", "not_found"),
        ("/api/v1/devices/none/streams", "no_device"),
        ("/api/v1/readings?device=none&stream=tide&start=0&end=1", "no_device"),
        ("/api/v1/readings?device=tide-charleston&stream=none&start=0&end=1", "no_stream"),
        ("/api/v1/sites/none/series?start=0&end=1", "no_site"),
    ],
)
async def test_what_is_not_there_is_named(client: httpx.AsyncClient, path: str, code: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_problems_speak_the_callers_language(storm: Console) -> None:
    async with storm.visitor() as visitor:
        said = [(await visitor.get(f"/api/v1/devices?lang={lang}")).json()["title"] for lang in ("zh", "en")]
    assert said == ["您还没有登录。", "You are not signed in."]


async def test_alarms_open_or_all(client: httpx.AsyncClient) -> None:
    opened = (await client.get("/api/v1/alarms")).json()["items"]
    every = (await client.get("/api/v1/alarms?state=all")).json()["items"]
    assert [(a["rule"], a["site"], a["severity"]) for a in opened] == [
        ("drain_high", "wilmington", "attention"),
        ("tide_rise", "charleston", "attention"),
        ("tide_high", "charleston", "urgent"),
        ("surge", "charleston", "urgent"),
    ]
    closed = [a for a in every if a["cleared_at"]]
    assert [(a["site"], a["raised_at"]) for a in closed] == [("beaufort", "1989-09-21T22:30:00Z")]


async def test_dead_letters_the_newest_first(calm: Console) -> None:
    row = {
        "received_at": 1,
        "topic": "t",
        "detail": "d",
        "payload": b"\xff\x00",
        "size": 2,
        "sha256": "0" * 64,
        "times": 1,
    }
    await calm.add(t.dead_letter, *({**row, "code": f"code_{n}"} for n in range(3)))
    async with calm.client() as client:
        first = (await client.get("/api/v1/dead-letters?limit=2")).json()
        rest = (await client.get("/api/v1/dead-letters", params={"after": first["next"]})).json()
    assert [d["code"] for d in first["items"] + rest["items"]] == ["code_2", "code_1", "code_0"]
    assert first["items"][0]["payload"] == "/wA="


async def test_gaps_in_order(calm: Console) -> None:
    row = {"device": "tide-beaufort", "epoch": field.EPOCH, "lane": "reading", "reason": "full", "count": 3, "first": 1,
           "last": 3, "since": 0, "until": 1}  # fmt: skip
    await calm.add(t.gap, *({**row, "seq": n} for n in (9, 2, 5)))
    async with calm.client() as client:
        first = (await client.get("/api/v1/gaps?limit=1")).json()
        rest = (await client.get("/api/v1/gaps", params={"after": first["next"]})).json()
    assert [g["seq"] for g in first["items"] + rest["items"]] == [2, 5, 9]
    assert first["items"][0]["since"] == "1970-01-01T00:00:00Z"


async def test_series_of_a_site_has_all_its_streams(client: httpx.AsyncClient) -> None:
    span = {"start": str(field.STORM - field.HOUR), "end": str(field.STORM + 1), "width_ms": "360000"}
    found = (await client.get("/api/v1/sites/charleston/series", params=span)).json()
    lines = {(line["device"], line["stream"]): line["points"] for line in found["lines"]}
    assert set(lines) == {("tide-charleston", s) for s in ("tide", "tide_predicted")} | {
        ("yard-charleston", s) for s in ("rain", "drain_level", "drain_float", "gate_door")
    }
    assert lines["yard-charleston", "drain_float"][0][1] in (True, False)
    assert [a["rule"] for a in found["alarms"]] == ["tide_rise", "tide_high"]


def make_stream(name: str, value: float | bool | None = 1.0, predicts: str | None = None) -> Stream:
    return Stream("gauge-01", name, "m", None, name, name, predicts, value, None, None)


async def test_streams_that_people_ask_for_are_drawn_before_others() -> None:
    streams = [
        make_stream("door", True),
        make_stream("flow"),
        make_stream("level"),
        make_stream("tide"),
        make_stream("tide_predicted", predicts="tide"),
    ]
    rule = Rule("gauge-01", "high", "level", "threshold", 1.0, "m", "urgent", "high", "high")
    kept = [[one.name for one in choose_streams(streams, [rule], [], most)] for most in (2, 3, 4, 5)]
    tides = ["tide", "tide_predicted"]
    assert kept == [
        tides, ["level", *tides], ["flow", "level", *tides], ["door", "flow", "level", *tides]
    ]  # fmt: skip


async def test_series_of_a_site_has_the_warnings_that_stood_in_it(storm: Console, client: httpx.AsyncClient) -> None:
    since, until = 10**12, 10**12 + field.HOUR
    steps = [
        WarningStep("charleston", "storm-surge", point_time(since, 1), 4, 0, "red", "0199-aa", True),
        WarningStep("charleston", "storm-surge", point_time(until, 2), 0, 0, "", "", True),
    ]
    await field.write_steps(storm.settings, steps)
    during = {"start": str(since + 1), "end": str(until)}
    found = [
        (await client.get("/api/v1/sites/charleston/series", params=during | end)).json()["warnings"]
        for end in ({}, {"end": str(until + 1)})
    ]
    assert [(w["since"], w["until"]) for (w,) in found] == [
        ("2001-09-09T01:46:40Z", None),
        ("2001-09-09T01:46:40Z", "2001-09-09T02:46:40Z"),
    ]
    assert (found[0][0]["label"], found[0][0]["label_zh"]) == ("Storm surge, red warning", "风暴潮红色预警")


async def test_site_can_be_entered_once_and_again(empty: Console) -> None:
    async with empty.client("risk-engineer") as client:
        codes = [(await client.post("/api/v1/sites", json=SITE)).status_code for _ in range(2)]
        other = await client.post("/api/v1/sites", json=SITE | {"name": "Another"})
        listed = (await client.get("/api/v1/sites")).json()["items"]
    assert codes == [201, 201]
    assert (other.status_code, other.json()["code"], other.json()["field"]) == (409, "site_exists", "code")
    assert [(s["code"], s["name_zh"]) for s in listed] == [("dock-9", "九号码头")]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("code", {"code": "Dock 9"}),
        ("latitude", {"latitude": 91}),
        ("longitude", {"longitude": "east"}),
        ("name", {"name": ""}),
        ("", {"zone": "Moon/Crater"}),
        ("colour", {"colour": "red"}),
    ],
)
async def test_wrong_sites_are_refused(shared: Console, name: str, change: dict[str, object]) -> None:
    async with shared.client() as client:
        answer = await client.post("/api/v1/sites", json=SITE | change)
    assert (answer.status_code, answer.json()["field"]) == (422, name)


async def test_device_moves_from_site_to_site(calm: Console) -> None:
    moved = datetime.fromtimestamp(field.CALM / 1000, UTC).isoformat()
    async with calm.client() as client:
        answer = await client.post(
            "/api/v1/sites/beaufort/placements", json={"device": "yard-wilmington", "since": moved}
        )
        nowhere = await client.post("/api/v1/sites/none/placements", json={"device": "yard-wilmington", "since": moved})
        devices = (await client.get("/api/v1/devices")).json()["items"]
    assert (answer.status_code, nowhere.status_code, nowhere.json()["code"]) == (204, 404, "no_site")
    assert next(d["site"] for d in devices if d["id"] == "yard-wilmington") == "beaufort"


MAY_WRITE = {Role.ADMINISTRATOR, Role.RISK_ENGINEER, Role.OPERATIONS}


@pytest.mark.parametrize("role", list(Role))
async def test_roles_may_do_what_is_theirs(shared: Console, role: Role) -> None:
    async with shared.client(role.value) as client:
        seen = await client.get("/api/v1/sites")
        entered = await client.post("/api/v1/sites", json=SITE)
    assert seen.status_code == 200
    assert entered.status_code == (201 if role in MAY_WRITE else 403)


async def test_large_bodies_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/sites", content=b"x" * 70_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_outline_is_given_when_there_is_one(storm: Console, calm: Console) -> None:
    async with storm.client() as one, calm.client() as other:
        answers = [await one.get("/api/v1/outline"), await other.get("/api/v1/outline")]
    assert [a.status_code for a in answers] == [200, 204]
    assert answers[0].json()["type"] == "FeatureCollection"


async def test_missing_tables_are_a_clear_error(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    with pytest.raises(DatabaseNotReady, match="weiran gateway migrate"):
        await serve(settings)
    settings.database.write_bytes(b"")
    with pytest.raises(DatabaseNotReady, match="weiran gateway migrate"):
        await serve(settings)


async def test_store_of_readings_may_be_away(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    await field.seed(settings, field.CALM, field.CALM)
    away = {"store": "influx1", "url": f"http://127.0.0.1:{free_port()}"}
    settings = GatewaySettings.model_validate(settings.model_dump() | {"series": away})
    async with running(settings) as console, console.client() as client:
        devices = await client.get("/api/v1/devices")
        answer = await client.get("/api/v1/readings", params=TIDE | HOURS)
    assert devices.status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (503, "series_unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_store_of_readings_may_come_later(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "gateway")
    await field.seed(settings, field.CALM, field.CALM)
    port = free_port()
    late = {"store": "influx1", "url": f"http://127.0.0.1:{port}"}
    settings = GatewaySettings.model_validate(settings.model_dump() | {"series": late})
    async with running(settings) as console, console.client() as client:
        with await asyncio.to_thread(start_influxd, tmp_path / "influx", port=port):
            await field.write_points(settings, [Point("tide-charleston", "tide", "m", 10**18, 2.5, "e", 1, "ntp")])
            span = {"start": str(10**12), "end": str(10**12 + 1)}
            found = (await client.get("/api/v1/readings", params=TIDE | span)).json()
    assert found["samples"] == [{"at": "2001-09-09T01:46:40Z", "value": 2.5}]
