"""The photos that prove tasks go into a backup and come back from it, as they were or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cloud_gateway.backup.creation import make_backup
from cloud_gateway.backup.manifest import BadBackup
from cloud_gateway.backup.restoration import restore_backup
from cloud_gateway.plans.photos import FOLDER, keep_photo, list_photos
from cloud_gateway.settings import GatewaySettings
from tests.cloud_gateway.backup.ground import now, open_gateway

PICTURES = (b"\xff\xd8\xff made one", b"\xff\xd8\xff made two")


async def keep_and_back_up(settings: GatewaySettings, folder: Path) -> list[str]:
    """Two photos, an unfinished one beside them, and a backup."""
    async with open_gateway(settings):
        names = sorted(keep_photo(settings.data_dir, picture) for picture in PICTURES)
        (settings.data_dir / FOLDER / "tmp1234").write_bytes(b"unfinished")
        make_backup(settings, folder, now)
    return names


async def test_photos_come_back_on_another_machine_for_their_owner_only(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    names = await keep_and_back_up(settings, tmp_path / "backup")
    fresh = GatewaySettings(data_dir=tmp_path / "fresh")
    restore_backup(fresh, tmp_path / "backup", now)
    photos = fresh.data_dir / FOLDER
    assert [file.name for file in sorted(photos.iterdir())] == names
    assert {(photos / name).read_bytes() for name in names} == set(PICTURES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in photos.iterdir()} == {0o600}


async def test_later_photos_stay_and_a_damaged_one_is_mended(settings: GatewaySettings, tmp_path: Path) -> None:
    first, second = await keep_and_back_up(settings, tmp_path / "backup")
    later = keep_photo(settings.data_dir, b"\xff\xd8\xff made later")
    wanted = (settings.data_dir / FOLDER / first).read_bytes()
    (settings.data_dir / FOLDER / first).write_bytes(b"spoiled")
    restore_backup(settings, tmp_path / "backup", now, force=True)
    assert list_photos(settings.data_dir) == sorted([first, second, later])
    assert (settings.data_dir / FOLDER / first).read_bytes() == wanted


async def test_a_photo_altered_in_the_backup_is_found_before_anything_is_touched(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    first, _second = await keep_and_back_up(settings, tmp_path / "backup")
    (tmp_path / "backup" / FOLDER / first).write_bytes(b"\xff\xd8\xff another")
    fresh = GatewaySettings(data_dir=tmp_path / "fresh")
    with pytest.raises(BadBackup, match="SHA-256"):
        restore_backup(fresh, tmp_path / "backup", now)
    assert not fresh.database.exists()


async def test_a_damaged_photo_is_left_out_and_named(settings: GatewaySettings, tmp_path: Path) -> None:
    async with open_gateway(settings):
        name = keep_photo(settings.data_dir, PICTURES[0])
        (settings.data_dir / FOLDER / name).write_bytes(b"spoiled")
        made = make_backup(settings, tmp_path / "backup", now)
    assert name in made.missing
    assert made.manifest.photos == []
