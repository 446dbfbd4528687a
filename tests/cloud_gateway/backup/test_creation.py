"""A backup is whole or not there, holds every reading that its ledger calls stored, and only then says what is safe."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cloud_gateway.backup.creation import FolderTaken, make_backup
from cloud_gateway.backup.manifest import Head, read_manifest
from cloud_gateway.occupancy import FolderBusy, occupied_alone
from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.revisions import known_revisions
from cloud_gateway.settings import GatewaySettings, Series
from edge_agent.wire.messages import LaneAck
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.backup.ground import BEGUN, now, open_gateway, rows, take_ratings, take_readings
from tests.cloud_gateway.ingest.pieces import DEVICE, EPOCH, birth, deliver, presence
from tests.waiting import until


async def test_backup_holds_both_databases_and_says_what_they_are(settings: GatewaySettings, tmp_path: Path) -> None:
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
        await take_readings(ground, 1, 5)
        made = make_backup(settings, tmp_path / "backup", now)
    manifest = read_manifest(tmp_path / "backup")
    assert manifest == made.manifest
    assert (manifest.revision, manifest.begun_at, manifest.store) == (known_revisions()[0], BEGUN, "sqlite")
    assert manifest.heads == [Head(DEVICE, EPOCH, "reading", 5), Head(DEVICE, EPOCH, "record", 3)]
    assert manifest.readings is not None
    for copy in (manifest.relational, manifest.readings):
        content = (tmp_path / "backup" / copy.file).read_bytes()
        assert (copy.bytes, copy.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert sorted(file.name for file in (tmp_path / "backup").iterdir()) == ["gateway.db", "manifest.json", SQLITE_FILE]
    assert rows(tmp_path / "backup" / SQLITE_FILE, "SELECT count(*) FROM reading") == [(5,)]
    assert rows(tmp_path / "backup" / "gateway.db", "SELECT count(*) FROM record") == [(3,)]


async def test_only_what_is_in_the_copy_is_safe(settings: GatewaySettings, tmp_path: Path) -> None:
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
        await take_readings(ground, 1, 3)
        assert ground.ack(Lane.RECORD) == LaneAck(3, safe=0)
        make_backup(settings, tmp_path / "backup", now)
        await take_ratings(ground, 4, 6)
        await take_readings(ground, 4, 6)
        assert ground.ack(Lane.RECORD) == LaneAck(6, safe=3)
        assert ground.ack(Lane.READING) == LaneAck(6)
        await ground.take(deliver(birth(), "birth"))
        assert ground.ack(Lane.RECORD) == LaneAck(6, safe=3)
    assert rows(settings.database, "SELECT begun_at, finished_at, folder FROM backup") == [
        (BEGUN, BEGUN, str(tmp_path / "backup"))
    ]


async def test_devices_that_say_nothing_hear_of_a_backup(settings: GatewaySettings, tmp_path: Path) -> None:
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
        await ground.take(deliver(presence("online", 1), "presence"))
        make_backup(settings, tmp_path / "backup", now)
        duty = asyncio.create_task(ground.pipeline.keep_safe_known())
        await until(lambda: ground.ack(Lane.RECORD) == LaneAck(3, safe=3))
        duty.cancel()
        await asyncio.wait([duty])


async def test_second_backup_never_takes_back_what_the_first_made_safe(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
        make_backup(settings, tmp_path / "first", now)
        await take_ratings(ground, 4, 4)
        make_backup(settings, tmp_path / "second", now)
        await take_ratings(ground, 5, 5)
        assert ground.ack(Lane.RECORD) == LaneAck(5, safe=4)


async def test_copy_of_readings_is_never_older_than_the_copy_of_the_ledger(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    async with open_gateway(settings) as ground:
        await take_readings(ground, 1, 1)
        filling = asyncio.create_task(fill(lambda n: take_readings(ground, n, n)))
        for number in range(10):
            await asyncio.to_thread(make_backup, settings, tmp_path / f"backup-{number}", now)
        filling.cancel()
        await asyncio.wait([filling])
    spans = [span(tmp_path / f"backup-{number}") for number in range(10)]
    assert all(ledger <= held for ledger, held in spans), spans
    assert spans[-1][0] > spans[0][0]  # there was something to come in between


async def fill(take: Callable[[int], Awaitable[None]]) -> None:
    """Store one reading after the other until cancelled."""
    number = 1
    while True:
        number += 1
        await take(number)


def span(folder: Path) -> tuple[int, int]:
    """How far the ledger's copy says readings are stored, and how far they are in the copy of the readings."""
    ledger = rows(folder / "gateway.db", "SELECT upto FROM ledger WHERE lane = 'reading'")[0][0]
    return int(str(ledger)), int(str(rows(folder / SQLITE_FILE, "SELECT max(seq) FROM reading")[0][0]))


async def test_backup_is_never_written_over_another(settings: GatewaySettings, tmp_path: Path) -> None:
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 1)
        make_backup(settings, tmp_path / "backup", now)
        before = read_manifest(tmp_path / "backup")
        with pytest.raises(FolderTaken, match="never written over"):
            make_backup(settings, tmp_path / "backup", now)
    assert read_manifest(tmp_path / "backup") == before


async def test_backup_that_fails_leaves_nothing_and_makes_nothing_safe(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
    (settings.data_dir / SQLITE_FILE).write_bytes(b"this is no database" * 1000)
    (tmp_path / "goal").mkdir()
    with pytest.raises(sqlite3.DatabaseError):
        make_backup(settings, tmp_path / "goal" / "backup", now)
    assert list((tmp_path / "goal").iterdir()) == []
    assert rows(settings.database, "SELECT finished_at FROM backup") == [(None,)]
    assert rows(settings.database, "SELECT max(safe) FROM ledger") == [(0,)]


def test_backup_keeps_out_of_a_restore(settings: GatewaySettings, tmp_path: Path) -> None:
    settings.data_dir.mkdir()
    with occupied_alone(settings.data_dir), pytest.raises(FolderBusy, match="being restored"):
        make_backup(settings, tmp_path / "backup", now)


async def test_readings_in_influxdb_are_said_to_be_missing(settings: GatewaySettings, tmp_path: Path) -> None:
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
    elsewhere = settings.model_copy(update={"series": Series(store="influx1")})
    made = make_backup(elsewhere, tmp_path / "backup", now)
    assert made.manifest.readings is None
    assert "influxd backup -portable -database weiran" in made.missing
    assert rows(settings.database, "SELECT safe FROM ledger") == [(3,)]
