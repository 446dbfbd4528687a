"""The board on gpiozero, run on gpiozero's own mock pins as the library's tests are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent.hardware.board import HardwareError
from edge_agent.hardware.gpio import GpioBoard, read_serial


@pytest.fixture
def pins() -> MockFactory:
    return MockFactory()


@pytest.fixture
def board(pins: MockFactory) -> Iterator[GpioBoard]:
    board = GpioBoard(pins, "serial-1")
    yield board
    board.close()


def test_a_pulled_up_contact_is_active_when_closed_to_ground(board: GpioBoard, pins: MockFactory) -> None:
    contact = board.digital(17, pull_up=True)
    assert not contact.active
    pins.pin(17).drive_low()
    assert contact.active


def test_a_pulled_down_contact_is_active_when_closed_to_the_supply(board: GpioBoard, pins: MockFactory) -> None:
    contact = board.digital(17, pull_up=False)
    assert not contact.active
    pins.pin(17).drive_high()
    assert contact.active


def test_every_edge_is_forwarded_undebounced_to_every_listener(board: GpioBoard, pins: MockFactory) -> None:
    edges: list[bool] = []
    also: list[bool] = []
    contact = board.digital(17, pull_up=True)
    contact.on_change(edges.append)
    contact.on_change(also.append)
    pin = pins.pin(17)
    pin.drive_low()
    pin.drive_high()
    pin.drive_low()
    pin.drive_high()
    assert edges == [True, False, True, False]
    assert also == edges


def test_an_output_is_off_at_first_and_after_close(board: GpioBoard, pins: MockFactory) -> None:
    siren = board.output(22)
    assert not pins.pin(22).state
    siren.set(True)
    assert pins.pin(22).state
    siren.set(False)
    assert not pins.pin(22).state
    siren.set(True)
    board.close()
    assert not pins.pin(22).state


def test_a_pin_used_twice_is_refused_by_its_name(board: GpioBoard) -> None:
    board.digital(17, pull_up=True)
    with pytest.raises(HardwareError, match=r"output 17 cannot be used: .*GPIO17 is already in use"):
        board.output(17)


def test_a_closed_board_gives_its_pins_back(board: GpioBoard) -> None:
    board.digital(17, pull_up=True)
    board.close()
    assert not board.digital(17, pull_up=True).active


def test_a_pin_that_is_not_there_is_refused(board: GpioBoard) -> None:
    with pytest.raises(HardwareError, match="input 40 cannot be used"):
        board.digital(40, pull_up=True)


def test_a_channel_that_is_not_there_is_refused(board: GpioBoard) -> None:
    with pytest.raises(HardwareError, match="converter channel 8 cannot be used"):
        board.analog(8)


def test_mock_pins_are_declared_as_simulated(board: GpioBoard) -> None:
    assert board.simulated
    assert board.serial == "serial-1"


def test_a_machine_without_pins_is_told_what_is_missing_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "no-such-driver")
    with pytest.raises(HardwareError, match=r"no-such-driver.*install the driver.*simulator"):
        GpioBoard(serial="serial-1")


def test_the_serial_is_read_from_the_first_file_that_has_one(tmp_path: Path) -> None:
    board, system = tmp_path / "serial-number", tmp_path / "machine-id"
    system.write_text("0123abcd\n")
    assert read_serial((board, system)) == "0123abcd"
    board.write_bytes(b"10000000deadbeef\x00")
    assert read_serial((board, system)) == "10000000deadbeef"


def test_a_machine_without_a_serial_is_told_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="systemd-machine-id-setup"):
        read_serial((tmp_path / "nothing",))
