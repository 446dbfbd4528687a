"""A gateway's database with staff, handlers and two clerks."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.complaints.store_handlers import Handler, put_handler
from cloud_gateway.database import open_database, transaction
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import add_staff
from cloud_gateway.stations.tables import clerk, station
from tests.databases import make_database

NOW = 1_793_577_600_000  # 2026-11-02 00:00 UTC, eight in the morning in Shanghai
STATION: dict[str, object] = {
    "code": "pudong", "name": "Pudong", "name_zh": "浦东", "zone": "Asia/Shanghai", "opens": 540, "closes": 1020,
    "changed_at": 1,
}  # fmt: skip
CLERK: dict[str, object] = {
    "number": "07", "station": "pudong", "name": "样例一", "card": "", "photo": "", "gone": False, "staff": "li",
}  # fmt: skip


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as migrations leave it, to be copied."""
    file = tmp_path_factory.mktemp("empty") / "gateway.db"
    make_database(file)
    return file


@pytest.fixture
async def house(empty_file: Path, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """Handlers chen, li (who is clerk 07) and wang (the manager of clerk 07), all who know claims."""
    engine = open_database(Path(shutil.copy(empty_file, tmp_path / "gateway.db")))
    async with transaction(engine) as connection:
        await connection.execute(insert(station).values(**STATION))
        await connection.execute(insert(clerk).values(**CLERK))
        for name, manages in (("chen", ()), ("li", ()), ("wang", ("07",))):
            await add_staff(connection, name, Role.COUNTER_MANAGER, None, NOW)
            await put_handler(connection, Handler(name, ("claims",), manages), NOW)
    yield engine
    await engine.dispose()
