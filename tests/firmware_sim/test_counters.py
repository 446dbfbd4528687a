"""Counters in real time, for hands: the keys of a SIMULATED board are pressed from outside, by its own user alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from firmware_sim.control import ControlError, Press, find_key, press_key, socket_of
from firmware_sim.counters import come_and_go
from firmware_sim.day import Act, Said, Showed, Stood
from firmware_sim.fingers import Touch
from firmware_sim.lives import Ground, Lives
from firmware_sim.scenario import load_scenario
from tests.waiting import until

NOBODY_LISTENS = 1


@pytest_asyncio.fixture
async def screens(tmp_path: Path) -> AsyncIterator[dict[str, int]]:
    """Two counters without a network; the ports of their screens."""
    ports: dict[str, int] = {}
    ground = Ground(
        tmp_path / "state", "127.0.0.1", NOBODY_LISTENS, screen=ports.__setitem__, boards=tmp_path / "boards"
    )
    running = asyncio.create_task(Lives(load_scenario("counter-day"), ["desk-01", "desk-02"], ground).run())
    await until(lambda: len(ports) == 2 or running.done())
    yield ports
    running.cancel()
    await asyncio.wait([running])


async def test_keys_are_pressed_by_number_and_label_and_nobody_is_there(
    tmp_path: Path, screens: dict[str, int]
) -> None:
    first, second = (socket_of(tmp_path / "boards", name) for name in ("desk-01", "desk-02"))
    assert await press_key(first, Press("3")) == ["no-window"]
    assert await press_key(second, Press("不满意")) == ["no-window"]
    assert await press_key(second, Press("2", Touch.PALM)) == ["mashing", "mashing"]
    async with httpx.AsyncClient(trust_env=False) as browser:
        screen = (await browser.get(f"http://127.0.0.1:{screens['desk-01']}/api/v1/screen")).json()
    assert screen["simulated"] is True


async def test_what_is_no_key_and_what_is_no_request_is_refused_in_words(
    tmp_path: Path, screens: dict[str, int]
) -> None:
    path = socket_of(tmp_path / "boards", "desk-01")
    with pytest.raises(ControlError, match="there is no key '4'; the keys are 1 不满意, 2 基本满意, 3 满意"):
        await press_key(path, Press("4"))
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"press it\n")
    assert b"cannot be read" in await reader.readline()
    writer.close()


async def test_sockets_are_their_own_users_alone(tmp_path: Path, screens: dict[str, int]) -> None:
    assert (tmp_path / "boards").stat().st_mode & 0o777 == 0o700


async def test_board_of_a_demo_that_has_ended_is_named(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="its demo has ended"):
        await press_key(tmp_path / "desk-01.sock", Press("1"))


@pytest.mark.parametrize(
    ("button", "scale", "score"),
    [
        pytest.param("1", 3, 1, id="number"),
        pytest.param("满意", 3, 3, id="best of three"),
        pytest.param("满意", 5, 4, id="fourth of five"),
        pytest.param("fairly satisfied", 5, 3, id="English"),
        pytest.param("0", 3, None, id="none"),
        pytest.param("", 3, None, id="empty"),
    ],
)
def test_key_is_found_by_number_and_label_of_its_scale(button: str, scale: int, score: int | None) -> None:
    assert find_key(button, scale) == score


def test_customers_come_one_after_the_other_and_press_nothing() -> None:
    assert list(islice(come_and_go(0, "C"), 6)) == [
        Act(500, Showed("C")),
        Act(1_000, Stood(True)),
        Act(1_000, Said("begin", "H0001", 60)),
        Act(21_000, Said("end", "H0001")),
        Act(56_000, Stood(False)),
        Act(76_000, Stood(True)),
    ]
