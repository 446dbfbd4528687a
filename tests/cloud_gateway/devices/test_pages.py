"""The pages of devices and dead letters: usable on a telephone and a desk, live, and changed by who may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from playwright.async_api import expect

from cloud_gateway import tables as t
from cloud_gateway.database import transaction
from cloud_gateway.deadletters import pages as letter_pages
from cloud_gateway.devices import pages
from cloud_gateway.staff.roles import Role
from cloud_gateway.twin.store import find_twin, store_reports
from edge_agent.wire.messages import Reported, TwinState
from tests.axe import violations
from tests.cloud_gateway.conftest import Console, Opener, make_settings, now_ms, running
from tests.cloud_gateway.field import EPOCH, device_row
from tests.databases import make_database

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: Every address that answers with a page; a route that is not here fails the test below.
PAGES = ["/devices", "/devices/{device}", "/devices/{device}/records", "/dead-letters"]
XSS = "<script>alert(1)</script>"
UNKNOWN = b'{"seq":7,"kind":"alarm/9","at":1795305600000,"clock":"ntp","mono":1,"body":1}'


def record(device: str, seq: int, body: str = XSS) -> dict[str, object]:
    """A stored record."""
    return {
        "device": device, "epoch": EPOCH, "lane": "record", "seq": seq, "kind": "note/1", "at": 1, "clock": "ntp",
        "boot": "boot-1", "mono": 1, "body": f'"{body}"'.encode(), "received_at": 2,
    }  # fmt: skip


def letter(device: str, body: str = XSS) -> dict[str, object]:
    """A dead letter of a kind that is not known."""
    return {
        "received_at": now_ms(), "topic": XSS, "device": device, "epoch": EPOCH, "lane": "alarm", "seq": 7,
        "code": "unknown_kind", "detail": XSS, "payload": body.encode(), "size": len(body), "sha256": "", "times": 1,
        "boot": "b", "record": UNKNOWN,
    }  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """Three hundred devices, one with a stream, records and a dead letter."""
    settings = make_settings(tmp_path_factory.mktemp("fleet"))
    await asyncio.to_thread(make_database, settings.database)
    now = now_ms()
    names = [f"fleet-{n:03}" for n in range(300)]
    stream = {"device": names[0], "name": "level", "unit": "m", "value": "1.5", "at": now, "received_at": now}
    async with running(settings) as console:
        await console.add(t.device, *({**device_row(name, now, now), "software": XSS} for name in names))
        await console.add(t.stream, {**stream, "interval_s": 60.0, "label": XSS, "label_zh": XSS, "predicts": None})
        await console.add(t.device_epoch, {"epoch": EPOCH, "device": names[0], "first_seen_at": 1})
        await console.add(
            t.record, record(names[0], 1), *(record(names[1], seq, f"note {seq}") for seq in range(1, 53))
        )
        await console.add(t.dead_letter, letter(names[0]))
        yield console


@pytest_asyncio.fixture(loop_scope="session")
async def operator(fleet: Console) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of operations."""
    async with fleet.client(Role.OPERATIONS.value) as client:
        yield client


async def test_every_page_route_is_listed() -> None:
    known = [r for router in (pages, letter_pages) for r in router.router.routes if isinstance(r, APIRoute)]
    assert {r.path for r in known if "GET" in (r.methods or ())} == set(PAGES)


async def test_pages_are_accessible_fit_and_say_nothing(fleet: Console, open_screen: Opener) -> None:
    screen = await open_screen(fleet, "zh", 390, 844)
    for lang, width in (("zh", 390), ("en", 1440)):
        await screen.page.set_viewport_size({"width": width, "height": 844})
        for path in PAGES:
            address = path.format(device="fleet-000")  # one row of the list: axe takes long for each
            await screen.page.goto(f"{fleet.origin}{address}?lang={lang}&q=fleet-000")
            await expect(screen.page.locator("#pulse")).to_have_class("pill ok")
            wide = await screen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert (path, lang, await violations(screen.page), wide, screen.said) == (path, lang, [], 0, [])


async def test_list_is_walked_by_keys_and_settings_are_followed_live(fleet: Console, open_screen: Opener) -> None:
    page = (await open_screen(fleet, "en", path="/devices?q=fleet-00")).page
    await expect(page.locator("[data-row]")).to_have_count(10)
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.locator("[data-row]").nth(1)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("fleet-001")
    health = page.locator("form.twin", has=page.locator("[value=health]"))
    await health.locator("[name=more]").fill("heartbeat_s")
    await health.locator("[name=more-value]").fill("0")
    await health.locator("button").click()
    await expect(page.locator("[role=alert]")).to_contain_text("Nothing was changed")
    await health.locator("[name=more-value]").fill("30")
    await health.locator("button").click()
    standing = page.locator("[data-part=standing]")
    await expect(standing).to_contain_text("waiting for the device")
    async with transaction(fleet.engine) as connection:
        twin = await find_twin(connection, "fleet-001")
        used = {"health": {"heartbeat_s": msgspec.Raw(b"30")}}
        said = Reported(twin.version, twin.hash, TwinState.APPLIED, {}, used, now_ms())
        await store_reports(connection, {"fleet-001": said}, now_ms(), [])
    await fleet.add(t.event, {"at": now_ms(), "topic": "twin", "body": '{"device":"fleet-001"}'})
    await expect(standing).to_contain_text("in use")
    await expect(page.locator('[data-part="used-health-heartbeat_s"]')).to_have_text("30")


