"""`weiran evidence`: export, verify and scrub as commands, their exit statuses, and what they say to mistakes."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from cloud_gateway.database import open_database, transaction
from cloud_gateway.evidence import store
from cloud_gateway.evidence.heads import sign_head
from deploy.cli import run
from tests.cloud_gateway.evidence.exports import SIGNER, hold_entry, key_entry, make_export, note_at, receipt
from tests.cloud_gateway.evidence.pieces import AT
from tests.databases import make_database

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty log."""
    folder = tmp_path_factory.mktemp("migrated")
    make_database(folder / "gateway.db")
    return folder


@pytest.fixture
def data(migrated: Path, tmp_path: Path) -> Path:
    """The folder of a kept demo with a log of three entries, its head and one entry more."""
    (tmp_path / "gateway").mkdir()
    shutil.copy(migrated / "gateway.db", database(tmp_path))
    asyncio.run(fill(database(tmp_path)))
    return tmp_path


def database(data: Path) -> Path:
    return data / "gateway" / "gateway.db"


async def fill(file: Path) -> None:
    engine = open_database(file)
    async with transaction(engine) as connection:
        await store.append(connection, [key_entry(), hold_entry(1)], AT)
    await sign_head(engine, SIGNER, AT)
    async with transaction(engine) as connection:
        await store.append(connection, [hold_entry(2)], AT)
    await engine.dispose()


async def spoil(file: Path) -> None:
    engine = open_database(file)
    async with transaction(engine) as connection:
        await connection.execute(text("UPDATE evidence_entry SET body = replace(body, 'hold-1', 'hold-7')"))
    await engine.dispose()


def test_a_log_is_exported_and_verified(data: Path, capsys: Output) -> None:
    out = str(data / "log.jsonl")
    assert run(["evidence", "export", "--data", str(data), "--out", out]) == 0
    assert "3 entries" in (said := capsys.readouterr().out)
    assert "1 newer entries wait" in said
    assert run(["evidence", "verify", out, "--key", SIGNER.public.vkey]) == 0
    assert "Sound: 3 entries" in (said := capsys.readouterr().out)
    assert "not pinned" not in said


def test_the_gateways_own_folder_can_be_named(data: Path, capsys: Output) -> None:
    assert run(["evidence", "scrub", "--data", str(data / "gateway")]) == 0
    assert "4 entries" in capsys.readouterr().out


def test_an_edit_in_the_database_is_named_by_both(data: Path, capsys: Output) -> None:
    asyncio.run(spoil(database(data)))
    assert run(["evidence", "scrub", "--data", str(data), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["sound"], [finding["place"] for finding in told["findings"]]) == (False, [1])
    assert run(["evidence", "scrub", "--data", str(data)]) == 1
    assert "entry-altered" in capsys.readouterr().out
    run(["evidence", "export", "--data", str(data), "--out", str(data / "log.jsonl"), "--json"])
    capsys.readouterr()
    assert run(["evidence", "verify", str(data / "log.jsonl"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["sound"], told["index"], told["reason"]) == (False, 1, "root")


def test_old_heads_and_receipts_are_compared(tmp_path: Path, capsys: Output) -> None:
    made, cut = make_export([key_entry(), hold_entry(1)], 1), make_export([key_entry()])
    file, old = tmp_path / "log.jsonl", tmp_path / "old.txt"
    file.write_bytes(b"".join(line + b"\n" for line in cut.lines))
    old.write_text(note_at(made, 1))
    assert run(["evidence", "verify", str(file), "--checkpoint", str(old)]) == 1
    assert "cut-tail" in capsys.readouterr().out
    assert run(["evidence", "verify", str(file), "--receipt", receipt(1)]) == 1
    assert "receipt-missing" in capsys.readouterr().out


def test_texts_are_held_released_and_erased_and_the_log_stays_sound(data: Path, capsys: Output) -> None:
    at, text = ["--data", str(data)], ["3", "body.reason"]
    assert run(["evidence", "hold", "case-7", *at, "--reason", "a lawsuit", "--type", "hold"]) == 0
    assert run(["evidence", "erase", *text, *at, "--reason", "ordered", "--json"]) == 1
    assert json.loads(capsys.readouterr().err)["code"] == "not-erased"
    assert run(["evidence", "release", "case-7", *at, "--reason", "it has ended"]) == 0
    assert run(["evidence", "erase", *text, *at, "--reason", "ordered"]) == 0
    assert "entry 6 says so" in capsys.readouterr().out
    assert run(["evidence", "retain", *at]) == 0
    assert "Nothing is due" in capsys.readouterr().out
    assert run(["evidence", "scrub", *at]) == 0


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param(["verify", "missing.jsonl"], "unusable", id="no file"),
        pytest.param(["verify", "log.jsonl", "--key", "x"], "unusable", id="no key"),
        pytest.param(["verify", "log.jsonl", "--checkpoint", "missing"], "unusable", id="no checkpoint"),
        pytest.param(["verify", "log.jsonl", "--receipt", "WR1.x"], "unusable", id="no receipt"),
        pytest.param(["hold", "x", "--data", "new", "--reason", "x"], "usage", id="nothing to hold"),
        pytest.param(["hold", "x", "--data", "new", "--reason", "x", "--type", "y"], "usage", id="no such type"),
        pytest.param(
            ["hold", "x" * 201, "--data", "new", "--reason", "x", "--type", "hold"], "usage", id="over-long name"
        ),
        pytest.param(["hold", "", "--data", "new", "--reason", "x", "--type", "hold"], "usage", id="empty name"),
        pytest.param(["release", "x", "--data", "new", "--reason", "x"], "no-hold", id="no such hold"),
        pytest.param(["scrub", "--data", "."], "no-database", id="no database"),
        pytest.param(["export", "--data", "old", "--out", "out.jsonl"], "no-database", id="no tables"),
        pytest.param(["export", "--data", "new", "--out", "missing/out.jsonl"], "file", id="no folder to write to"),
        pytest.param(["export", "--data", "new", "--out", "new/gateway.db"], "file", id="over the database"),
        pytest.param(["export", "--data", "new", "--out", "/dev/null"], "file", id="in the place of a device"),
    ],
)
def test_wrong_use_is_told_from_a_finding(
    command: list[str], code: str, migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").write_bytes(make_export([key_entry()]).header)
    Path("old").mkdir()
    Path("old/gateway.db").touch()
    Path("new").symlink_to(migrated)
    assert run(["evidence", *command, "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["code"] == code


def test_a_log_that_was_never_signed_is_not_exported(migrated: Path, tmp_path: Path, capsys: Output) -> None:
    out = tmp_path / "log.jsonl"
    assert run(["evidence", "export", "--data", str(migrated), "--out", str(out)]) == 1
    assert "no signed head" in capsys.readouterr().err
    assert not out.exists()
