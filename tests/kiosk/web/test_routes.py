"""The terminal's addresses: events of services from outside, everything else from its own screen alone."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
import pytest_asyncio

from edge_agent.wire import ratings as wire
from edge_agent.wire.messages import CounterNotice
from edge_agent.wire.ratings import Uncounted
from firmware_sim.board import SimBoard
from firmware_sim.clock import ScenarioClock
from kiosk.web.app import create_app
from tests.kiosk.terminals import CLERKS, NOTICE, Rig, make_settings, running_terminal
from tests.waiting import until

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()
HTML = base64.b64encode(b"<script>alert(1)</script>").decode()


@dataclass
class Site:
    """A terminal and its own browser's client."""

    rig: Rig
    app: httpx.ASGITransport
    here: httpx.AsyncClient

    def visitor(self, address: str, host: str) -> httpx.AsyncClient:
        """Somebody at another address, who names the terminal by `host`."""
        transport = httpx.ASGITransport(self.app.app, client=(address, 40_000))
        return httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers={"Origin": f"http://{host}"})


@pytest_asyncio.fixture
async def site(tmp_path: Path, board: SimBoard, clock: ScenarioClock, identity: Path) -> AsyncIterator[Site]:
    async with running_terminal(make_settings(tmp_path, identity), board, clock) as rig:
        transport = httpx.ASGITransport(create_app(rig.terminal))
        own = {"Origin": "http://127.0.0.1:8085"}
        async with httpx.AsyncClient(transport=transport, base_url=own["Origin"], headers=own) as here:
            yield Site(rig, transport, here)


async def post_event(client: httpx.AsyncClient, event: tuple[bytes, str]) -> httpx.Response:
    body, signature = event
    return await client.post("/api/v1/services", content=body, headers={"Weiran-Signature": signature})


async def test_counter_system_on_the_network_may_say_events_and_nothing_else(site: Site) -> None:
    async with site.visitor("10.0.0.7", "10.0.0.2:8085") as queue:
        assert (await post_event(queue, site.rig.event("end", "A1"))).status_code == 202
        answers = [
            await queue.get("/"),
            await queue.get("/api/v1/screen"),
            await queue.post("/api/v1/presses", json={"score": 3}),
            await queue.get("/receipt.svg"),
        ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert site.rig.screen.view == "rating"


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1", "evil.example:8085"),
        ("127.0.0.1", "127.0.0.1.evil.example"),
        ("127.0.0.1", "127.0.0.1@evil.example"),
        ("127.0.0.1", "["),
        ("127.0.0.1", ""),
        ("10.0.0.7", "127.0.0.1:8085"),
    ],
    ids=["foreign", "that begins as ours", "with a user", "unreadable", "none", "ours, from elsewhere"],
)
async def test_screen_is_for_this_machine_under_its_own_name(site: Site, address: str, host: str) -> None:
    async with site.visitor(address, "127.0.0.1:8085") as browser:
        named = {"Host": host, "Origin": f"http://{host}"}
        assert (await browser.post("/api/v1/presses", json={"score": 3}, headers=named)).status_code == 403
        assert (await browser.get("/api/v1/screen", headers=named)).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://["])
async def test_foreign_page_in_the_terminals_browser_cannot_press(site: Site, origin: str) -> None:
    answer = await site.here.post("/api/v1/presses", json={"score": 3}, headers={"Origin": origin})
    assert answer.status_code == 403


async def test_refused_event_is_a_problem_with_its_code(site: Site) -> None:
    event = site.rig.event("end", "A1")
    assert (await post_event(site.here, event)).status_code == 202
    again = await post_event(site.here, event)
    forged = await post_event(site.here, (event[0], "0" * 64))
    assert (again.status_code, again.json()["code"]) == (409, "number_used")
    assert (forged.status_code, forged.json()["code"]) == (401, "bad_signature")
    assert again.headers["content-type"] == "application/problem+json"


async def test_event_that_is_too_long_is_refused(site: Site) -> None:
    assert (await post_event(site.here, (b" " * 10_000, ""))).status_code == 413


async def test_event_without_an_end_is_cut_off_and_refused(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 70_000

    answer = await site.here.post("/api/v1/services", content=endless())
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_event")


async def test_touch_rates_and_additions_follow(site: Site) -> None:
    await site.rig.serve()
    assert (await site.here.post("/api/v1/presses", json={"score": 2})).status_code == 202
    window = site.rig.screen.window
    more = {"window": window, "reasons": ["waiting", "waiting"], "settled": False, "recommend": 0}
    assert (await site.here.post("/api/v1/additions", json=more)).status_code == 202
    assert (await site.here.post("/api/v1/additions", json=more)).json()["code"] == "too_late"
    (press,) = await site.rig.bodies(wire.PressBody)
    (said,) = await site.rig.bodies(wire.RatingMoreBody)
    assert (press.source, press.reason) == ("screen", Uncounted.NOT_AT_ALL)
    assert (said.reasons, said.settled, said.recommend) == (["waiting"], False, 0)


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("presses", {"score": 4}),
        ("presses", {"score": 0}),
        ("presses", {}),
        ("additions", {"window": "0" * 32, "reasons": ["made-up"]}),
        ("additions", {"window": "0" * 32, "recommend": 11}),
    ],
    ids=["no such key", "no score", "nothing", "a reason that is none", "more than ten"],
)
async def test_what_no_screen_would_send_is_refused(site: Site, address: str, body: dict[str, object]) -> None:
    assert (await site.here.post(f"/api/v1/{address}", json=body)).status_code == 422


async def test_receipt_is_a_picture_only_while_the_thanks_are_shown(site: Site) -> None:
    assert (await site.here.get("/receipt.svg")).status_code == 404
    await site.rig.serve()
    await site.rig.press(3)
    await until(lambda: site.rig.terminal.given is not None and site.rig.terminal.given.link)
    answer = await site.here.get("/receipt.svg")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/svg+xml", "no-store")
    await site.rig.pass_time(60)
    assert (await site.here.get("/receipt.svg")).status_code == 404


async def test_badge_has_its_picture_and_nothing_that_is_none(site: Site) -> None:
    first = msgspec.structs.replace(CLERKS[0], photo=PNG)
    second = msgspec.structs.replace(CLERKS[1], photo=HTML)
    site.rig.device.notice = msgspec.structs.replace(NOTICE, counter=CounterNotice(clerks=[first, second]))
    answer = await site.here.get("/clerks/3107/photo")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (await site.here.get("/clerks/3108/photo")).status_code == 404


async def test_page_tells_who_serves_in_both_languages(site: Site) -> None:
    await site.rig.card()
    page = (await site.here.get("/screen")).text
    english = (await site.here.get("/screen?lang=en")).text
    assert [word in page for word in ("Li Min", "工号 3107", "2 号柜台", "★★★★☆", "近 90 天 412 次评价")] == [True] * 5
    assert [word in english for word in ("No. 3107", "Counter 2", "412 ratings in 90 days", "SIMULATED")] == [True] * 4


async def test_screen_is_told_of_a_change_at_once(site: Site) -> None:
    change = asyncio.create_task(site.rig.terminal.change(3600))
    await asyncio.sleep(0)
    await post_event(site.here, site.rig.event("end", "A1"))
    async with asyncio.timeout(30):
        await change
