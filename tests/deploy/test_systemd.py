"""The systemd units: what systemd itself says of them, and that they start commands which exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import deploy
from deploy.cli import run

UNITS = Path(deploy.__file__).parent / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
#: Tenths: an exposure of 2.0 at most.
THRESHOLD = "20"

with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine (Debian package systemd)"
)
each_service = pytest.mark.parametrize("unit", SERVICES, ids=[unit.stem for unit in SERVICES])


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says."""
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_device_and_gateway_have_their_services() -> None:
    assert [unit.stem for unit in SERVICES] == [
        "weiran-agent",
        "weiran-gateway-ingest",
        "weiran-gateway-web",
        "weiran-kiosk",
        "weiran-outreach-watch",
        "weiran-outreach",
    ]


@with_systemd
@each_service
def test_service_is_hardly_exposed(unit: Path) -> None:
    report = analyze("security", "--offline=true", "--no-pager", f"--threshold={THRESHOLD}", str(unit))
    assert report.returncode == 0, report.stdout[-2000:] + report.stderr


@with_systemd
@each_service
def test_service_is_understood_by_systemd(unit: Path, tmp_path: Path) -> None:
    installed = tmp_path / unit.name
    installed.write_text(unit.read_text().replace("/opt/weiran/bin/weiran", "/bin/true"))
    assert analyze("verify", "--man=no", str(installed)).stderr == ""


@each_service
def test_service_starts_a_command_that_exists(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = re.findall(
        r"^ExecStart=/opt/weiran/bin/weiran (.+) --config /etc/weiran/\w+\.toml$", unit.read_text(), re.M
    )
    assert len(command) == 1
    assert run([*command[0].split(), "--help"]) == 0
    assert "--config" in capsys.readouterr().out


@pytest.mark.parametrize("unit", ["weiran-agent", "weiran-kiosk"])
def test_device_reaches_its_pins_and_may_ask_who_steers_the_clock(unit: str) -> None:
    lines = (UNITS / f"{unit}.service").read_text().splitlines()
    assert {"DeviceAllow=char-gpiochip rw", "DeviceAllow=char-spi rw", "Type=notify"} <= set(lines)
    filters = [line for line in lines if line.startswith("SystemCallFilter=")]
    assert filters[-1].startswith("SystemCallFilter=adjtimex ")
    assert "ProtectClock=yes" not in lines


def test_terminal_reaches_its_card_reader_and_printer_and_never_runs_beside_the_agent() -> None:
    lines = (UNITS / "weiran-kiosk.service").read_text().splitlines()
    assert {"DeviceAllow=char-ttyUSB rw", "SupplementaryGroups=gpio spi dialout lp"} <= set(lines)
    assert "DeviceAllow=char-usb rw" in lines
    assert "Conflicts=weiran-agent.service" in lines
