"""The state of the disk is told by the API and the live page in both languages, without needing room for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cloud_gateway.settings import GatewaySettings
from cloud_gateway.storage.room import Room
from cloud_gateway.storage.standstill import FILE, SIZE, Standstill, read_waiting, tells_of_full_disk
from tests.cloud_gateway.conftest import running
from tests.databases import make_database

pytestmark = pytest.mark.asyncio(loop_scope="session")
MORE_THAN_ANY_DISK_MB = 1_000_000


def settings_of(folder: Path, reserve_mb: int) -> GatewaySettings:
    document = {"data_dir": folder, "web": {"port": 0}, "storage": {"reserve_mb": reserve_mb}}
    settings = GatewaySettings.model_validate(document)
    make_database(settings.database)
    return settings


@pytest.mark.parametrize(("language", "words"), [("en", "readings wait on the devices"), ("zh", "读数暂留在设备上")])
async def test_full_disk_is_told_by_api_and_page(tmp_path: Path, language: str, words: str) -> None:
    settings = await asyncio.to_thread(settings_of, tmp_path, MORE_THAN_ANY_DISK_MB)
    async with running(settings) as console, console.client() as client:
        state = (await client.get(f"/api/v1/storage?lang={language}")).json()
        assert (state["low"], state["reserve_mb"]) == (True, MORE_THAN_ANY_DISK_MB)
        assert words in state["message"]
        assert words in (await client.get(f"/?lang={language}")).text
        assert words in (await client.get(f"/overview/state?lang={language}")).text


async def test_disk_with_room_is_not_talked_of(tmp_path: Path) -> None:
    settings = await asyncio.to_thread(settings_of, tmp_path, 0)
    async with running(settings) as console, console.client() as client:
        state = (await client.get("/api/v1/storage?lang=en")).json()
        assert (state["low"], state["waiting"], state["message"]) == (False, [], "")
        assert "wait on the devices" not in (await client.get("/?lang=en")).text


async def test_full_disk_of_the_store_of_readings_is_told(tmp_path: Path) -> None:
    settings = await asyncio.to_thread(settings_of, tmp_path, 0)
    standstill = Standstill(tmp_path)
    standstill.begin("series store", "the series store answered 500: write wal: no space left on device", 7)
    async with running(settings) as console, console.client() as client:
        state = (await client.get("/api/v1/storage?lang=en")).json()
        assert "disk of the store of readings is full" in state["message"]
        assert [(w["what"], w["since"]) for w in state["waiting"]] == [("series store", 7)]
        standstill.end("series store")
        assert (await client.get("/api/v1/storage?lang=en")).json()["message"] == ""


async def test_what_is_waited_for_is_kept_in_a_file_that_never_grows(tmp_path: Path) -> None:
    standstill = Standstill(tmp_path)
    assert standstill.begin("series store", "x" * 10_000, 1)
    assert not standstill.begin("series store", "again", 2)
    assert (tmp_path / FILE).stat().st_size == SIZE
    assert [(w.since, len(w.reason)) for w in read_waiting(tmp_path)] == [(1, 300)]
    assert standstill.end("series store")
    assert not standstill.end("series store")
    assert (tmp_path / FILE).stat().st_size == SIZE
    assert read_waiting(tmp_path) == []


@pytest.mark.parametrize(
    ("reason", "full"),
    [
        ("the readings file cannot be used: database or disk is full", True),
        ("write /data/wal/1: no space left on device", True),
        ("the series store cannot be reached", False),
    ],
)
async def test_words_of_a_full_disk_are_known(reason: str, full: bool) -> None:
    assert tells_of_full_disk(reason) is full


async def test_room_is_low_only_below_the_reserve() -> None:
    assert [Room(free, 100).is_low for free in (99.9, 100.0, 100.1)] == [True, False, False]
