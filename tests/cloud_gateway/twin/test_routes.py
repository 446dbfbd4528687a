"""The API of twins: who may change what, by which version, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
import pytest_asyncio

from cloud_gateway import tables as t
from cloud_gateway.database import reading, transaction
from cloud_gateway.events.store import list_events
from cloud_gateway.staff.roles import Role
from cloud_gateway.twin.store import store_reports
from edge_agent.wire.messages import KeyResult, Reported, TwinState
from tests.cloud_gateway.conftest import Console, now_ms

pytestmark = pytest.mark.asyncio(loop_scope="session")
IN_USE = {"rules": {"flood.above": msgspec.Raw(b"5"), "flood.clear": msgspec.Raw(b"4")}}


@pytest_asyncio.fixture(loop_scope="session")
async def client(shared: Console, device: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of operations, before the twin of a device of this test alone."""
    await shared.add(t.device, {"id": device, "simulated": True})
    async with shared.client(Role.OPERATIONS.value) as signed_in:
        signed_in.base_url = httpx.URL(f"{shared.origin}/api/v1/devices/{device}")
        yield signed_in


async def put(client: httpx.AsyncClient, section: str, keys: object, version: str | None = '"0"') -> httpx.Response:
    return await client.put(f"/twin/{section}", json=keys, headers={} if version is None else {"If-Match": version})


async def report(console: Console, device: str, said: Reported) -> None:
    """What ingest does with a report."""
    async with transaction(console.engine) as connection:
        await store_reports(connection, {device: said}, now_ms(), [])


async def test_a_device_of_which_nothing_is_desired_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/twin")
    assert answer.headers["ETag"] == '"0"'
    assert (answer.json()["standing"], answer.json()["sections"], answer.json()["reported"]) == ("unasked", {}, None)


async def test_a_change_is_kept_with_its_version_its_hash_and_who_wanted_it(client: httpx.AsyncClient) -> None:
    answer = await put(client, "rules", {"flood.above": 3, "flood.clear": 2.5})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    twin = (await client.get("/twin")).json()
    assert (twin["version"], twin["standing"], twin["desired_by"]) == (1, "waiting", "operations")
    # SHA-256 of {"rules":{"flood.above":3,"flood.clear":2.5}}, by sha256sum
    assert twin["hash"] == "8c5290f1f67e2c49a6a05b6444e2b9c935f0f14cc3e1749e129112f61f4b0f7b"
    assert [(d["key"], d["desired"], d["in_use"]) for d in twin["difference"]] == [
        ("rules.flood.above", 3, None),
        ("rules.flood.clear", 2.5, None),
    ]


async def test_a_change_is_told_to_live_pages(client: httpx.AsyncClient, shared: Console, device: str) -> None:
    await put(client, "health", {"heartbeat_s": 30})
    said = [json.loads(e.body) for e in await list_events(shared.engine, 0, 1000) if e.topic == "twin"]
    assert {"device": device, "version": 1, "state": "desired"} in said


async def test_another_section_stays_and_an_empty_one_goes(client: httpx.AsyncClient) -> None:
    await put(client, "health", {"heartbeat_s": 30})
    await put(client, "uplink", {"window": 4}, '"1"')
    assert (await client.get("/twin")).json()["sections"] == {"health": {"heartbeat_s": 30}, "uplink": {"window": 4}}
    answer = await put(client, "health", {}, '"2"')
    assert (answer.json()["version"], answer.json()["sections"]) == (3, {"uplink": {"window": 4}})


async def test_a_change_decided_on_an_old_version_is_refused(client: httpx.AsyncClient) -> None:
    await put(client, "health", {"heartbeat_s": 30})
    answer = await put(client, "health", {"heartbeat_s": 40})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")
    assert (await client.get("/twin")).json()["sections"] == {"health": {"heartbeat_s": 30}}


async def test_a_request_sent_twice_changes_nothing_the_second_time(client: httpx.AsyncClient) -> None:
    first = await put(client, "health", {"heartbeat_s": 30})
    second = await put(client, "health", {"heartbeat_s": 30})
    assert (second.status_code, second.json()) == (200, first.json())


async def test_asking_anew_for_the_same_is_a_new_version(client: httpx.AsyncClient) -> None:
    first = await put(client, "health", {"heartbeat_s": 30})
    second = await put(client, "health", {"heartbeat_s": 30}, '"1"')
    assert (second.json()["version"], second.json()["hash"]) == (2, first.json()["hash"])


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [(None, 428, "version_needed"), ("*", 422, "invalid"), ('"-1"', 422, "invalid"), ('"٣"', 422, "invalid")],
    ids=["none", "any", "negative", "other digits"],
)
async def test_a_change_names_the_version_it_was_decided_on(
    client: httpx.AsyncClient, version: str | None, status: int, code: str
) -> None:
    headers = {} if version is None else {b"If-Match": version.encode()}
    answer = await client.put("/twin/health", json={"heartbeat_s": 30}, headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, "If-Match")


