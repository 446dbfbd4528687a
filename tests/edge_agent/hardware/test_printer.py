"""The receipt printer: what it is asked and given, on a real pseudo-terminal with an answering far end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import segno

from edge_agent.hardware.board import HardwareError, Paper
from edge_agent.hardware.escpos import ASK_DONE, ASK_PAPER, code, read_done, read_paper, text
from edge_agent.hardware.printer import PrinterFile
from tests.waiting import until

SOUND, NEAR_END, AT_END = b"\x12", b"\x1e", b"\x72"
DONE = b"\x00"
LIMIT_S = 60.0


@pytest.fixture
def port() -> Iterator[tuple[int, Path]]:
    """The printer's end of a line, and the name of the other."""
    far, near = os.openpty()
    os.set_blocking(far, False)
    yield far, Path(os.ttyname(near))
    for end in (far, near):
        os.close(end)


@asynccontextmanager
async def answering(far: int, paper: bytes, done: bytes = DONE) -> AsyncIterator[bytearray]:
    """A printer that answers both questions so (b"": not at all); what it was given."""
    given = bytearray()
    loop = asyncio.get_running_loop()

    def hear() -> None:
        data = os.read(far, 4096)
        given.extend(data)
        os.write(far, paper * data.count(ASK_PAPER) + done * data.count(ASK_DONE))

    loop.add_reader(far, hear)
    try:
        yield given
    finally:
        loop.remove_reader(far)


@pytest.mark.parametrize(
    ("answer", "paper"),
    [
        (SOUND, Paper.ENOUGH),
        (b"\x11" + NEAR_END, Paper.LOW),
        (AT_END, Paper.OUT),
        (b"\x7e", Paper.OUT),
        (b"", None),
        (b"\x11\x13", None),
    ],
    ids=["enough", "near its end, after flow control", "out", "out and near its end", "silent", "flow control alone"],
)
def test_papers_state_is_read_from_its_bits(answer: bytes, paper: Paper | None) -> None:
    assert read_paper(answer) is paper


@pytest.mark.parametrize(
    ("answer", "paper"),
    [(DONE, Paper.ENOUGH), (b"\x03", Paper.LOW), (b"\x0f", Paper.OUT), (b"\x11", None)],
    ids=["enough", "near its end", "out", "flow control alone"],
)
def test_end_of_printing_is_read_from_its_bits(answer: bytes, paper: Paper | None) -> None:
    assert read_done(answer) is paper


def test_text_gives_the_printer_no_orders() -> None:
    assert text("满意\x1b@\x1dV\x00 A") == "满意@V A\n".encode("gb18030")


@pytest.mark.parametrize("size", [0, 2954], ids=["nothing", "too much"])
def test_code_that_cannot_be_drawn_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="QR code"):
        code(b"x" * size, 4)


@pytest.mark.parametrize("size", [17, 18, 53, 54, 106])
def test_code_is_as_wide_as_another_writer_makes_it(size: int) -> None:
    wide = segno.make_qr(b"x" * size, error="l", boost_error=False).symbol_size(border=4)[0]
    assert code(b"x" * size, int(wide) * 2)[15:17] == b"C\x02"
    assert code(b"x" * size, int(wide) * 2 - 1)[15:17] == b"C\x01"


async def test_slip_is_printed_whole_and_the_printer_says_so(port: tuple[int, Path]) -> None:
    far, name = port
    slip = bytes(range(32, 127)) * 40
    async with answering(far, SOUND, b"\x03") as given:
        assert await PrinterFile(name, LIMIT_S, LIMIT_S).print(slip) is Paper.LOW
    assert bytes(given) == ASK_PAPER + slip + ASK_DONE


async def test_without_paper_nothing_is_sent(port: tuple[int, Path]) -> None:
    far, name = port
    async with answering(far, AT_END) as given:
        assert await PrinterFile(name, LIMIT_S).paper() is Paper.OUT
        with pytest.raises(HardwareError, match="out of paper"):
            await PrinterFile(name, LIMIT_S).print(b"slip")
    assert bytes(given) == ASK_PAPER * 2


async def test_paper_that_ends_in_the_middle_is_told(port: tuple[int, Path]) -> None:
    far, name = port
    async with answering(far, SOUND, b"\x0c"):
        with pytest.raises(HardwareError, match="not said that it printed all"):
            await PrinterFile(name, LIMIT_S, LIMIT_S).print(b"slip")


async def test_printer_that_says_nothing_of_its_paper_prints(port: tuple[int, Path]) -> None:
    far, name = port
    async with answering(far, b"", b"") as given:
        assert await PrinterFile(name, 0.05, LIMIT_S).print(b"slip") is Paper.UNKNOWN
        await until(lambda: bytes(given) == ASK_PAPER + b"slip")


async def test_printer_that_takes_nothing_is_given_up(port: tuple[int, Path]) -> None:
    _far, name = port
    with pytest.raises(HardwareError, match="takes no data"):
        await PrinterFile(name, 0.05, 0.05).print(b"slip" * 100_000)


async def test_printer_that_goes_away_is_told() -> None:
    far, near = os.openpty()
    name = Path(os.ttyname(near))
    os.close(near)
    os.close(far)
    with pytest.raises(HardwareError, match="plug it in"):
        await PrinterFile(name).paper()


async def test_file_is_no_printer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HardwareError, match="character device"):
        await PrinterFile(tmp_path / "file").print(b"slip")
