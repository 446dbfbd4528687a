"""SIMULATED boards in real time, moved by hands and seen by eyes: by their sockets, and on their page in a browser."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from deploy.demo.cable import Cable
from edge_agent.hardware import escpos
from edge_agent.hardware.board import Paper
from firmware_sim import control
from firmware_sim.board import make_board
from firmware_sim.clock import ScenarioClock
from firmware_sim.control import ControlError, ask, socket_of
from firmware_sim.crowd import Crowd, write_crowd
from firmware_sim.handles import Handles, HandsRefused
from firmware_sim.lives import Ground, Lives
from firmware_sim.page.app import create_app
from firmware_sim.scenario import Scenario, load_scenario
from firmware_sim.sight import SensorSight, Sight, read_slip
from kiosk.web.server import serve
from tests.axe import violations
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIDE, STORE, DRAIN, DESK = "fleet-tide-0002", "fleet-store-0003", "fleet-drain-0001", "fleet-terminal-0018"
NOBODY_LISTENS = 1
SIZES = [(390, 844), (1440, 900)]


class Bench(NamedTuple):
    """Boards that run, the folder of their sockets, and the address of their page."""

    boards: Path
    origin: str

    async def ask(self, device: str, request: control.Request) -> Sight:
        answer = await ask(socket_of(self.boards, device), request)
        assert answer.sight is not None
        return answer.sight

    async def sees(self, device: str, wanted: Callable[[Sight], bool]) -> Sight:
        """Return once the board looks so."""
        async with asyncio.timeout(60):
            while not wanted(sight := await self.ask(device, control.Look())):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.02)
        return sight


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Twenty invented devices, of which a few will run."""
    now = int(time.time()) * 1000
    return load_scenario(write_crowd(tmp_path_factory.mktemp("crowd"), Crowd(20, 3, now, every_s=0.5)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory, crowd: Scenario) -> AsyncIterator[Bench]:
    """A tide gauge, a store and a counter without a broker, and their page."""
    folder, ports = tmp_path_factory.mktemp("bench"), asyncio.Queue[int]()
    ground = Ground(folder / "state", "127.0.0.1", NOBODY_LISTENS, boards=folder / "boards")
    cables = {device: Cable(NOBODY_LISTENS) for device in (TIDE, STORE, DESK)}
    for cable in cables.values():
        await cable.open()
    running = asyncio.create_task(Lives(crowd, list(cables), ground, cables=cables).run())
    serving = asyncio.create_task(serve(create_app(folder / "boards"), "127.0.0.1", 0, ports.put_nowait))
    port = await ports.get()
    await until(lambda: len(list((folder / "boards").glob("*.sock"))) == len(cables))
    made = Bench(folder / "boards", f"http://127.0.0.1:{port}")
    await made.sees(DESK, lambda sight: sight.screen > 0)
    yield made
    serving.cancel()
    running.cancel()
    await asyncio.wait([serving, running])
    for cable in cables.values():
        await cable.close()


async def test_level_held_above_its_threshold_sounds_the_siren_until_it_is_let_go(bench: Bench) -> None:
    held = await bench.ask(TIDE, control.Hold("sea_level", 5.5))
    assert [(s.held, s.value) for s in held.sensors] == [(True, 5.5)]
    await bench.sees(TIDE, lambda sight: sight.lamps == {"siren": True, "lamp": True})
    let_go = await bench.ask(TIDE, control.Release("sea_level"))
    assert let_go.sensors[0].held is False
    await bench.sees(TIDE, lambda sight: sight.lamps == {"siren": False, "lamp": False})


async def test_board_in_a_power_cut_is_dark_and_comes_back_on_its_own_disk(bench: Bench) -> None:
    before = await bench.sees(STORE, lambda sight: sight.power and sight.waiting > 0)
    await bench.ask(STORE, control.Darken(1.0))
    dark = await bench.sees(STORE, lambda sight: not sight.power)
    assert (dark.waiting, set(dark.lamps.values())) == (0, {False})
    await bench.sees(STORE, lambda sight: sight.power and sight.waiting >= before.waiting)


async def test_paper_somebody_and_a_card_are_moved_and_refused_where_there_is_nothing_for_them(bench: Bench) -> None:
    out = await bench.ask(DESK, control.Roll(Paper.OUT))
    came = await bench.ask(DESK, control.Stand(True))
    left = await bench.ask(DESK, control.Stand(False))
    again = await bench.ask(DESK, control.Roll(Paper.ENOUGH))
    read = await bench.ask(DESK, control.Card("SIM-CARD-1"))
    assert (out.paper, again.paper, came.present, left.present, read.reader) == ("out", "enough", True, False, True)
    for deed in (control.Roll(Paper.OUT), control.Stand(True), control.Card("x")):
        with pytest.raises(ControlError, match="has no"):
            await ask(socket_of(bench.boards, TIDE), deed)


async def test_finger_on_a_key_is_seen_and_nobody_is_there(bench: Bench) -> None:
    answer = await ask(socket_of(bench.boards, DESK), control.Press("满意"))
    assert len(answer.outcomes) == 1
    assert answer.sight is not None
    assert [key.label for key in answer.sight.keys] == ["Not satisfied", "Fairly satisfied", "Satisfied"]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        pytest.param(control.Hold("rain", 1), "has no sensor 'rain'", id="no such sensor"),
        pytest.param(control.Spoil("sea_level", "bounce"), "cannot be 'bounce'", id="no such fault"),
        pytest.param(control.Press("1"), "has no keys", id="no keys"),
    ],
)
async def test_what_a_board_has_not_is_refused_in_words(bench: Bench, wanted: control.Request, why: str) -> None:
    with pytest.raises(ControlError, match=why):
        await ask(socket_of(bench.boards, TIDE), wanted)


