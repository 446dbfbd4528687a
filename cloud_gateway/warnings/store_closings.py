"""Writes a duty engineer's closing of a warning without an end."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.staff.store import Staff
from cloud_gateway.warnings.course import Course
from cloud_gateway.warnings.store_courses import follow_chains
from cloud_gateway.warnings.store_views import OPEN, list_closings
from cloud_gateway.warnings.tables import alert, warning, warning_closing
from cloud_gateway.warnings.views import Signed


class CannotClose(Exception):
    """The warning is over (`over`), or ends by itself (`has_end`): there is nothing to sign."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def close_warning(connection: AsyncConnection, id_: str, who: Staff, reason: str, now: int) -> Signed:
    """Sign that a warning without an end is over, and follow it. The same closing again answers the first one.

    Raises LookupError without such a warning, CannotClose.
    """
    query = select(warning, alert.c.chain).join(alert, alert.c.id == warning.c.head).where(warning.c.id == id_)
    row = (await connection.execute(query)).first()
    if row is None:
        raise LookupError(id_)
    if row.state not in OPEN or row.merged_into is not None:
        return _same(await list_closings(connection, id_), who, reason)
    if msgspec.json.decode(row.course, type=Course).ends is not None:
        raise CannotClose("has_end")
    signed = Signed(str(uuid7()), now, who.name, reason)
    values = {"id": signed.id, "warning": id_, "alert": row.head, "at": now, "staff": who.id}
    await connection.execute(insert(warning_closing).values(**values, name=who.name, reason=reason))
    await follow_chains(connection, [row.chain], now)
    return signed


def _same(closings: list[Signed], who: Staff, reason: str) -> Signed:
    """The closing that said the same. Raises CannotClose."""
    for one in closings:
        if (one.name, one.reason) == (who.name, reason):
            return one
    raise CannotClose("over")
