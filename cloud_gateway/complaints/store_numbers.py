"""Numbers that people say, such as C2026-0001: one after the other, none used twice."""

from __future__ import annotations

from datetime import date

from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.complaints.tables import number_series


async def next_number(connection: AsyncConnection, letter: str, day: date) -> str:
    """The next number of this letter's series of the year, in the caller's writing transaction."""
    series = f"{letter}{day.year}"
    count = upsert(number_series).values(series=series, last=1)
    grown = count.on_conflict_do_update(index_elements=["series"], set_={"last": number_series.c.last + 1})
    last = await connection.scalar(grown.returning(number_series.c.last))
    return f"{series}-{last:04}"