async def test_page_refuses_foreign_origins_foreign_names_and_what_is_no_deed(bench: Bench) -> None:
    deeds, body = f"{bench.origin}/api/v1/boards/{TIDE}/deeds", {"type": "cable", "pulled": True}
    async with httpx.AsyncClient(trust_env=False) as foreign:
        answers = [
            await foreign.post(deeds, json=body),
            await foreign.post(deeds, json=body, headers={"Origin": "http://evil.example"}),
            await foreign.get(bench.origin, headers={"Host": "evil.example"}),
        ]
    async with httpx.AsyncClient(trust_env=False, headers={"Origin": bench.origin}) as own:
        answers += [
            await own.post(deeds, json={"type": "explode"}),
            await own.post(deeds, json={"type": "spoil", "stream": "sea_level", "fault": "stuck"}),
            await own.get(f"{bench.origin}/boards/no-such-board"),
            await own.get(f"{bench.origin}/boards/..%2Fetc"),
        ]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 422, 409, 404, 404]
    assert "script-src 'self'" in answers[3].headers["content-security-policy"]
    assert (await bench.ask(TIDE, control.Look())).link is True


async def look(page: Page) -> list[str]:
    """What axe-core calls serious or critical, and whether the page is too wide."""
    over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return await violations(page) + ["too wide"] * (over > 0)


@pytest.mark.timeout(300)
async def test_page_moves_boards_and_shows_live_what_they_do(bench: Bench) -> None:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = await chromium.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        found = []
        for path, lang in (("/", "zh"), (f"/boards/{TIDE}", "zh"), (f"/boards/{DESK}", "en"), ("/", "en")):
            await page.goto(f"{bench.origin}{path}?lang={lang}")
            await expect(page.locator("#pulse")).to_have_class("pill ok", timeout=90_000)
            for width, height in SIZES:
                await page.set_viewport_size({"width": width, "height": height})
                found += [f"{path} {lang} {width}: {what}" for what in await look(page)]
        assert found == []
        await expect(page.locator(".ribbon")).to_contain_text("SIMULATED / 模拟")

        await page.keyboard.press("/")
        await page.keyboard.type("tide")
        await expect(page.locator("#rows > tr:visible")).to_have_count(1)
        await page.click(f"a[href='/boards/{TIDE}']")
        await expect(page.locator("main[data-device] #pulse")).to_have_class("pill ok", timeout=90_000)
        siren = page.locator("[data-state=lamp-siren] [data-on]")
        await page.locator("[data-hold]").evaluate(
            "r => { r.value = 6; r.dispatchEvent(new Event('change', {bubbles: true})) }"
        )
        await expect(siren).to_be_visible(timeout=90_000)
        await page.click("[data-spoil]")
        await expect(page.locator("[data-fault=frozen]")).to_be_visible()
        await page.click("[data-release]")
        await expect(page.locator("[data-held]")).to_be_hidden()
        await expect(siren).to_be_visible()
        await page.click("[data-mend]")
        await expect(siren).to_be_hidden(timeout=90_000)
        await page.click("[data-cable=true]")
        await expect(page.locator("[data-state=link] [data-off]")).to_be_visible()
        await page.click("[data-cable=false]")

        await page.goto(f"{bench.origin}/boards/{DESK}")
        await expect(page.locator("#pulse")).to_have_class("pill ok", timeout=90_000)
        await page.keyboard.press("3")
        await expect(page.locator("#outcome")).to_have_text("not counted: nobody is to rate now", timeout=90_000)
        await page.click("[data-roll=out]")
        await expect(page.locator("[data-stock=out]")).to_be_visible()
        await page.click("[data-stand=true]")
        await expect(page.locator("[data-state=present] [data-on]")).to_be_visible()
        await page.click("[data-card]")
        await expect(page.locator("#said")).to_be_hidden()
        assert said == []
        await page.goto(f"{bench.origin}/boards/no-such-board")
        await expect(page.locator(".ribbon")).to_contain_text("SIMULATED / 模拟")
        await chromium.close()


