"""Whether anything can have changed since the last look: neither the time that counts nor the database has moved."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Stillness:
    """Spares a round that would find everything as it was. It pays where time stands still: at the end of a story.

    SQLite counts what other connections commit (PRAGMA data_version), so this one is for looking only.
    """

    def __init__(self, connection: AsyncConnection, clock: Callable[[], int]) -> None:
        self._connection = connection
        self._clock = clock
        self._now: int | None = None
        self._version: int | None = None

    async def has_moved(self) -> bool:
        """Whether a round may find something new; also where that cannot be told."""
        now = self._clock()
        if now != self._now:
            self._now, self._version = now, None
            return True
        before, self._version = self._version, await self._read_version()
        return before is None or self._version != before

    async def _read_version(self) -> int | None:
        try:
            async with self._connection.begin():
                found = await self._connection.exec_driver_sql("PRAGMA data_version")
                return int(found.scalar_one())
        except SQLAlchemyError:  # the round itself will say what is wrong
            return None


@asynccontextmanager
async def watching(engine: AsyncEngine, clock: Callable[[], int]) -> AsyncIterator[Stillness]:
    """A look of one's own, until the block ends."""
    async with engine.connect() as connection:
        yield Stillness(connection, clock)
