"""Gives the series store what official warnings said of sites, for charts beside the readings."""

from __future__ import annotations

import logging

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures.store_steps import mark_written, owed_steps
from cloud_gateway.readings.series import StepStore

logger = logging.getLogger(__name__)
#: Steps of one write.
MOST = 1000


async def feed_series(engine: AsyncEngine, series: StepStore, now: int, most: int = MOST) -> int:
    """Write the steps that are owed until none is left; gives how many. Raises StoreUnavailable.

    A step is marked after it was written: a kill between the two writes it again, at the same place.
    """
    count = 0
    while True:
        async with reading(engine) as connection:
            owed = await owed_steps(connection, most)
        if not owed:
            return count
        refusals = {one.step: f"{one.code}: {one.detail}" for one in await series.write_steps([o.step for o in owed])}
        for step, why in refusals.items():
            logger.error("the series store refused a warning", extra={"site": step.site, "reason": why})
        async with transaction(engine) as connection:
            await mark_written(connection, {one.id: refusals.get(one.step, "") for one in owed}, now)
        count += len(owed)