# -- hands and eyes without agents --------------------------------------------------------------------------


def sensor_of(handles: Handles, stream: str) -> SensorSight:
    return next(s for s in handles.look().sensors if s.stream == stream)


async def test_faults_by_hand_spoil_what_the_sensor_gives_until_they_are_mended(crowd: Scenario) -> None:
    clock = ScenarioClock(crowd.start_ms)
    handles = Handles(crowd.device_of(TIDE), clock)
    handles.measure("sea_level", lambda at: 2.0)
    handles.hold("sea_level", 1.0)
    handles.spoil("sea_level", "frozen")
    handles.hold("sea_level", 3.0)
    frozen = sensor_of(handles, "sea_level")
    handles.spoil("sea_level", "drift", 0.5)
    await clock.run(crowd.start_ms + 7_200_000)
    drifted = sensor_of(handles, "sea_level")
    handles.mend("sea_level")
    handles.release("sea_level")
    sound = sensor_of(handles, "sea_level")
    assert [(s.value, s.held, s.fault) for s in (frozen, drifted, sound)] == [
        (1.0, True, "frozen"),
        (4.0, True, "drift"),
        (2.0, False, ""),
    ]


async def test_contact_in_a_hand_is_not_moved_by_the_world_until_it_is_let_go(crowd: Scenario) -> None:
    board, handles = make_board("SIM-1"), Handles(crowd.device_of(STORE), ScenarioClock(crowd.start_ms))
    handles.take(board)
    door = board.digital(24, pull_up=True)
    handles.hold("door", 1)
    handles.move(24, False)
    held = door.active
    handles.spoil("door", "stuck")
    handles.release("door")
    stuck = door.active
    handles.mend("door")
    assert (held, stuck, door.active) == (True, True, False)


async def test_worn_contact_bounces_and_ends_where_it_was_going(crowd: Scenario) -> None:
    clock = ScenarioClock(crowd.start_ms)
    board, handles, edges = make_board("SIM-1"), Handles(crowd.device_of(STORE), clock), list[bool]()
    handles.take(board)
    board.digital(24, pull_up=True).on_change(edges.append)
    handles.spoil("door", "bounce")
    handles.hold("door", 1)
    await clock.run(crowd.start_ms + 1000)
    assert edges == [True, False, True, False, True]


async def test_rain_by_hand_tips_the_bucket_so_often(crowd: Scenario) -> None:
    clock = ScenarioClock(crowd.start_ms)
    board, handles, edges = make_board("SIM-1"), Handles(crowd.device_of(DRAIN), clock), list[bool]()
    handles.take(board)
    board.digital(17, pull_up=True).on_change(edges.append)
    handles.hold("rain", 0.6)
    await clock.run(crowd.start_ms + 5000)
    assert edges == [True, False] * 3


async def test_cable_and_power_of_a_story_are_not_for_hands(crowd: Scenario) -> None:
    handles = Handles(crowd.device_of(TIDE), ScenarioClock(crowd.start_ms))
    assert handles.look().can_cut is False
    with pytest.raises(HandsRefused, match="belongs to its story"):
        handles.pull_cable(True)
    with pytest.raises(HandsRefused, match="belongs to its story"):
        handles.darken(5)


async def test_slip_is_read_as_a_person_reads_it() -> None:
    slip = b"".join(
        (escpos.INIT, escpos.CENTRE, escpos.LARGE, escpos.text("服务评价"), escpos.PLAIN, escpos.text("Satisfied"),
         escpos.code(b"https://example.org/r", 384), escpos.ASK_DONE, escpos.CUT)
    )  # fmt: skip
    assert read_slip(slip) == ["服务评价", "Satisfied", "[QR https://example.org/r]"]


async def test_same_seed_invents_the_same_fleet_and_another_one_another(tmp_path: Path) -> None:
    texts = [
        write_crowd(tmp_path / str(n), Crowd(30, seed, 1_795_000_000_000)).read_text()
        for n, seed in enumerate((1, 1, 2))
    ]
    assert (texts[0] == texts[1], texts[0] == texts[2]) == (True, False)
    roles = {device.role.value for device in load_scenario(tmp_path / "0").device}
    assert roles == {"sensor-node", "rating-terminal", "kiosk", "camera"}
