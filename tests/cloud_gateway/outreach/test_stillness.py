"""Rounds of outreach are spared only while neither time nor the database has moved."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.outreach.store_stillness import watching


async def test_what_is_committed_and_time_that_passes_are_noticed_and_nothing_else(tmp_path: Path) -> None:
    engine, other = open_database(tmp_path / "db"), open_database(tmp_path / "db")
    times = [1]
    async with watching(engine, lambda: times[-1]) as stillness:
        first = [await stillness.has_moved() for _ in range(4)]
        async with reading(other) as connection:
            await connection.scalar(text("SELECT 1"))
        async with transaction(other):
            pass
        idle = await stillness.has_moved()
        async with transaction(other) as connection:
            await connection.execute(text("CREATE TABLE a (b)"))
        written = [await stillness.has_moved() for _ in range(2)]
        async with transaction(engine) as connection:
            await connection.execute(text("INSERT INTO a VALUES (1)"))
        ours = [await stillness.has_moved() for _ in range(2)]
        times.append(2)
        later = [await stillness.has_moved() for _ in range(3)]
    await engine.dispose()
    await other.dispose()
    assert (first, idle) == ([True, True, False, False], False)
    assert (written, ours, later) == ([True, False], [True, False], [True, True, False])
