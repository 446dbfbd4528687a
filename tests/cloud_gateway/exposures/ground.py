"""A gateway's database in which messages come in, are followed, and are settled: one transaction each, as at work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import msgspec
from sqlalchemy import Select, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway import tables as t
from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.settling import Settled, Settling
from cloud_gateway.exposures.store_sites import Risk, put_risk
from cloud_gateway.exposures.tables import event_change, exposure, hazard_event
from cloud_gateway.sites.store import NewSite, add_site, place_device
from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.polling import take
from cloud_gateway.warnings.reading import Reading
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store import save_admitted, save_reading
from cloud_gateway.warnings.store_courses import follow_all

EPOCH = "00000000000000e1"
SOURCE = Source(name="office", kind="cap", url="https://alerts.example.org/cap")
TRACKS = Source(name="centre", kind="atcf", url="https://tracks.example.org/bwp992026.dat")
#: A made-up storm that comes to Shanghai on 20 July 2026.
NEAR = (
    "WP, 99, 2026072000, , BEST, 0, 290N, 1240E, 70, 970, TY, 34, NEQ, 150, 150, 100, 100,,,,,,,,,,, EXAMPLE\n"
    "WP, 99, 2026072000, 03, JTWC, 12, 305N, 1220E, 70, 970, TY, 34, NEQ, 150, 150, 100, 100\n"
    "WP, 99, 2026072000, 03, JTWC, 24, 320N, 1200E, 60, 980, TS, 34, NEQ, 120, 120, 80, 80\n"
)


@dataclass
class Ground:
    """The database, and the one who settles."""

    engine: AsyncEngine
    settling: Settling
    most_sites: int = 250

    async def add_site(self, code: str, risk: Risk | None = None, *, simulated: bool = False, now: int = 1) -> str:
        """A site on the plain at Shanghai, with its facts; gives its id."""
        new = NewSite(code, code, code, 31.2, 121.5, "Asia/Shanghai", simulated)
        async with transaction(self.engine) as connection:
            site = await add_site(connection, new)
            if risk is not None:
                await put_risk(connection, site.id, risk, now)
        return site.id

    async def add_site_at(self, code: str, latitude: float, longitude: float) -> None:
        """A site known by its position alone."""
        async with transaction(self.engine) as connection:
            await add_site(connection, NewSite(code, code, code, latitude, longitude, "America/Chicago"))

    async def take(self, now: int, *alerts: Alert, source: Source = SOURCE) -> Settled:
        """Messages come in and are settled at `now`."""
        await self.save(now, *alerts, source=source)
        return await self.look(now)

    async def save(self, now: int, *alerts: Alert, source: Source = SOURCE) -> None:
        """Messages come in."""
        raws = tuple(msgspec.json.encode(alert) for alert in alerts)
        async with transaction(self.engine) as connection:
            await save_reading(connection, source, Reading(alerts, raws=raws), now)

    async def advise(self, now: int, deck: str, source: Source = TRACKS) -> tuple[str, ...]:
        """A deck of a storm's track comes in; gives the ids of what is new."""
        taken = take(source, deck.encode(), source.url)
        async with transaction(self.engine) as connection:
            return (await save_admitted(connection, source, taken.admitted, now)).new

    async def look(self, now: int) -> Settled:
        """Time goes on."""
        async with transaction(self.engine) as connection:
            await follow_all(connection, now)
        return await self.settling.settle_in_parts(self.engine, now, most_sites=self.most_sites)

    async def add(self, table: Table, *rows: dict[str, object]) -> None:
        """Write rows as another process would."""
        async with transaction(self.engine) as connection:
            await connection.execute(insert(table), list(rows))

    async def place(self, device: str, site: str, *, simulated: bool = False) -> None:
        """A device stands at the site from the beginning of time on."""
        await self.add(t.device, {"id": device, "role": "sensor-node", "simulated": simulated})
        async with transaction(self.engine) as connection:
            await place_device(connection, device, site, 0)

    async def told(self) -> list[str]:
        """All changes of all events in order: site, hazard, change and level."""
        names = (t.site.c.code, hazard_event.c.hazard, event_change.c.change, event_change.c.level)
        query = select(*names, event_change.c.at, event_change.c.number).select_from(_CHANGES)
        rows = await self.rows(query.order_by(event_change.c.at, t.site.c.code, *names[1:2], event_change.c.number))
        return [f"{row['code']} {row['hazard']} {row['change']} {row['level']}" for row in rows]

    async def exposures(self) -> list[str]:
        """The sites touched now: site, hazard, why, sure, level and what holds."""
        query = select(exposure, t.site.c.code).join(t.site, t.site.c.id == exposure.c.site)
        rows = await self.rows(query.where(exposure.c.until.is_(None)).order_by(t.site.c.code, exposure.c.hazard))
        return [f"{r['code']} {r['hazard']} {r['why']} {r['sure']} {r['level']}/{r['holds']}" for r in rows]

    async def rows(self, query: Select[tuple[object, ...]]) -> list[dict[str, object]]:
        """What a query finds."""
        async with reading(self.engine) as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]


_CHANGES = event_change.join(hazard_event, hazard_event.c.id == event_change.c.event).join(
    t.site, t.site.c.id == hazard_event.c.site
)


@asynccontextmanager
async def ground_in(folder: Path, blank: Path) -> AsyncIterator[Ground]:
    """A ground of its own in a folder, which is made; `blank` is a database that is migrated and empty."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    await asyncio.to_thread(copyfile, blank, folder / "gateway.db")
    engine = open_database(folder / "gateway.db")
    try:
        yield Ground(engine, Settling(Gauges()))
    finally:
        await engine.dispose()


def coded(*codes: str, scheme: str = "adcode", **facts: object) -> Risk:
    """A site known by its codes."""
    return Risk(geocodes=tuple((scheme, code) for code in codes), **facts)  # type: ignore[arg-type]  # Risk's own


def alarm(device: str, rule: str, stream: str, raised_at: int, seq: int = 1) -> dict[str, object]:
    """The row of an open alarm of a device."""
    times = {"since": raised_at, "raised_at": raised_at, "received_at": raised_at, "cleared_at": None}
    return {"device": device, "epoch": EPOCH, "seq": seq, "rule": rule, "stream": stream} | {
        "value": 1.2, "limit": 0.8, "unit": "m", **times,
    }  # fmt: skip
