"""The readings of a real InfluxDB come into a backup, and its own program brings them back."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud_gateway.backup.creation import make_backup
from cloud_gateway.backup.influx import FOLDER
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import NS_PER_MS, StoreUnavailable
from cloud_gateway.settings import GatewaySettings, Series
from deploy.servers import free_port
from tests.cloud_gateway.backup.ground import now, open_gateway, take_ratings, take_readings
from tests.cloud_gateway.ingest.pieces import AT, DEVICE

CONF = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[http]
  bind-address = "127.0.0.1:{http}"
"""
LIMIT_S = 60


@dataclass(frozen=True)
class Influx:
    """A server whose backup port is known."""

    url: str
    backup_host: str


@pytest.fixture
def own_influx(tmp_path: Path) -> Iterator[Influx]:
    http, rpc = free_port(), free_port()
    conf = tmp_path / "influxd.conf"
    conf.write_text(CONF.format(folder=tmp_path / "influx", http=http, rpc=rpc))
    with (tmp_path / "influxd.log").open("wb") as log:
        process = subprocess.Popen(["influxd", "-config", str(conf)], stdout=log, stderr=log)
    yield Influx(f"http://127.0.0.1:{http}", f"127.0.0.1:{rpc}")
    process.terminate()
    process.wait(LIMIT_S)


async def open_when_there(settings: GatewaySettings) -> None:
    """Wait until the server answers."""
    series = open_series(settings.series, settings.data_dir)
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                await series.open()
            except StoreUnavailable:
                await asyncio.sleep(0.1)
            else:
                break
    await series.close()


async def count_readings(settings: GatewaySettings) -> int:
    """The readings in the database, once the server has opened what it brought back."""
    series = open_series(settings.series, settings.data_dir)
    async with AsyncExitStack() as stack, asyncio.timeout(LIMIT_S):
        stack.push_async_callback(series.close)
        while True:
            try:
                return len(await series.samples(DEVICE, "level", AT * NS_PER_MS, (AT + 1000) * NS_PER_MS, 1000))
            except StoreUnavailable:
                await asyncio.sleep(0.1)


async def test_readings_of_influxdb_come_into_the_backup(own_influx: Influx, tmp_path: Path) -> None:
    series = Series(store="influx1", url=own_influx.url, backup_host=own_influx.backup_host)
    settings = GatewaySettings(data_dir=tmp_path / "data", series=series)
    await open_when_there(settings)
    async with open_gateway(settings) as ground:
        await take_ratings(ground, 1, 3)
        await take_readings(ground, 1, 50)
        made = await asyncio.to_thread(make_backup, settings, tmp_path / "backup", now)
    assert (made.manifest.influx, made.missing) == (FOLDER, "")
    words = ["influxd", "restore", "-portable", "-db", "weiran", "-newdb", "again", "-host", own_influx.backup_host]
    done = await asyncio.to_thread(subprocess.run, [*words, str(tmp_path / "backup" / FOLDER)], capture_output=True)
    assert done.returncode == 0, done.stderr
    again = settings.model_copy(update={"series": series.model_copy(update={"database": "again"})})
    assert await count_readings(again) == 50
