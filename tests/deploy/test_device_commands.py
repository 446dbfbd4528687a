"""`weiran gateway device`: enrolling, revoking and readmitting from the command line, and what it says to mistakes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deploy.cli import run
from tests.cloud_gateway.enrolment.cards import make_key, make_pem
from tests.cloud_gateway.ingest.pieces import DEVICE

Output = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Settings of a gateway whose database has been made, beside a device's certificates."""
    (tmp_path / "gateway.toml").write_text(f'data_dir = "{tmp_path}/data"\n')
    (tmp_path / "device.pem").write_bytes(make_pem())
    (tmp_path / "other.pem").write_bytes(make_pem("gauge-02", make_key(2)))
    (tmp_path / "service.pem").write_bytes(make_pem("gateway.ingest-1"))
    run(["gateway", "migrate", "--config", str(tmp_path / "gateway.toml")])
    return str(tmp_path / "gateway.toml")


def command(config: str, *words: str) -> int:
    return run(["gateway", "device", *words, "--config", config])


def states(config: str, capsys: Output) -> dict[str, tuple[str, str]]:
    """State and reason of every device, as `list --json` prints them."""
    capsys.readouterr()
    assert command(config, "list", "--json") == 0
    return {row["device"]: (row["state"], row["reason"]) for row in json.loads(capsys.readouterr().out)}


def test_device_is_enrolled_revoked_and_readmitted(config: str, tmp_path: Path, capsys: Output) -> None:
    certificate = str(tmp_path / "device.pem")
    assert command(config, "enrol", "--certificate", certificate, "--role", "kiosk") == 0
    assert states(config, capsys) == {DEVICE: ("enrolled", "")}
    assert command(config, "revoke", DEVICE, "--reason", "stolen") == 0
    assert states(config, capsys) == {DEVICE: ("revoked", "stolen")}
    assert command(config, "readmit", DEVICE) == 0
    assert states(config, capsys) == {DEVICE: ("enrolled", "")}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["enrol", "--certificate", "{}/none.pem"], "No such file"),
        (["enrol", "--certificate", "{}/gateway.toml"], "holds no certificate in PEM"),
        (["enrol", "--certificate", "{}/service.pem"], "no device id"),
        (["enrol", "--certificate", "{}/device.pem", "--role", "toaster"], "'toaster' is no role"),
        (["enrol", "--certificate", "{}/device.pem"], "revoked: stolen"),
        (["revoke", "gauge-77", "--reason", "lost"], "gauge-77 was never enrolled"),
        (["revoke", DEVICE, "--reason", " "], "--reason is empty"),
        (["readmit", DEVICE, "--certificate", "{}/other.pem"], "it is the certificate of gauge-02"),
    ],
    ids=["no file", "no certificate", "a service's", "role", "revoked", "unknown", "no reason", "another's"],
)
def test_mistake_is_told_in_one_line(config: str, tmp_path: Path, capsys: Output, words: list[str], told: str) -> None:
    command(config, "enrol", "--certificate", str(tmp_path / "device.pem"))
    command(config, "revoke", DEVICE, "--reason", "stolen")
    capsys.readouterr()
    assert command(config, *(word.format(tmp_path) for word in words)) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]
    assert told in line


def test_database_that_takes_no_change_is_told_in_one_line(config: str, tmp_path: Path, capsys: Output) -> None:
    command(config, "enrol", "--certificate", str(tmp_path / "device.pem"))
    with closing(sqlite3.connect(tmp_path / "data" / "gateway.db")) as database:
        database.execute("CREATE TRIGGER no BEFORE UPDATE ON enrolment BEGIN SELECT RAISE(ABORT, 'not now'); END")
    capsys.readouterr()
    assert command(config, "revoke", DEVICE, "--reason", "stolen") == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]
    assert f"the database of {config}: not now. Run this as the user" in line
