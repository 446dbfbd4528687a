"""Simulated boards: many in one process, each with its own converter and pins."""

from __future__ import annotations

import pytest

from edge_agent.hardware.board import Board, HardwareError
from firmware_sim.board import make_board
from firmware_sim.converter import Mcp3008


def test_three_boards_in_one_process_read_their_own_converters() -> None:
    boards = [make_board(f"SIM-{n}") for n in range(3)]
    channels = [board.analog(0) for board in boards]
    for board, ratio in zip(boards, (0.1, 0.5, 0.9), strict=True):
        board.set_ratio(0, ratio)
    assert [channel.read() for channel in channels] == pytest.approx([0.1, 0.5, 0.9], abs=0.5 / 1023)


def test_the_channels_of_one_board_are_read_apart() -> None:
    board = make_board("SIM-1")
    inputs = [board.analog(channel) for channel in range(8)]
    for channel in range(8):
        board.set_ratio(channel, channel / 1023)
    assert [round(i.read() * 1023) for i in inputs] == list(range(8))


def test_the_ends_of_the_scale_are_exact_and_voltages_beyond_saturate() -> None:
    board = make_board("SIM-1")
    channel = board.analog(0)
    assert channel.read() == 0.0
    board.set_ratio(0, 1.0)
    assert channel.read() == 1.0
    board.set_ratio(0, 7.5)
    assert channel.read() == 1.0
    board.set_ratio(0, -0.2)
    assert channel.read() == 0.0


def test_a_source_is_asked_at_each_conversion() -> None:
    board = make_board("SIM-1")
    ratios = iter([0.0, 1.0])
    board.attach(0, lambda: next(ratios))
    channel = board.analog(0)
    assert [channel.read(), channel.read()] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        pytest.param([1, 0x80 | 5 << 4, 0], [0, 2, 0x9A], id="single ended channel 5"),
        pytest.param([1, 0x00, 0], [0, 0, 0], id="differential mode is not wired"),
        pytest.param([0, 0x80, 0], [0, 0, 0], id="no start bit"),
        pytest.param([1, 0x80], [0, 0], id="frame cut short"),
        pytest.param([], [], id="empty frame"),
    ],
)
def test_the_converter_answers_the_chip_frame(words: list[int], answer: list[int]) -> None:
    chip = Mcp3008()
    chip.attach(5, lambda: 666 / 1023)
    assert chip.transfer(words) == answer


def test_the_spi_pins_belong_to_the_converter_until_its_last_channel_closes() -> None:
    board = make_board("SIM-1")
    board.analog(0)
    board.analog(1)
    with pytest.raises(HardwareError, match="GPIO9 is already in use"):
        board.digital(9, pull_up=True)
    board.close()
    assert not board.digital(9, pull_up=True).active


@pytest.mark.parametrize("pull_up", [True, False])
def test_a_contact_closed_before_the_agent_starts_is_seen_closed(pull_up: bool) -> None:
    board = make_board("SIM-1")
    board.set_contact(17, True, pull_up=pull_up)
    contact = board.digital(17, pull_up=pull_up)
    assert contact.active
    board.set_contact(17, False, pull_up=pull_up)
    assert not contact.active


def test_the_world_sees_what_the_agent_switches_on() -> None:
    board = make_board("SIM-1")
    siren = board.output(22)
    assert not board.is_on(22)
    siren.set(True)
    assert board.is_on(22)


def test_a_simulated_board_is_a_board_and_says_that_it_is_simulated() -> None:
    board: Board = make_board("SIM-tide-1")
    assert board.simulated
    assert board.serial == "SIM-tide-1"


def test_a_converter_cannot_be_read_after_close() -> None:
    board = make_board("SIM-1")
    channel = board.analog(0)
    board.close()
    with pytest.raises(HardwareError, match="has been closed"):
        channel.read()