@pytest.mark.parametrize(
    ("section", "keys", "field", "words"),
    [
        ("panel", {"siren_pin": 5}, "panel", "sampling, rules, uplink, health"),
        ("rules", {"flood.stream": 1}, "rules.flood.stream", "NAME.{above, clear, hold_s, window_s}"),
        ("rules", {"above": 1}, "rules.above", "NAME."),
        ("rules", {"Flood.above": 1}, "rules.Flood.above", "NAME."),
        ("health", {"x.heartbeat_s": 1}, "health.x.heartbeat_s", "{heartbeat_s}"),
        ("health", {"heartbeat_s": 0}, "health.heartbeat_s", "above 0 and at most 86400"),
        ("health", {"heartbeat_s": True}, "health.heartbeat_s", "no number"),
        ("health", {"heartbeat_s": "30"}, "health.heartbeat_s", "no number"),
        ("uplink", {"window": 2.5}, "uplink.window", "a whole number from 1 to 256"),
        ("sampling", {"level.interval_s": 10**400}, "sampling.level.interval_s", "at most 31622400"),
        ("sampling", {f"s{n}.deadband": 1 for n in range(501)}, "sampling", "more than 500 keys"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_wrong_change_is_refused_by_field_and_remedy(
    client: httpx.AsyncClient, section: str, keys: object, field: str, words: str
) -> None:
    answer = await put(client, section, keys)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "invalid", field)
    assert words in answer.json()["detail"]
    assert (await client.get("/twin")).json()["version"] == 0


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.OPERATIONS, Role.ADMINISTRATOR)])
async def test_other_roles_may_look_and_not_change(
    client: httpx.AsyncClient, shared: Console, device: str, role: Role
) -> None:
    address = f"/api/v1/devices/{device}/twin"
    async with shared.client(role.value) as other:
        answer = await other.put(f"{address}/health", json={"heartbeat_s": 30}, headers={"If-Match": '"0"'})
        assert (answer.status_code, answer.json()["code"]) == (403, "role_may_not")
        assert (await other.get(address)).json()["version"] == 0


async def test_an_enrolled_device_that_was_never_heard_has_an_empty_twin(shared: Console, device: str) -> None:
    row = {"device": f"{device}-new", "role": "sensor-node", "public_key": "AA==", "certificate": "00", "not_after": 0}
    await shared.add(t.enrolment, row | {"enrolled_at": 0, "reason": "", "version": 900_001})
    async with shared.client(Role.OPERATIONS.value) as client:
        url = f"/api/v1/devices/{device}-new/twin"
        twin = (await client.get(url)).json()
        assert (twin["version"], twin["standing"], twin["reported"]) == (0, "unasked", None)
        changed = await client.put(f"{url}/health", json={"heartbeat_s": 30}, headers={"If-Match": '"0"'})
    assert (changed.status_code, changed.json()["standing"]) == (200, "waiting")


async def test_a_device_nobody_has_heard_of_has_no_twin(shared: Console) -> None:
    async with shared.client() as client:
        assert (await client.get("/api/v1/devices/nobody/twin")).status_code == 404
        answer = await client.put("/api/v1/devices/nobody/twin/health", json={}, headers={"If-Match": '"0"'})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_device")


async def test_what_the_device_said_stands_beside_what_is_desired(
    client: httpx.AsyncClient, shared: Console, device: str
) -> None:
    wanted = (await put(client, "rules", {"flood.above": 5, "flood.clear": 3})).json()
    results = {"rules.flood.above": KeyResult(True), "rules.flood.clear": KeyResult(False, "below what it can be")}
    said = Reported(1, wanted["hash"], TwinState.REFUSED, results, IN_USE, now_ms())
    await report(shared, device, said)
    twin = (await client.get("/twin")).json()
    assert (twin["standing"], twin["reported"]["state"]) == ("refused", "refused")
    assert twin["difference"] == [
        {"key": "rules.flood.clear", "desired": 3, "in_use": 4, "error": "below what it can be"}
    ]


async def test_a_report_that_comes_again_is_no_event(shared: Console, device: str) -> None:
    said = Reported(0, "", TwinState.APPLIED, {}, IN_USE, now_ms())
    events: list[tuple[str, object]] = []
    async with transaction(shared.engine) as connection:
        await store_reports(connection, {device: said}, now_ms(), events)
        await store_reports(connection, {device: said}, now_ms(), events)
    assert events == [("twin", {"device": device, "version": 0, "state": "applied"})]


async def test_versions_go_on_above_what_the_device_knows(
    client: httpx.AsyncClient, shared: Console, device: str
) -> None:
    said = Reported(7, "0" * 64, TwinState.APPLIED, {}, IN_USE, now_ms())
    await report(shared, device, said)
    assert (await put(client, "health", {"heartbeat_s": 30})).json()["version"] == 8
    async with reading(shared.engine) as connection:
        assert (await connection.execute(t.twin.select().where(t.twin.c.device == device))).one().version == 8
