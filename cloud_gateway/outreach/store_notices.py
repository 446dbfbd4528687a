"""Notices in the database: what each device shall show, and which of it the broker has taken."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.noticing import Danger, make_entries, read_entries, write_entries
from cloud_gateway.outreach.store_facts import officials
from cloud_gateway.outreach.tables import notice
from cloud_gateway.stations.badges import read_counter
from cloud_gateway.tables import placement
from cloud_gateway.warnings.model import Level
from cloud_gateway.warnings.tables import warning
from edge_agent.wire.messages import Notice

NOTHING = "[]"


class Standing(NamedTuple):
    """A device's notice: its version, the one that the broker has, and since when they may differ."""

    version: int
    said_version: int
    changed_at: int


async def notices_mark(connection: AsyncConnection) -> str:
    """A text that changes whenever notices may have to change: events, what is behind them, and who stands where."""
    events = select(func.count(), func.max(hazard_event.c.changed_at)).where(hazard_event.c.closed_at.is_(None))
    behind = select(func.max(warning.c.changed_at), func.max(warning.c.unconfirmed_since))
    places = select(func.count(), func.count(placement.c.until), func.max(placement.c.since))
    rows = [(await connection.execute(query)).one() for query in (events, behind, places)]
    return repr([tuple(row) for row in rows])


async def post_notices(connection: AsyncConnection, now: int) -> int:
    """Make the notices of all devices what the open events at their sites say; returns how many have changed."""
    wanted = {device: write_entries(make_entries(dangers)) for device, dangers in (await _dangers(connection)).items()}
    known = {row.device: row for row in await connection.execute(select(notice))}
    changed = [
        {"device": device, "version": known[device].version + 1 if device in known else 1, "entries": entries}
        for device in sorted(wanted.keys() | known.keys())
        if (entries := wanted.get(device, NOTHING)) != (known[device].entries if device in known else NOTHING)
    ]
    statement = upsert(notice)
    fresh = {name: statement.excluded[name] for name in ("version", "entries", "changed_at")}
    if changed:
        rows = [row | {"changed_at": now, "said_version": 0} for row in changed]
        await connection.execute(statement.on_conflict_do_update(index_elements=["device"], set_=fresh), rows)
    return len(changed)


async def find_standing(connection: AsyncConnection, device: str) -> Standing | None:
    """How a device's notice stands; None when it never had one."""
    columns = (notice.c.version, notice.c.said_version, notice.c.changed_at)
    row = (await connection.execute(select(*columns).where(notice.c.device == device))).first()
    return None if row is None else Standing(*row)


async def list_versions(connection: AsyncConnection) -> dict[str, int]:
    """The newest version of each device's notice."""
    return {row.device: row.version for row in await connection.execute(select(notice.c.device, notice.c.version))}


async def read_notice(connection: AsyncConnection, device: str) -> Notice:
    """A device's notice as it is published. Raises LookupError without one."""
    row = (await connection.execute(select(notice).where(notice.c.device == device))).first()
    if row is None:
        raise LookupError(device)
    counter = None if row.counter is None else read_counter(row.counter)
    return Notice(row.version, read_entries(row.entries), row.changed_at, counter=counter)


async def note_said(connection: AsyncConnection, versions: dict[str, int], now: int) -> None:
    """The broker has taken these."""
    for device, version in versions.items():
        this = (notice.c.device == device) & (notice.c.version >= version)
        await connection.execute(update(notice).where(this).values(said_version=version, said_at=now))


async def oldest_unsaid(connection: AsyncConnection) -> int | None:
    """Since when a notice waits for the broker; None when it has all."""
    query = select(func.min(notice.c.changed_at)).where(notice.c.said_version < notice.c.version)
    found: int | None = (await connection.execute(query)).scalar()
    return found


async def _dangers(connection: AsyncConnection) -> dict[str, list[Danger]]:
    query = (
        select(placement.c.device, hazard_event)
        .join(hazard_event, hazard_event.c.site == placement.c.site)
        .where(placement.c.until.is_(None), hazard_event.c.closed_at.is_(None))
    )
    rows = (await connection.execute(query)).all()
    behind = await officials(connection, {row.warning for row in rows if row.warning})
    found: dict[str, list[Danger]] = defaultdict(list)
    for row in rows:
        levels = (Level(row.holds), Level(row.level))
        official = behind.get(row.warning or "")
        danger = Danger(row.id, row.hazard, *levels, row.opened_at, row.gauge, row.simulated, official)
        found[row.device].append(danger)
    return found
