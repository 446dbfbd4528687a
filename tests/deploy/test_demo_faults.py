"""Demos with faults: whatever is done to broker, gateway, devices and sensors is seen and costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.stories import run_demo, surges

pytestmark = pytest.mark.timeout(400)

SITES = {"charleston", "wilmington", "beaufort"}


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Hugo with broker, gateway and agents killed and a link cut."""
    return run_demo(tmp_path_factory.mktemp("rough"), "--faults", "rough", "--speed", "8000")


def test_faults_cost_nothing_and_each_is_seen(rough: dict[str, Any]) -> None:
    assert (rough["lost"], rough["duplicates"], rough["altered"]) == (0, 0, 0)
    assert not {"alarm", "record"} & set(rough["gaps_by_lane"])
    assert {fault["kind"] for fault in rough["faults"]} == {"broker-kill", "gateway-kill", "link-cut", "agent-kill"}
    assert all(fault["seen_by"] for fault in rough["faults"])
    assert {alarm["site"] for alarm in surges(rough)} == SITES


def test_faults_of_sensors_show_in_the_readings_and_bouncing_does_not(tmp_path: Path) -> None:
    report = run_demo(tmp_path, "--scenario", "quick", "--faults", "sensors", "--speed", "max")
    assert {fault["name"]: bool(fault["seen_by"]) for fault in report["faults"]} == {
        "float-bounces": True,
        "gauge-frozen": True,
    }


OVERLAPPING = """\
name = "overlapping"
extends = "quick"
[[faults.both]]
name = "broker"
kind = "broker-kill"
target = "broker"
at = 2026-07-01T06:30:00Z
for_s = 600
[[faults.both]]
name = "link"
kind = "link-cut"
target = "yard"
at = 2026-07-01T06:40:00Z
for_s = 600
"""


def test_a_link_that_is_down_already_is_cut_when_it_stands_again(tmp_path: Path) -> None:
    scenario = tmp_path / "overlapping.toml"
    scenario.write_text(OVERLAPPING)
    report = run_demo(tmp_path, "--scenario", str(scenario), "--faults", "both", "--speed", "360")
    assert {fault["name"]: bool(fault["seen_by"]) for fault in report["faults"]} == {"broker": True, "link": True}


def test_devices_in_the_field_keep_their_promises_whatever_is_done_to_them(tmp_path: Path) -> None:
    report = run_demo(tmp_path, "--scenario", "quick", "--faults", "hard", "--speed", "240")
    assert (report["lost"], report["duplicates"], report["altered"], report["rejected"]) == (0, 0, 0, 0)
    assert not {"alarm", "record"} & set(report["gaps_by_lane"])
    faults = {fault["kind"]: fault for fault in report["faults"]}
    assert set(faults) == {"clone", "clock-step", "gateway-restore", "revoke", "power-cut"}
    assert all(fault["seen_by"] and not fault["broken"] and not fault["skipped"] for fault in faults.values())
    assert faults["revoke"]["refused"]
