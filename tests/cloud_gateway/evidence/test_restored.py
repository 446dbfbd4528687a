"""A restored log says that it was, goes on under a name of its own, and what it lost is named by those who saw it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cloud_gateway.backup.creation import make_backup
from cloud_gateway.backup.restoration import restore_backup
from cloud_gateway.database import reading
from cloud_gateway.evidence import store, store_heads
from cloud_gateway.evidence.heads import sign_head
from cloud_gateway.evidence.store_heads import Head
from cloud_gateway.settings import GatewaySettings
from edge_agent.proof.checkpoints import open_checkpoint
from tests.cloud_gateway.backup.ground import BEGUN, now, open_gateway, take_ratings
from tests.cloud_gateway.evidence.test_heads import ORIGIN, SIGNER
from tests.cloud_gateway.ingest.ground import Ground
from tests.cloud_gateway.ingest.pieces import DEVICE, deliver, frame, record

LATER = BEGUN + 3_600_000


def later() -> int:
    """An hour after the backup."""
    return LATER


@pytest.fixture
def settings(tmp_path: Path) -> GatewaySettings:
    """A gateway whose log has a key."""
    key_file = tmp_path / "keys" / "evidence.key"
    key_file.parent.mkdir()
    key_file.write_bytes(SIGNER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key_file.chmod(0o600)
    return GatewaySettings.model_validate({"data_dir": tmp_path / "data", "evidence": {"key_file": key_file}})


async def signed_head(ground: Ground) -> Head:
    head = await sign_head(ground.engine, SIGNER, BEGUN)
    assert head is not None
    return head


async def back_up_and_go_on(settings: GatewaySettings, folder: Path) -> tuple[Head, Head]:
    """Records 1..3, a backup, three more; the heads of both times."""
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
        before = await signed_head(ground)
        make_backup(settings, folder, now)
        await take_ratings(ground, 4, 6)
        return before, await signed_head(ground)


async def say(ground: Ground, seq: int, head: Head, origin: str) -> None:
    body = {"origin": origin, "size": head.size, "root": base64.b64encode(head.root).decode()}
    text = record(seq, json.dumps(body), kind="head-seen/1")
    await ground.take(deliver(frame(text, lane="diagnostic"), "up/diagnostic"))


def put_back_by_hand(copy: Path, database: Path) -> None:
    for beside in ("", "-wal", "-shm"):
        Path(f"{database}{beside}").unlink(missing_ok=True)
    copy.rename(database)


async def test_a_restored_log_that_had_signed_nothing_keeps_its_name(settings: GatewaySettings, tmp_path: Path) -> None:
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
        make_backup(settings, tmp_path / "backup", now)
    restore_backup(settings, tmp_path / "backup", later, force=True)
    async with open_gateway(settings) as ground:
        head = await signed_head(ground)
    assert open_checkpoint(head.note, [SIGNER.public]).origin == ORIGIN


async def test_the_log_of_a_restored_gateway_says_so_before_anything_else(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    before, _ = await back_up_and_go_on(settings, tmp_path / "backup")
    restored = restore_backup(settings, tmp_path / "backup", later, force=True)
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 4, 6)  # devices send again what the backup lacks
        head = await signed_head(ground)
        async with reading(ground.engine) as connection:
            entries = [json.loads(entry.body) for entry in await store.list_entries(connection, before.size - 1, 10)]
            lives = await store_heads.list_lives(connection)
            assert await store.root_at(connection, before.size) == before.root
    origin = f"{ORIGIN}/{LATER}"
    assert [entry["type"] for entry in entries] == ["restored", "record", "record", "record"]
    root = base64.b64encode(before.root).decode()
    assert entries[0]["body"] == {
        "backup": restored.manifest.id,
        "size": before.size,
        "root": root,
        "origin": origin,
    }
    assert [(life.origin, life.first_size) for life in lives] == [(ORIGIN, 0), (origin, before.size)]
    assert open_checkpoint(head.note, [SIGNER.public]) == (origin, before.size + 4, head.root)


async def test_a_restored_log_in_which_nothing_happens_gets_a_head_of_its_own_too(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    before, _ = await back_up_and_go_on(settings, tmp_path / "backup")
    restore_backup(settings, tmp_path / "backup", later, force=True)
    async with open_gateway(settings) as ground:
        head = await signed_head(ground)
    assert open_checkpoint(head.note, [SIGNER.public])[:2] == (f"{ORIGIN}/{LATER}", before.size + 1)


async def test_two_restores_of_one_backup_never_sign_under_one_name(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    names = []
    for at in (LATER, LATER + 1):
        restore_backup(settings, tmp_path / "backup", lambda at=at: at, force=True)  # type: ignore[misc]
        async with open_gateway(settings) as ground:
            names.append(open_checkpoint((await signed_head(ground)).note, [SIGNER.public]).origin)
    assert len(set(names)) == 2


async def test_a_device_that_has_seen_what_the_backup_lacks_raises_the_alarm_of_a_restore(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    before, lost = await back_up_and_go_on(settings, tmp_path / "backup")
    restore_backup(settings, tmp_path / "backup", later, force=True)
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 4, 9)
        await say(ground, 1, before, ORIGIN)
        assert ground.rows("SELECT device, code FROM evidence_dissent") == []
        await say(ground, 2, lost, ORIGIN)
        assert ground.rows("SELECT device, code FROM evidence_dissent") == [(DEVICE, "restored")]


async def test_a_database_put_back_by_hand_is_found_by_a_device_that_saw_more(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    _, lost = await back_up_and_go_on(settings, tmp_path / "backup")
    put_back_by_hand(tmp_path / "backup" / "gateway.db", settings.database)
    async with open_gateway(settings) as ground:
        await say(ground, 1, lost, ORIGIN)
        await take_ratings(ground, 4, 9)
        await say(ground, 2, lost, ORIGIN)
        assert ground.rows("SELECT code FROM evidence_dissent ORDER BY first_at, code") == [("ahead",), ("differs",)]


async def test_the_key_of_the_log_is_in_the_backup_and_comes_back_where_it_is_missing(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    key_file = settings.evidence.key_file
    assert key_file is not None
    key = key_file.read_bytes()
    await back_up_and_go_on(settings, tmp_path / "backup")
    assert (tmp_path / "backup" / "evidence.key").stat().st_mode & 0o777 == 0o600
    key_file.unlink()
    restore_backup(settings, tmp_path / "backup", later, force=True)
    assert key_file.read_bytes() == key
    assert key_file.stat().st_mode & 0o777 == 0o600