SETTINGS = {"section": "uplink", "more": "window", "more-value": "4"}


@pytest.mark.parametrize(
    ("sent", "status", "told"),
    [
        ({"version": "0"}, 303, ""),
        ({"version": "7"}, 409, "Somebody else has changed"),
        ({"version": "0", "more-value": "900"}, 422, "The marked values cannot be used"),
        ({"version": "0", "section": "doors"}, 422, "There is no such section"),
    ],
    ids=["taken", "somebody was faster", "out of range", "no such section"],
)
async def test_settings_are_checked(
    fleet: Console, operator: httpx.AsyncClient, device: str, sent: dict[str, str], status: int, told: str
) -> None:
    await fleet.add(t.device, device_row(device, 1, 1))
    answer = await operator.post(
        f"/devices/{device}", data={**SETTINGS, **sent}, headers={"Accept": "text/html", "Accept-Language": "en"}
    )
    assert (answer.status_code, told in answer.text) == (status, True)


async def test_tags_are_given_found_and_taken_back(fleet: Console, operator: httpx.AsyncClient, device: str) -> None:
    await fleet.add(t.device, device_row(device, 1, 1))
    answer = await operator.post(f"/devices/{device}/tags", data={"tags": "North, pump-2"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/devices/{device}#tags")
    tags = f"/api/v1/devices/{device}/tags"
    assert (await operator.get(tags)).json() == {"tags": ["north", "pump-2"]}
    assert f"/devices/{device}" in (await operator.get("/devices?tag=pump-2")).text
    assert (await operator.put(tags, json={"tags": ["No Tag"]})).status_code == 422
    assert (await operator.put(tags, json={"tags": []})).json() == (await operator.get(tags)).json() == {"tags": []}


async def test_list_shows_all_of_a_large_fleet(operator: httpx.AsyncClient) -> None:
    page = (await operator.get("/devices")).text
    assert page.count('<a href="/devices/fleet-') == 300
    assert (XSS in page, "&lt;script&gt;" in page) == (False, True)


async def test_records_are_read_page_by_page(operator: httpx.AsyncClient) -> None:
    address = f"/devices/fleet-001/records?lane=record&epoch={EPOCH}"
    pages_ = [(await operator.get(f"{address}&before={before}")).text for before in (1000, 3)]
    assert [page.count("&#34;note ") for page in pages_] == [50, 2]
    assert [">更早的</a>" in page for page in pages_] == [True, False]


async def test_dead_letter_is_put_in_again_once_for_one_key(fleet: Console, operator: httpx.AsyncClient) -> None:
    (found,) = [one for one in (await operator.get("/api/v1/dead-letters")).json()["items"] if one["topic"] == XSS]
    address = f"/api/v1/dead-letters/{found['id']}/replay"
    assert (await operator.post(address)).json()["code"] == "key_needed"
    first = await operator.post(address, headers={"Idempotency-Key": "again-and-again"})
    again = await operator.post(address, headers={"Idempotency-Key": "again-and-again"})
    assert (first.status_code, first.json()["result"], first.json()["code"]) == (200, "refused", "not_enrolled")
    assert again.json() == first.json()
    page = await operator.get("/dead-letters", headers={"Accept-Language": "en"})
    assert "its device is not enrolled" in page.text
    unknown = await operator.post("/api/v1/dead-letters/999999/replay", headers={"Idempotency-Key": "no-such-one"})
    assert unknown.status_code == 404


FORBIDDEN = [
    (Role.RISK_ENGINEER, "POST", "/devices/fleet-000"),
    (Role.RISK_ENGINEER, "POST", "/devices/fleet-000/tags"),
    (Role.REGULATOR, "PUT", "/api/v1/devices/fleet-000/tags"),
    (Role.RISK_ENGINEER, "GET", "/devices/fleet-000/records"),
    (Role.REGULATOR, "GET", "/dead-letters"),
    (Role.INSPECTOR, "GET", "/api/v1/dead-letters"),
    (Role.REGULATOR, "POST", "/dead-letters"),
    (Role.REGULATOR, "POST", "/api/v1/dead-letters/1/replay"),
]


@pytest.mark.parametrize(("role", "method", "path"), FORBIDDEN, ids=[" ".join(case[1:]) for case in FORBIDDEN])
async def test_role_that_may_not_is_refused(fleet: Console, role: Role, method: str, path: str) -> None:
    async with fleet.client(role.value) as client:
        answer = await client.request(method, path, json={"tags": []} if method == "PUT" else None)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/devices/no-such", "/devices/no-such/records"])
async def test_device_that_is_not_known_is_not_found(operator: httpx.AsyncClient, path: str) -> None:
    assert (await operator.get(path)).status_code == 404
