"""What a machine tells of itself, read from files as the kernel writes them, and null where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.hardware.machine import Health, LinuxMachine

THERMAL = "sys/class/thermal/thermal_zone{}/temp"
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
VOLTAGE = "sys/class/hwmon/hwmon1/{}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def write(root: Path, name: str, text: str) -> None:
    """One of the kernel's files."""
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_hottest_zone_is_told_in_degrees(root: Path, tmp_path: Path) -> None:
    write(root, THERMAL.format(0), "48312\n")
    write(root, THERMAL.format(1), "51100\n")
    assert LinuxMachine(root).health(tmp_path).temperature_c == 51.1


FLAGS = {"none": ("0\n", False), "now": ("50005\n", True), "only earlier": ("50000\n", False)}


@pytest.mark.parametrize(("text", "low"), FLAGS.values(), ids=FLAGS)
def test_undervoltage_is_what_the_firmware_says_of_now(root: Path, tmp_path: Path, text: str, low: bool) -> None:
    write(root, THROTTLED, text)
    assert LinuxMachine(root).health(tmp_path).undervoltage is low


@pytest.mark.parametrize(("text", "low"), [("1\n", True), ("0\n", False)], ids=["low", "fine"])
def test_undervoltage_is_what_the_driver_says_where_there_is_one(
    root: Path, tmp_path: Path, text: str, low: bool
) -> None:
    write(root, VOLTAGE.format("name"), "rpi_volt\n")
    write(root, VOLTAGE.format("in0_lcrit_alarm"), text)
    write(root, "sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    assert LinuxMachine(root).health(tmp_path).undervoltage is low


def test_memory_is_the_resident_part_of_this_process(root: Path, tmp_path: Path) -> None:
    write(root, "proc/self/statm", "20000 15000 3000 1 0 9000 0\n")
    assert LinuxMachine(root).health(tmp_path).memory_mb == pytest.approx(15000 * 4096 / 1e6, abs=0.1)


def test_what_a_machine_cannot_tell_is_null(root: Path, tmp_path: Path) -> None:
    write(root, THERMAL.format(0), "none\n")
    write(root, THROTTLED, "")
    assert LinuxMachine(root).health(tmp_path / "nowhere") == Health()


def test_this_machine_tells_its_room_and_its_memory(tmp_path: Path) -> None:
    health = LinuxMachine().health(tmp_path)
    assert health.disk_free_mb is not None
    assert health.memory_mb is not None
    assert health.memory_mb > 1
