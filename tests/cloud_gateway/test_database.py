"""The relational database file: its journal, and two processes that start at once."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, insert, select

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.migrations import migrate


def test_migrated_file_is_in_wal_before_anybody_opens_it(tmp_path: Path) -> None:
    migrate(tmp_path / "gateway.db")
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def write_once(file: Path) -> None:
    engine = open_database(file)
    async with transaction(engine) as connection:
        await connection.execute(insert(t.event).values(at=1, topic="gap", body="{}"))
    await engine.dispose()


async def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    file = tmp_path / "gateway.db"
    migrate(file)
    await asyncio.gather(*(write_once(file) for _ in range(8)))
    engine = open_database(file)
    async with reading(engine) as connection:
        assert await connection.scalar(select(func.count()).select_from(t.event)) == 8
    await engine.dispose()
