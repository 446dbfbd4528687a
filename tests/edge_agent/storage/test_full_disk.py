"""A disk of 2 MB that another process has filled: alarms still go in, and all recovers when there is room again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: Runs in a mount namespace of its own, so that it needs no rights on this machine; prints what it saw as JSON.
PLAY = Path(__file__).with_name("full_disk_play.py")
UNSHARE = shutil.which("unshare")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the device saw on the small disk."""
    folder = tmp_path_factory.mktemp("disk")
    script = f"mount -t tmpfs -o size=2m tmpfs {folder} && exec {sys.executable} {PLAY} {folder}"
    if UNSHARE is None:
        pytest.skip("unshare is not installed: no small disk can be made")
    command = [UNSHARE, "--user", "--map-root-user", "--mount", "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip(f"no small disk can be made here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_alarms_and_records_go_in_while_the_disk_is_full(seen: dict[str, object]) -> None:
    assert seen["alarms_on_full_disk"] == 30
    assert seen["records_on_full_disk"] == 10


def test_full_disk_is_said_by_name_and_its_end_too(seen: dict[str, object]) -> None:
    assert seen["troubles_when_full"] == ["the disk is full"]
    assert seen["troubles_afterwards"] == []
    assert seen["ballast_when_full"] is False
    assert seen["ballast_afterwards"] is True


def test_readings_are_taken_again_and_those_that_were_not_are_named(seen: dict[str, object]) -> None:
    assert seen["readings_refused"] != 0
    assert seen["readings_left"] + seen["readings_named"] == seen["readings_offered"]  # type: ignore[operator]
    assert "the disk is full" in seen["reasons"]  # type: ignore[operator]


def test_gaps_bear_the_time_of_who_wrote_them(seen: dict[str, object]) -> None:
    assert seen["clocks_of_gaps"] == ["ntp"]


def test_acknowledged_facts_that_had_to_go_are_counted(seen: dict[str, object]) -> None:
    assert seen["kept_before"] != 0
    assert seen["unsafe_when_full"] != 0


def test_no_alarm_or_record_is_lost_and_the_file_is_whole(seen: dict[str, object]) -> None:
    assert seen["alarms_left"] == seen["alarms_put"]
    assert seen["records_left"] == seen["records_put"]
    assert seen["integrity"] == "ok"
