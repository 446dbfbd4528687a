"""A gateway's ingest on a real broker, in this process or as one of its own that can be killed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from cloud_gateway.database import open_database
from cloud_gateway.ingest.app import Ingest
from cloud_gateway.ingest.store import IngestStore
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import Point, SeriesStore
from cloud_gateway.settings import Broker, Devices, GatewaySettings, Series
from deploy.demo.programs import Program
from deploy.provision.folder import INGEST
from deploy.servers import Server, service_files
from tests.databases import make_database


@dataclass(frozen=True)
class Books:
    """What a gateway has stored, read from outside of it."""

    settings: GatewaySettings

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the relational database."""
        with closing(sqlite3.connect(self.settings.database)) as connection:
            return connection.execute(sql).fetchall()

    def letters(self) -> dict[str, int]:
        """How many dead letters of each code there are, each counted as often as it came."""
        rows = self.rows("SELECT code, sum(times) FROM dead_letter GROUP BY code")
        return {str(code): int(str(times)) for code, times in rows}

    async def points(self, device: str) -> list[Point]:
        """The stored points of a device by seq."""
        series = open_series(self.settings.series, self.settings.data_dir)
        await series.open()
        try:
            return sorted([point async for point in series.scan(device)], key=lambda p: (p.epoch, p.seq))
        finally:
            await series.close()


def make_settings(broker: Server, folder: Path, series: Series) -> GatewaySettings:
    """Settings and a migrated database for one gateway."""
    settings = GatewaySettings(
        data_dir=folder / "data",
        broker=Broker.model_validate({"port": broker.port, **service_files(broker, INGEST)}),
        series=series,
        devices=Devices(admit="any", burst_s=3600),
    )
    make_database(settings.database)
    return settings


@asynccontextmanager
async def running_ingest(
    settings: GatewaySettings, series: SeriesStore | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """Ingest as a task of this loop; `series` takes the place of the store that the settings name."""
    store = open_series(settings.series, settings.data_dir) if series is None else series
    engine = open_database(settings.database)
    await store.open()
    task = asyncio.create_task(Ingest(settings, store, IngestStore(engine)).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        await store.close()
        await engine.dispose()


def make_program(settings: GatewaySettings, folder: Path) -> Program:
    """`weiran gateway ingest` as a process, not yet started."""
    file = folder / "gateway.toml"
    devices = f'[devices]\nadmit = "{settings.devices.admit}"\nburst_s = {settings.devices.burst_s}\n'
    file.write_text(f'data_dir = "{settings.data_dir}"\n{_broker(settings)}{devices}')
    return Program("ingest", ["deploy", "gateway", "ingest", "--config", str(file)], folder / "ingest.log")


def _broker(settings: GatewaySettings) -> str:
    """The section of the broker as TOML."""
    given = settings.broker.model_dump(mode="json", exclude_defaults=True)
    return "".join(["[broker]\n", *(f"{key} = {json.dumps(value)}\n" for key, value in given.items())])


def resident_mb(program: Program, field: str = "VmRSS") -> float:
    """Resident memory of a process, MB; `VmHWM` is the most it ever had."""
    lines = Path(f"/proc/{program.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
