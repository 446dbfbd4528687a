"""A restore takes a backup whole or not at all, deletes nothing, and leaves a gateway that tells devices the truth."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from cloud_gateway.backup.creation import make_backup
from cloud_gateway.backup.manifest import FILE, BadBackup, encode_manifest, read_manifest
from cloud_gateway.backup.restoration import TargetTaken, restore_backup
from cloud_gateway.occupancy import FolderBusy, occupied
from cloud_gateway.outreach.tokens import KEY_FILE, open_key
from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.readings.sqlite_rollups import ROLLUPS_FILE
from cloud_gateway.revisions import known_revisions
from cloud_gateway.settings import GatewaySettings
from edge_agent.wire.messages import MAX_SEQ, LaneAck
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.backup.ground import BEGUN, execute, now, open_gateway, rows, seqs, take_ratings, take_readings
from tests.cloud_gateway.ingest.pieces import DEVICE, EPOCH, birth, deliver, frame, record

LATER = BEGUN + 3_600_000
GAPS = "SELECT device, epoch, lane, reason, count, first, last, since, until FROM gap"


def later() -> int:
    """An hour after the backup."""
    return LATER


async def back_up_and_go_on(settings: GatewaySettings, folder: Path) -> None:
    """Records 1..3 and readings 1..5, a backup, and three more of both."""
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
        await take_readings(ground, 1, 5)
        make_backup(settings, folder, now)
        await take_ratings(ground, 4, 6)
        await take_readings(ground, 6, 8)


async def test_devices_hear_what_the_backup_lacks_and_readings_are_kept(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    restored = restore_backup(settings, tmp_path / "backup", later, force=True)
    assert restored.readings == "kept"
    assert seqs(settings) == ([1, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8])
    async with open_gateway(settings) as ground:
        await ground.take(deliver(birth(), "birth"))
        assert ground.ack(Lane.RECORD) == LaneAck(3, safe=3)
        await take_ratings(ground, 4, 6)
        await take_readings(ground, 6, 8)
    assert seqs(settings) == ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7, 8])


async def test_device_at_the_greatest_number_does_not_keep_a_backup_from_being_restored(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    async with open_gateway(settings) as ground:
        await ground.take(deliver(frame(record(MAX_SEQ).replace('"body"', f'"skip":{MAX_SEQ - 1},"body"'))))
        make_backup(settings, tmp_path / "backup", now)
    restore_backup(settings, tmp_path / "backup", later, force=True)
    assert rows(settings.database, "SELECT lane, upto FROM ledger") == [("reading", MAX_SEQ)]
    assert rows(settings.database, GAPS) == []


async def test_lost_readings_file_comes_from_the_backup(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    (settings.data_dir / SQLITE_FILE).unlink()
    assert restore_backup(settings, tmp_path / "backup", later, force=True).readings == "from backup"
    assert seqs(settings) == ([1, 2, 3], [1, 2, 3, 4, 5])


async def test_roll_ups_of_newer_readings_are_not_left_beside_restored_ones(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    beside = [settings.data_dir / f"{ROLLUPS_FILE}{end}" for end in ("", "-wal", "-shm")]
    for file in beside:
        file.write_bytes(b"of readings that the backup does not have")
    restore_backup(settings, tmp_path / "backup", later, force=True)
    assert [file for file in beside if file.exists()] == []


async def test_damaged_readings_file_is_set_aside(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    spoiled = b"this is no database" * 1000
    (settings.data_dir / SQLITE_FILE).write_bytes(spoiled)
    restored = restore_backup(settings, tmp_path / "backup", later, force=True)
    assert restored.readings == "from backup"
    assert seqs(settings) == ([1, 2, 3], [1, 2, 3, 4, 5])
    assert spoiled in [file.read_bytes() for file in restored.aside]


async def test_readings_file_of_another_gateway_is_not_taken_for_ours(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    fresh = GatewaySettings(data_dir=tmp_path / "fresh")
    async with open_gateway(fresh):
        pass  # a new machine was started once, and made its empty files
    assert restore_backup(fresh, tmp_path / "backup", later, force=True).readings == "from backup"
    assert seqs(fresh) == ([1, 2, 3], [1, 2, 3, 4, 5])


async def test_what_devices_do_not_keep_is_named_as_a_gap(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    restore_backup(settings, tmp_path / "backup", later, force=True)
    assert rows(settings.database, GAPS) == [
        (DEVICE, EPOCH, "reading", "gateway-restored", 0, 6, 0, BEGUN, LATER),
    ]


async def test_old_files_are_set_aside_by_name_and_can_be_opened(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    restored = restore_backup(settings, tmp_path / "backup", later, force=True)
    assert restored.aside == [settings.data_dir / "gateway.aside-20261122T010140Z.db"]
    assert rows(restored.aside[0], "SELECT count(*) FROM record") == [(6,)]
    again = restore_backup(settings, tmp_path / "backup", later, force=True)
    assert again.aside == [settings.data_dir / "gateway.aside-20261122T010140Z-2.db"]


async def test_write_ahead_log_of_the_old_database_is_not_read_into_the_new(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    with closing(sqlite3.connect(settings.database)) as crashed:
        crashed.execute("INSERT INTO staff (id, name, role, created_at) VALUES ('1', 'late', 'inspector', 1)")
        crashed.commit()
        log = settings.database.with_name("gateway.db-wal").read_bytes()
    settings.database.unlink()
    settings.database.with_name("gateway.db-wal").write_bytes(log)  # a restore that was cut short between two names
    restored = restore_backup(settings, tmp_path / "backup", later)
    assert [file.suffix for file in restored.aside] == [".db-wal"]
    assert rows(settings.database, "SELECT count(*) FROM staff") == [(0,)]


async def test_restore_into_a_new_folder_needs_no_force(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    fresh = GatewaySettings(data_dir=tmp_path / "new" / "data")
    restored = restore_backup(fresh, tmp_path / "backup", later)
    assert (restored.readings, restored.aside, restored.revocations) == ("from backup", [], None)
    assert seqs(fresh) == ([1, 2, 3], [1, 2, 3, 4, 5])


async def test_database_that_is_there_is_not_replaced_without_force(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    with pytest.raises(TargetTaken, match="is there"):
        restore_backup(settings, tmp_path / "backup", later)
    assert seqs(settings) == ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7, 8])


async def test_later_backup_is_named_because_devices_rely_on_it(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    make_backup(settings, tmp_path / "second", later)
    with pytest.raises(TargetTaken, match="devices have let go") as caught:
        restore_backup(settings, tmp_path / "backup", later)
    assert str(tmp_path / "second") in str(caught.value)


async def test_running_gateway_is_not_touched(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    with occupied(settings.data_dir), pytest.raises(FolderBusy, match="in use"):
        restore_backup(settings, tmp_path / "backup", later, force=True)
    assert seqs(settings)[0] == [1, 2, 3, 4, 5, 6]


async def test_backup_with_a_changed_byte_is_refused(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    content = bytearray((tmp_path / "backup" / SQLITE_FILE).read_bytes())
    content[-1] ^= 1
    (tmp_path / "backup" / SQLITE_FILE).write_bytes(content)
    with pytest.raises(BadBackup, match="SHA-256"):
        restore_backup(settings, tmp_path / "backup", later, force=True)
    assert seqs(settings)[0] == [1, 2, 3, 4, 5, 6]


async def test_backup_of_a_newer_release_is_refused(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    manifest = (tmp_path / "backup" / FILE).read_text()
    newer = manifest.replace(f'"revision": "{known_revisions()[0]}"', '"revision": "9999"')
    (tmp_path / "backup" / FILE).write_text(newer)
    with pytest.raises(BadBackup, match="newer release"):
        restore_backup(settings, tmp_path / "backup", later, force=True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(None, "it is no backup", id="missing"),
        pytest.param(b"\xff{", "cannot be understood", id="rubbish"),
        pytest.param(b'{"v": 1}', "cannot be understood", id="empty"),
    ],
)
async def test_folder_that_is_no_backup_is_refused(
    settings: GatewaySettings, tmp_path: Path, content: bytes | None, why: str
) -> None:
    (tmp_path / "backup").mkdir()
    if content is not None:
        (tmp_path / "backup" / FILE).write_bytes(content)
    with pytest.raises(BadBackup, match=why):
        restore_backup(settings, tmp_path / "backup", later)


async def test_manifest_cannot_name_a_file_outside_of_its_folder(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup")
    manifest = encode_manifest(read_manifest(tmp_path / "backup"))
    (tmp_path / "backup" / FILE).write_bytes(manifest.replace(b'"gateway.db"', b'"../data/gateway.db"'))
    with pytest.raises(BadBackup, match="cannot be understood"):
        restore_backup(settings, tmp_path / "backup", later, force=True)


async def test_device_revoked_after_the_backup_stays_revoked(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup-1")
    enrol = (
        "INSERT INTO enrolment (device, role, public_key, certificate, not_after, enrolled_at, reason, version)"
        " VALUES ('gauge-01', 'sensor-node', 'k', 'c', 1, 1, '', 1)"
    )
    execute(settings.database, enrol)
    make_backup(settings, tmp_path / "backup", now)
    execute(settings.database, "UPDATE enrolment SET revoked_at = 7, reason = 'stolen'")
    assert restore_backup(settings, tmp_path / "backup", later, force=True).revocations == 1
    assert rows(settings.database, "SELECT revoked_at, reason FROM enrolment") == [(7, "stolen")]


async def test_sessions_of_the_backup_do_not_live_again(settings: GatewaySettings, tmp_path: Path) -> None:
    await back_up_and_go_on(settings, tmp_path / "backup-1")
    execute(settings.database, "INSERT INTO staff (id, name, role, created_at) VALUES ('1', 'a', 'inspector', 1)")
    columns = "token_hash, staff, created_at, expires_at"
    execute(settings.database, f"INSERT INTO session ({columns}) VALUES ('hash', '1', 1, 9000000000000)")
    make_backup(settings, tmp_path / "backup", now)
    restore_backup(settings, tmp_path / "backup", later, force=True)
    assert rows(settings.database, "SELECT count(*) FROM session") == [(0,)]
    assert rows(settings.database, "SELECT count(*) FROM staff") == [(1,)]


async def test_links_of_sent_messages_are_answered_on_a_machine_that_was_restored(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    async with open_gateway(settings):
        token = open_key(settings.data_dir, "https://example.org").token("m1")
        make_backup(settings, tmp_path / "backup", now)
    fresh = GatewaySettings(data_dir=tmp_path / "fresh")
    restore_backup(fresh, tmp_path / "backup", later)
    assert open_key(fresh.data_dir, "https://example.org").token("m1") == token
    modes = [stat.S_IMODE((folder / KEY_FILE).stat().st_mode) for folder in (tmp_path / "backup", fresh.data_dir)]
    assert modes == [0o600, 0o600]


async def test_another_key_of_answer_links_is_set_aside(settings: GatewaySettings, tmp_path: Path) -> None:
    async with open_gateway(settings):
        open_key(settings.data_dir, "")
        make_backup(settings, tmp_path / "backup", now)
    wanted, other = (tmp_path / "backup" / KEY_FILE).read_bytes(), bytes(32)
    (settings.data_dir / KEY_FILE).write_bytes(other)
    restored = restore_backup(settings, tmp_path / "backup", later, force=True)
    assert (settings.data_dir / KEY_FILE).read_bytes() == wanted
    assert other in [file.read_bytes() for file in restored.aside]


async def test_spoiled_key_in_a_backup_is_found_before_anything_is_touched(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    async with open_gateway(settings):
        open_key(settings.data_dir, "")
        make_backup(settings, tmp_path / "backup", now)
    (tmp_path / "backup" / KEY_FILE).write_bytes(bytes(32))
    with pytest.raises(BadBackup, match="SHA-256"):
        restore_backup(settings, tmp_path / "backup", later, force=True)
