"""Reads and writes long records and seasonal outlooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Table, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.seasons.entries import OutlookEntry, RecordEntry
from cloud_gateway.seasons.extremes import Value
from cloud_gateway.seasons.tables import long_record, season_outlook
from cloud_gateway.tables import site

#: So many values in one statement: SQLite has a limit.
BATCH = 500


@dataclass(frozen=True)
class Record:
    """All that is known of one quantity at one place; `stream` is the site's own that measures the same, or ""."""

    place: str
    quantity: str
    unit: str
    source: str
    stream: str
    values: Sequence[Value]


@dataclass(frozen=True)
class Outlook:
    """A seasonal outlook as its issuer gave it; dates are local, the chances percent."""

    place: str
    issuer: str
    hazard: str
    valid_from: str
    issued: str
    valid_to: str
    below: float | None
    near: float | None
    above: float | None
    text: str


async def known_codes(connection: AsyncConnection, codes: Collection[str]) -> set[str]:
    """Those of the codes that are sites'."""
    found: set[str] = set()
    every = sorted(codes)
    for first in range(0, len(every), BATCH):
        part = every[first : first + BATCH]
        found |= set(await connection.scalars(select(site.c.code).where(site.c.code.in_(part))))
    return found


async def put_records(connection: AsyncConnection, entries: Sequence[RecordEntry], now: int) -> None:
    """Write values; one of the same place, quantity and period takes the place of the old."""
    await _put(connection, long_record, entries, now)


async def put_outlooks(connection: AsyncConnection, entries: Sequence[OutlookEntry], now: int) -> None:
    """Write outlooks; one of the same issuer, hazard, season and day of issue takes the place of the old."""
    await _put(connection, season_outlook, entries, now)


async def read_records(connection: AsyncConnection, places: Sequence[str]) -> list[Record]:
    """The record of each quantity, of the first of these places that has one."""
    r = long_record.c
    rows = (await connection.execute(select(long_record).where(r.place.in_(places)).order_by(r.period))).all()
    nearest: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: places.index(row.place)):
        nearest.setdefault(row.quantity, row.place)
    kept = defaultdict(list)
    for row in rows:
        if nearest[row.quantity] == row.place:
            kept[row.quantity].append(row)
    return [
        Record(
            some[-1].place,
            quantity,
            some[-1].unit,
            some[-1].source,
            some[-1].stream,
            [Value(row.period, row.value) for row in some],
        )
        for quantity, some in sorted(kept.items())
    ]


async def read_outlooks(connection: AsyncConnection, places: Sequence[str], today: str) -> list[Outlook]:
    """Outlooks for these places whose season is not over on `today` (local date), the newest word of each issuer."""
    o = season_outlook.c
    columns = [o[name] for name in Outlook.__dataclass_fields__]
    query = select(*columns).where(o.place.in_(places), o.valid_to >= today).order_by(o.valid_from, o.issued)
    newest: dict[tuple[str, str, str, str], Outlook] = {}
    for row in (await connection.execute(query)).mappings():
        one = Outlook(**row)
        newest[one.place, one.issuer, one.hazard, one.valid_from] = one
    return list(newest.values())


async def _put(
    connection: AsyncConnection, table: Table, entries: Sequence[RecordEntry] | Sequence[OutlookEntry], now: int
) -> None:
    rows = [{k: v for k, v in asdict(entry).items() if k != "row"} | {"imported_at": now} for entry in entries]
    if rows:
        statement = upsert(table)
        keys = [column.name for column in table.primary_key]
        new = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
        await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new), rows)
