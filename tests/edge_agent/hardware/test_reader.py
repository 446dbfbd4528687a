"""The card reader: lines as they come in pieces, on a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.hardware.board import HardwareError
from edge_agent.hardware.reader import SerialReader
from tests.waiting import until


@pytest.fixture
def port() -> Iterator[tuple[int, Path]]:
    """The far end of a serial line, and the name of its near end."""
    far, near = os.openpty()
    yield far, Path(os.ttyname(near))
    for end in (far, near):
        os.close(end)


async def test_lines_are_told_however_they_are_cut(port: tuple[int, Path]) -> None:
    far, name = port
    lines: list[str] = []
    with closing(SerialReader(name)) as reader:
        reader.on_line(lines.append)
        os.write(far, b"04A1")
        await asyncio.sleep(0)
        os.write(far, b"B2\r\n\r\n 04FF \n")
        await until(lambda: len(lines) == 2)
    assert lines == ["04A1B2", "04FF"]


async def test_noise_is_dropped_and_the_next_card_is_read(port: tuple[int, Path]) -> None:
    far, name = port
    lines: list[str] = []
    with closing(SerialReader(name)) as reader:
        reader.on_line(lines.append)
        os.write(far, b"\xff" * 400 + b"\n04A1B2\n")
        await until(lambda: lines)
    assert lines[-1] == "04A1B2"
    assert all(len(line) <= 256 for line in lines)


async def test_reader_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="ttyACM9"):
        SerialReader(tmp_path / "ttyACM9")


async def test_file_is_no_reader(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("04A1B2\n")
    with pytest.raises(HardwareError, match="serial device"):
        SerialReader(tmp_path / "file")


async def test_reader_that_goes_away_is_told() -> None:
    far, near = os.openpty()
    with closing(SerialReader(Path(os.ttyname(near)))) as reader:
        os.close(near)
        os.close(far)
        await until(lambda: reader.lost is not None)
        assert "plug it in again" in str(reader.lost)
