"""A gateway's two databases with something in them, and what another process reads from any copy of them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from cloud_gateway.migrations import migrate
from cloud_gateway.readings.opening import SQLITE_FILE, open_series
from cloud_gateway.settings import GatewaySettings
from tests.cloud_gateway.ingest.ground import Ground, open_ground
from tests.cloud_gateway.ingest.pieces import AT, deliver, frame, pack, record

BEGUN = 1_795_305_700_000


def now() -> int:
    """A gateway's time that stands still."""
    return BEGUN


@asynccontextmanager
async def open_gateway(settings: GatewaySettings) -> AsyncIterator[Ground]:
    """Ingest over the databases of the settings, made when they are not there."""
    if not settings.database.exists():
        migrate(settings.database)
    series = open_series(settings.series, settings.data_dir)
    await series.open()
    try:
        async with open_ground(settings.database, series) as ground:
            yield ground
    finally:
        await series.close()


async def take_ratings(ground: Ground, first: int, last: int) -> None:
    """Store records of the lane `record`."""
    records = (record(n, f'{{"stars":{n}}}', kind="rating/1", at=AT + n) for n in range(first, last + 1))
    await ground.take(deliver(frame(*records, lane="record"), "up/record"))


async def take_readings(ground: Ground, first: int, last: int) -> None:
    """Store readings."""
    await ground.take(deliver(frame(*(record(n, pack(n), at=AT + n) for n in range(first, last + 1)))))


def rows(file: Path, sql: str) -> list[tuple[object, ...]]:
    """Rows of a database file."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


def seqs(settings: GatewaySettings) -> tuple[list[object], list[object]]:
    """The numbers of the stored records and of the stored readings."""
    records = rows(settings.database, "SELECT seq FROM record WHERE lane = 'record' ORDER BY seq")
    readings = rows(settings.data_dir / SQLITE_FILE, "SELECT seq FROM reading ORDER BY seq")
    return [n for (n,) in records], [n for (n,) in readings]


def execute(file: Path, sql: str) -> None:
    """Change a database as another process would."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(sql)
