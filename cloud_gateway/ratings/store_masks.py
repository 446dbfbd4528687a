"""Masks and appeals in the database: regulators' keys, which texts are masked, who may not rule."""

from __future__ import annotations

import base64

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.tables import evidence_key, evidence_text
from cloud_gateway.ratings.appeals import Appeal
from cloud_gateway.ratings.store_web import PATH
from cloud_gateway.ratings.tables_web import rating_appeal, rating_word, web_rating
from cloud_gateway.stations.tables import clerk
from cloud_gateway.tables import staff
from edge_agent.proof.checkpoints import LogKey

_k, _t, _a = evidence_key.c, evidence_text.c, rating_appeal.c


async def list_regulators(c: AsyncConnection) -> list[LogKey]:
    """The regulators' keys that the log names."""
    query = select(_k.name, _k.public_key).where(_k.role == "regulator").order_by(_k.place)
    return [LogKey(row.name, base64.b64decode(row.public_key)) for row in await c.execute(query)]


async def find_rating_of(c: AsyncConnection, place: int) -> int | None:
    """The rating that the entry at this place is, or was said to."""
    own = select(web_rating.c.place).where(web_rating.c.place == place)
    said_to = select(rating_word.c.rating).where(rating_word.c.place == place)
    found: int | None = await c.scalar(own.union(said_to))
    return found


async def find_shown(c: AsyncConnection, place: int) -> tuple[str, str] | None:
    """Salt (hex) and text of the entry's text; None when it has none that is shown."""
    shown = (_t.place == place, _t.path == PATH, _t.published, _t.text.is_not(None), _t.masked_by.is_(None))
    row = (await c.execute(select(_t.salt, _t.text).where(*shown))).first()
    return None if row is None else (row.salt.hex(), row.text)


async def set_masked(c: AsyncConnection, place: int, mask: int) -> None:
    """The text of the entry at `place` is masked by the entry `mask`."""
    await c.execute(update(evidence_text).where(_t.place == place, _t.path == PATH).values(masked_by=mask))


async def add_appeal(c: AsyncConnection, appeal: Appeal, filed_by: str) -> None:
    """Keep who may not rule on it; `filed_by` is a staff id."""
    row = {"place": appeal.place, "rating": appeal.rating, "clerk": appeal.clerk, "manager": appeal.manager}
    await c.execute(insert(rating_appeal).values({**row, "filed_by": filed_by}))


async def find_appeal(c: AsyncConnection, rating: int) -> Appeal | None:
    """The appeal against a rating."""
    query = (
        select(_a.place, _a.rating, _a.clerk, _a.manager, _a.ruling, clerk.c.staff, staff.c.name)
        .join(staff, staff.c.id == _a.filed_by)
        .outerjoin(clerk, clerk.c.number == _a.clerk)
        .where(_a.rating == rating)
    )
    row = (await c.execute(query)).first()
    if row is None:
        return None
    return Appeal(row.place, row.rating, row.clerk, row.staff or "", row.manager, row.name, row.ruling is not None)


async def set_ruling(c: AsyncConnection, appeal: int, ruling: int) -> None:
    """The appeal has its ruling."""
    await c.execute(update(rating_appeal).where(_a.place == appeal).values(ruling=ruling))
