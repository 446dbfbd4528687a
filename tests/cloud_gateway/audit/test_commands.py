"""What commands change on a gateway is written down as acts of the command line, and what they only read is not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cloud_gateway.audit.store import Sought, list_acts
from cloud_gateway.database import open_database, reading
from cloud_gateway.enrolment.register import enrol_devices, list_devices, revoke_device
from cloud_gateway.readings.opening import open_series
from deploy.cli import run
from tests.cloud_gateway.conftest import make_settings
from tests.cloud_gateway.enrolment.cards import certificate_of, make_key
from tests.databases import make_database

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def acts(database: Path) -> list[tuple[str, str, int | None]]:
    """Command, subject and status of the acts, the oldest first; every one is the command line's."""
    engine = open_database(database)
    async with reading(engine) as connection:
        found = await list_acts(connection, Sought(person="command line"), None, 100)
    await engine.dispose()
    return [(act.route, act.subject, act.status) for act in reversed(found)]


def make_config(folder: Path) -> tuple[Path, Path]:
    """A data folder with its configuration: the database's file, and the configuration's."""
    folder.mkdir()
    config = folder / "gateway.toml"
    config.write_text(f'data_dir = "{folder}"\n[[retention]]\nstream = "level"\nraw_days = 30\n')
    return folder / "gateway.db", config


async def test_commands_that_change_something_are_acts_and_those_that_read_are_not(tmp_path: Path) -> None:
    database, config = make_config(tmp_path / "one")
    other, restored = make_config(tmp_path / "two")
    make_database(database)
    series = open_series(make_settings(database.parent).series, database.parent)
    await series.open()
    await series.close()
    sites = tmp_path / "sites.csv"
    sites.write_text("code,name,latitude,longitude,zone\nquay-1,Quay,31.22,121.54,Asia/Shanghai\n")
    await enrol_devices(database, [(certificate_of(make_key(1)), "kiosk")])
    await revoke_device(database, "gauge-01", "lost on the way to somebody")
    await list_devices(database)
    commands = [
        ["sites", "import", str(sites), "--datum", "WGS-84", "--config", str(config)],
        ["evidence", "hold", "case-7", "--data", str(database.parent), "--type", "complaint", "--reason", "a suit"],
        ["gateway", "retain", "--dry-run", "--config", str(config)],
        ["gateway", "retain", "--config", str(config)],
        ["gateway", "backup", str(tmp_path / "monday"), "--config", str(config)],
        ["gateway", "restore", str(tmp_path / "monday"), "--config", str(restored)],
    ]
    assert [await asyncio.to_thread(run, words) for words in commands] == [0] * 6
    written = [
        ("gateway device enrol", "gauge-01 kiosk", 0),
        ("gateway device revoke", "gauge-01", 0),
        ("sites import", "1 new, 0 changed", 0),
        ("evidence hold", "case-7", 0),
        ("gateway retain", "", 0),
        ("gateway backup", "monday", 0),
    ]
    assert await acts(database) == written
    assert await acts(other) == [*written[:5], ("gateway backup", "monday", None), ("gateway restore", "monday", 0)]


async def test_command_that_fails_half_way_leaves_its_outcome_unknown(tmp_path: Path) -> None:
    database, config = make_config(tmp_path / "one")
    make_database(database)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "something").touch()
    assert await asyncio.to_thread(run, ["gateway", "backup", str(taken), "--config", str(config)]) == 2
    assert await acts(database) == [("gateway backup", "taken", None)]
