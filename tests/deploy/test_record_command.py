"""`weiran gateway record show`: a record as it is stored, and what it says to mistakes."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert

from cloud_gateway.database import open_database, transaction
from cloud_gateway.tables import record
from deploy.cli import run
from edge_agent.proof.sealing import make_sealing_key, seal
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, EPOCH

Output = pytest.CaptureFixture[str]

NAME = "欧阳未然"
KEY = [DEVICE, EPOCH, "record"]


def row(seq: int, body: object, **other: object) -> dict[str, object]:
    """A row of the table of records."""
    who = {"device": DEVICE, "epoch": EPOCH, "lane": "record", "seq": seq, "kind": "slip/1", "boot": "boot-1"}
    return who | {"at": AT, "clock": "ntp", "mono": 5, "received_at": AT + 1500} | other | {"body": encode(body)}


def encode(body: object) -> bytes:
    return msgspec.json.encode(body)


async def store(database: Path, *rows: dict[str, object]) -> None:
    engine = open_database(database)
    async with transaction(engine) as connection:
        for values in rows:
            await connection.execute(insert(record).values(**values))
    await engine.dispose()


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A gateway with one sealed record of before a rotation and one without personal text; both keys at hand."""
    (old, old_public), (new, _) = make_sealing_key(), make_sealing_key()
    for name, key, mode in (("old.key", old, 0o600), ("new.key", new, 0o600), ("open.key", new, 0o644)):
        (tmp_path / name).write_bytes(base64.b64encode(key))
        (tmp_path / name).chmod(mode)
    file = write(tmp_path, "new.key", "old.key")
    run(["gateway", "migrate", "--config", file])
    slip = row(1, {"customer": seal(old_public, NAME)}, sig="c2ln", said_at=AT - 9000)
    asyncio.run(store(tmp_path / "data" / "gateway.db", slip, row(2, {"step": 3})))
    return file


def write(folder: Path, *keys: str) -> str:
    """Settings with these sealing keys."""
    file = folder / "gateway.toml"
    files = [str(folder / name) for name in keys]
    file.write_text(f'data_dir = "{folder}/data"\n[sealing]\nkeys = {json.dumps(files)}\n')
    return str(file)


def show(config: str, seq: str, *options: str) -> int:
    return run(["gateway", "record", "show", *KEY, seq, *options, "--config", config])


def noted(folder: Path) -> list[tuple[object, ...]]:
    """Who has read what."""
    with closing(sqlite3.connect(folder / "data" / "gateway.db")) as connection:
        return connection.execute("SELECT device, seq, fields FROM unsealing").fetchall()


def test_record_is_shown_as_it_is_stored(config: str, tmp_path: Path, capsys: Output) -> None:
    capsys.readouterr()
    assert show(config, "1", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["body"]["customer"].startswith("sealed/1:")
    del shown["body"]
    assert shown == {
        "device": DEVICE,
        "epoch": EPOCH,
        "lane": "record",
        "seq": 1,
        "kind": "slip/1",
        "at": "2026-11-22T00:00:00.000Z",
        "said_at": "2026-11-21T23:59:51.000Z",
        "clock": "ntp",
        "received_at": "2026-11-22T00:00:01.500Z",
        "signed": True,
        "sealed": ["customer"],
    }
    assert noted(tmp_path) == []


def test_what_was_sealed_before_a_rotation_is_opened_and_written_down(
    config: str, tmp_path: Path, capsys: Output
) -> None:
    capsys.readouterr()
    assert show(config, "1", "--unseal") == 0
    assert f'"customer": "{NAME}"' in capsys.readouterr().out
    assert noted(tmp_path) == [(DEVICE, 1, '["customer"]')]


def test_record_without_personal_text_leaves_no_note(config: str, tmp_path: Path) -> None:
    assert show(config, "2", "--unseal") == 0
    assert noted(tmp_path) == []


def test_text_is_not_shown_when_its_reader_cannot_be_written_down(config: str, tmp_path: Path, capsys: Output) -> None:
    refuse = "CREATE TRIGGER full BEFORE INSERT ON unsealing BEGIN SELECT raise(FAIL, 'no room'); END"
    with closing(sqlite3.connect(tmp_path / "data" / "gateway.db")) as connection:
        connection.execute(refuse)
    capsys.readouterr()
    assert show(config, "1", "--unseal") == 1
    captured = capsys.readouterr()
    assert "cannot be written down: no room. Nothing is shown" in captured.err
    assert NAME not in captured.err + captured.out


@pytest.mark.parametrize(
    ("keys", "seq", "told"),
    [
        ((), "1", "name no sealing key. Name sealing.key"),
        (("new.key",), "1", "customer cannot be opened"),
        (("open.key",), "1", "may be read by others"),
        (("none.key",), "1", "none.key: No such file"),
        (("gateway.toml",), "1", "gateway.toml"),
        (("old.key",), "7", f"no record 7 of {DEVICE}, epoch {EPOCH}, lane record is stored"),
        (("old.key",), "0", "SEQ"),
        (("old.key",), str(2**63), "SEQ"),
    ],
    ids=["no key", "wrong key", "open file", "no file", "no key file", "no record", "nought", "too great"],
)
def test_mistake_is_told_and_nothing_is_shown(
    config: str, tmp_path: Path, capsys: Output, keys: tuple[str, ...], seq: str, told: str
) -> None:
    write(tmp_path, *keys)
    capsys.readouterr()
    assert show(config, seq, "--unseal") == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""
    assert noted(tmp_path) == []
