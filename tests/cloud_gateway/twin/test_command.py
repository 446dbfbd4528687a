"""`weiran gateway twin` on a real database: what it shows, changes and refuses."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deploy.cli import run
from tests.databases import make_database

ENROLLED = """INSERT INTO enrolment
    (device, role, public_key, certificate, not_after, enrolled_at, reason, version)
    VALUES ('gauge-02', 'sensor-node', 'AA==', '00', 0, 0, '', 1)"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A gateway that has heard of one device, and enrolled another."""
    file = tmp_path / "gateway.toml"
    file.write_text(f'data_dir = "{tmp_path}"\n')
    make_database(tmp_path / "gateway.db")
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as connection, connection:
        connection.execute("INSERT INTO device (id, simulated) VALUES ('gauge-01', 1)")
        connection.execute(ENROLLED)
    return str(file)


def shown(config: str, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """{key: what is desired}."""
    capsys.readouterr()
    assert run(["gateway", "twin", "show", "gauge-01", "--json", "--config", config]) == 0
    return {row["key"]: row["desired"] for row in json.loads(capsys.readouterr().out)}


def change(config: str, *assignments: str) -> int:
    return run(["gateway", "twin", "set", "gauge-01", *assignments, "--config", config])


def test_keys_are_set_over_what_is_desired_and_taken_back(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert change(config, "rules.flood.above=3", "health.heartbeat_s=12.5") == 0
    assert change(config, "rules.flood.clear=2.5") == 0
    assert shown(config, capsys) == {"health.heartbeat_s": 12.5, "rules.flood.above": 3, "rules.flood.clear": 2.5}
    assert change(config, "rules.flood.above=") == 0
    assert shown(config, capsys) == {"health.heartbeat_s": 12.5, "rules.flood.clear": 2.5}


@pytest.mark.parametrize(
    "wrong",
    [
        "rules.flood.above",
        "rules.flood.above=high",
        "rules.flood.above=nan",
        "panel.siren_pin=1",
        "uplink.window=2.5",
        "=1",
        "health.heartbeat_s=9",
    ],
)
def test_a_wrong_assignment_changes_nothing(config: str, capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    assert change(config, "health.heartbeat_s=12.5", wrong) == 2
    assert wrong.partition(".")[0] in capsys.readouterr().err
    assert shown(config, capsys) == {}


def test_a_device_that_was_never_heard_is_named(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gateway", "twin", "show", "nobody", "--config", config]) == 2
    assert "'nobody'" in capsys.readouterr().err


def test_a_device_that_is_enrolled_and_was_never_heard_has_an_empty_twin(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["gateway", "twin", "show", "gauge-02", "--config", config]) == 0
    assert "gauge-02: version 0, unasked" in capsys.readouterr().out


def test_settings_can_wait_for_a_device_that_was_never_heard(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gateway", "twin", "set", "gauge-02", "health.heartbeat_s=30", "--config", config]) == 0
    assert run(["gateway", "twin", "show", "gauge-02", "--config", config]) == 0
    assert "gauge-02: version 1, waiting" in capsys.readouterr().out
