"""Demos with faults: whatever is done to broker, gateway, devices and sensors is seen and costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.stories import PROMISED, run_demo

pytestmark = pytest.mark.timeout(400)

#: Of everything something: processes and links, two of them at once, and the sensors' own.
STORY = """\
name = "everything"
extends = "quick"
[[faults.everything]]
name = "float-bounces"
kind = "bounce"
target = "node-yard/drain_float"
at = 2026-07-01T06:05:00Z
for_s = 9000
[[faults.everything]]
name = "broker"
kind = "broker-kill"
target = "broker"
at = 2026-07-01T06:30:00Z
for_s = 600
[[faults.everything]]
name = "gauge-frozen"
kind = "frozen"
target = "gauge-pier/stage"
at = 2026-07-01T06:30:00Z
for_s = 600
[[faults.everything]]
name = "link-down-already"
kind = "link-cut"
target = "yard"
at = 2026-07-01T06:40:00Z
for_s = 600
[[faults.everything]]
name = "gateway"
kind = "gateway-kill"
target = "gateway"
at = 2026-07-01T07:25:00Z
for_s = 600
[[faults.everything]]
name = "agent"
kind = "agent-kill"
target = "yard"
at = 2026-07-01T08:15:00Z
for_s = 600
"""


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Broker, gateway and an agent killed, a link cut that was down already, sensors that misbehave; in InfluxDB."""
    folder = tmp_path_factory.mktemp("rough")
    file = folder / "story.toml"
    file.write_text(STORY)
    return run_demo(folder, "--scenario", str(file), "--faults", "everything", "--speed", "240", "--store", "influx")


def test_faults_cost_nothing_in_influxdb_either(rough: dict[str, Any]) -> None:
    assert rough["store"] == "influx"
    assert rough["put"] == rough["stored"] + rough["waiting"] >= 400
    assert (rough["lost"], rough["duplicates"], rough["altered"]) == (0, 0, 0)
    assert not {"alarm", "record"} & set(rough["gaps_by_lane"])


def test_each_fault_is_seen_also_of_a_link_that_was_down_already_and_of_sensors(rough: dict[str, Any]) -> None:
    assert [fault["name"] for fault in rough["faults"] if not fault["seen_by"]] == []
    assert len(rough["faults"]) == 6


def test_a_story_without_warnings_tells_nobody(rough: dict[str, Any]) -> None:
    told = rough["warnings"]
    assert (told["published"], told["stored"], told["by_state"]) == (0, 0, {})
    assert [told[name] for name in PROMISED] == [0] * len(PROMISED)


def test_devices_in_the_field_keep_their_promises_whatever_is_done_to_them(tmp_path: Path) -> None:
    report = run_demo(tmp_path, "--scenario", "quick", "--faults", "hard", "--speed", "240")
    assert (report["lost"], report["duplicates"], report["altered"], report["rejected"]) == (0, 0, 0, 0)
    assert not {"alarm", "record"} & set(report["gaps_by_lane"])
    faults = {fault["kind"]: fault for fault in report["faults"]}
    assert set(faults) == {"clone", "clock-step", "gateway-restore", "revoke", "power-cut"}
    assert all(fault["seen_by"] and not fault["broken"] and not fault["skipped"] for fault in faults.values())
    assert faults["revoke"]["refused"]
