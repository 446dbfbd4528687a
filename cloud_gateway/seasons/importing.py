"""Enters the rows of a table of long records or of outlooks: all of them, or none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.audit.commands import write_command
from cloud_gateway.database import open_database, transaction
from cloud_gateway.seasons.entries import OutlookEntry, RecordEntry, read_outlooks, read_records
from cloud_gateway.seasons.store import known_codes, put_outlooks, put_records
from cloud_gateway.sites.entries import Mistake

Row = TypeVar("Row", bound=RecordEntry | OutlookEntry)


@dataclass(frozen=True)
class Entered:
    """What an import did: nothing where there are mistakes."""

    entered: int
    mistakes: tuple[Mistake, ...]


async def import_records(database: Path, raw: bytes, now: int) -> Entered:
    """Enter a table of long records at `now`, ms UTC. Raises TableRefused."""
    return await _enter(database, *read_records(raw), put_records, "sites record import", now)


async def import_outlooks(database: Path, raw: bytes, now: int) -> Entered:
    """Enter a table of seasonal outlooks at `now`, ms UTC. Raises TableRefused."""
    return await _enter(database, *read_outlooks(raw), put_outlooks, "sites outlook import", now)


async def _enter(
    database: Path,
    entries: Sequence[Row],
    mistakes: Sequence[Mistake],
    put: Callable[[AsyncConnection, Sequence[Row], int], Awaitable[None]],
    command: str,
    now: int,
) -> Entered:
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            found = [*mistakes, *await _strangers(connection, entries)]
            if not found:
                await put(connection, entries, now)
                await write_command(connection, command, f"{len(entries)} entered", now)
    finally:
        await engine.dispose()
    return Entered(0 if found else len(entries), tuple(sorted(found, key=lambda one: one.row)))


async def _strangers(connection: AsyncConnection, entries: Sequence[Row]) -> list[Mistake]:
    """Rows about sites that nobody has entered."""
    codes = {entry.place.removeprefix("site:") for entry in entries if entry.place.startswith("site:")}
    known = await known_codes(connection, codes)
    strange = {f"site:{code}" for code in codes - known}
    remedy = "Enter the site first: weiran sites import FILE"
    return [
        Mistake(entry.row, "site", f"{entry.place.removeprefix('site:')!r} is no site that is entered", remedy)
        for entry in entries
        if entry.place in strange
    ]
