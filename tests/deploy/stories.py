"""Plays a demo to its end in processes of its own and reads its report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

#: What must not happen to any warning or notice.
PROMISED = (
    "refused",
    "not_stored",
    "changes_unplanned",
    "notices_failed",
    "notices_lost",
    "notices_doubled",
    "notices_altered",
    "tests_told",
    "to_customers",
)


def run_demo(folder: Path, *options: str) -> dict[str, Any]:
    """The report of `weiran demo --once` with these options; an AssertionError with its words where it fails."""
    report = folder / "report.json"
    command = [sys.executable, "-m", "deploy", "demo", "--once", "--report", str(report), *options]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=360)
    assert result.returncode == 0, result.stdout + result.stderr
    decoded: dict[str, Any] = msgspec.json.decode(report.read_bytes())
    return decoded


def surges(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The alarms of storm surge in a report."""
    return [alarm for alarm in report["alarms"] if alarm["rule"] == "surge"]
