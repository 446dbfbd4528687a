"""The receipt on paper: what stands on it, when it is offered, and a printer that cannot print."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from edge_agent.hardware.board import Paper
from firmware_sim.board import SimBoard
from firmware_sim.clock import ScenarioClock
from kiosk.rating.printing import Slip
from kiosk.rating.slip import Paperwork, Place, compose_slips
from kiosk.web.app import create_app
from tests.kiosk.slips import read_codes, read_slips
from tests.kiosk.terminals import Rig, make_settings, running_terminal
from tests.waiting import until

LINK = "https://weiran.example/r#WR1." + "Az09-_" * 150
SECRET = "0123Y ZABCD 45678 EFGHJ KMNPQ R"
PLACE = Place("示例站 Example Station", "2", "Counter 2", "2 号柜台")
HOW = Paperwork(384, "Asia/Shanghai", simulated=False)
ORIGIN = "http://127.0.0.1:8085"


def test_proof_and_own_code_are_on_slips_apart() -> None:
    data = compose_slips(LINK, SECRET, 1_800_000_000_000, PLACE, HOW)
    proof, own = read_slips(data)
    assert read_codes(data) == [LINK]
    assert "".join(SECRET.split()) in own
    assert "".join(SECRET.split()) not in proof
    assert [word in proof for word in ("示例站ExampleStation", "2号柜台", "柜台Counter2", "2027-01-15")] == [True] * 4
    assert [word in own for word in ("请自己保管", "KEEPTHISTOYOURSELF")] == [True] * 2


@pytest.mark.parametrize("simulated", [True, False], ids=["simulated", "real"])
def test_each_slip_of_a_simulated_board_says_so(simulated: bool) -> None:
    slips = read_slips(compose_slips(LINK, SECRET, 0, PLACE, HOW._replace(simulated=simulated)))
    assert ["SIMULATED/模拟" in slip for slip in slips] == [simulated] * 2


@pytest.mark.parametrize(
    ("link", "dots", "module"),
    [(LINK, 384, b"1C\x03"), (LINK, 576, b"1C\x05"), ("https://weiran.example/r#WR1.", 384, b"1C\x08")],
    ids=["58 mm", "80 mm", "a short one is not drawn huge"],
)
def test_code_is_as_large_as_the_paper_takes(link: str, dots: int, module: bytes) -> None:
    assert b"\x1d(k\x03\x00" + module in compose_slips(link, SECRET, 0, PLACE, HOW._replace(dots=dots))


@pytest_asyncio.fixture
async def rig(tmp_path: Path, board: SimBoard, clock: ScenarioClock, identity: Path) -> AsyncIterator[Rig]:
    """A terminal with a printer, which has just been asked how it is."""
    async with running_terminal(make_settings(tmp_path, identity, printer="lp0"), board, clock) as rig:
        await rig.terminal.printing.look()
        yield rig


def client(rig: Rig) -> httpx.AsyncClient:
    """The terminal's own browser."""
    transport = httpx.ASGITransport(create_app(rig.terminal))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN})


async def rate(rig: Rig) -> str:
    """A customer has rated, and sees the code; the window."""
    await rig.serve()
    await rig.press(3)
    await until(lambda: rig.terminal.given is not None and rig.terminal.given.link)
    assert rig.terminal.given is not None
    return rig.terminal.given.window


def read_disk(folder: Path) -> str:
    """All that the terminal has stored."""
    return b"".join(file.read_bytes() for file in folder.glob("*.db*")).decode("latin-1")


def slip_of(rig: Rig) -> Slip | None:
    """What the screen offers."""
    return None if rig.screen.receipt is None else rig.screen.receipt.slip


async def test_receipt_is_printed_once_and_says_what_the_screen_says(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    window = await rate(rig)
    assert rig.terminal.given is not None
    assert rig.screen.receipt is not None
    link, secret = rig.terminal.given.link, "".join(rig.screen.receipt.secret.split())
    async with client(rig) as here:
        assert "data-print" in (await here.get("/screen")).text
        assert (await here.post("/api/v1/slips", json={"window": window})).status_code == 201
        again = await here.post("/api/v1/slips", json={"window": window})
        page = (await here.get("/screen?lang=en")).text
    (data,) = rig.board.slip_printer.slips
    assert read_codes(data) == [link]
    assert secret in read_slips(data)[1]
    assert (again.status_code, again.json()["code"]) == (409, "not_offered")
    assert ("data-print" in page, "take both slips" in page) == (False, True)
    stored = read_disk(tmp_path)
    assert window in stored
    assert [word in text for word in (secret, rig.screen.receipt.secret) for text in (stored, caplog.text)] == [
        False
    ] * 4


async def test_without_a_printer_none_is_offered(
    tmp_path: Path, board: SimBoard, clock: ScenarioClock, identity: Path
) -> None:
    async with running_terminal(make_settings(tmp_path, identity), board, clock) as rig:
        window = await rate(rig)
        async with client(rig) as here:
            assert "data-print" not in (await here.get("/screen")).text
            assert (await here.post("/api/v1/slips", json={"window": window})).status_code == 409
    assert not board.slip_printer.slips


async def trouble_of(rig: Rig, stock: Paper, *, plugged: bool = True) -> tuple[set[str], Slip | None]:
    """What is named and what is offered, once the printer has said this."""
    rig.board.slip_printer.stock, rig.board.slip_printer.plugged = stock, plugged
    await rig.terminal.printing.look()
    return {part for part in rig.device.degraded if part.startswith("receipt")}, slip_of(rig)


async def test_printers_trouble_is_named_and_decides_what_is_offered(rig: Rig) -> None:
    await rate(rig)
    assert await trouble_of(rig, Paper.LOW) == ({"receipt paper"}, Slip.OFFERED)
    assert await trouble_of(rig, Paper.OUT) == ({"receipt paper"}, Slip.NONE)
    assert await trouble_of(rig, Paper.UNKNOWN) == (set(), Slip.OFFERED)
    assert await trouble_of(rig, Paper.ENOUGH, plugged=False) == ({"receipt printer"}, Slip.NONE)
    assert await trouble_of(rig, Paper.ENOUGH) == (set(), Slip.OFFERED)
    assert rig.screen.view == "thanks"


async def test_print_that_fails_is_offered_again_when_the_printer_is_back(rig: Rig) -> None:
    window = await rate(rig)
    printer = rig.board.slip_printer
    printer.plugged = False
    async with client(rig) as here:
        failed = await here.post("/api/v1/slips", json={"window": window})
        assert (failed.status_code, failed.json()["code"], slip_of(rig)) == (503, "printer", Slip.FAILED)
        printer.plugged = True
        await rig.terminal.printing.look()
        assert slip_of(rig) is Slip.OFFERED
        assert (await here.post("/api/v1/slips", json={"window": window})).status_code == 201
    assert (len(printer.slips), slip_of(rig)) == (1, Slip.PRINTED)
    assert not [part for part in rig.device.degraded if part.startswith("receipt")]


async def test_receipt_of_another_window_and_after_the_thanks_is_not_printed(rig: Rig) -> None:
    window = await rate(rig)
    async with client(rig) as here:
        assert (await here.post("/api/v1/slips", json={"window": "0" * 32})).status_code == 409
        await rig.pass_time(60)
        assert (await here.post("/api/v1/slips", json={"window": window})).status_code == 409
    assert not rig.board.slip_printer.slips
