"""The duty that counts: takes what terminals said, releases what is due, and keeps what terminals show.

It runs in ingest, apart from the transaction that stores a record: a counter's rating must be stored and acknowledged
whatever becomes of the counting, and counting is done again from the log whenever it was cut off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import date

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.ratings.days import local_day
from cloud_gateway.ratings.settings import Ratings
from cloud_gateway.ratings.store_batches import has_due, release_due
from cloud_gateway.ratings.store_figures import renew_stars
from cloud_gateway.ratings.store_taking import has_new, place_strays, take_records
from cloud_gateway.stations.store_notices import counters_mark, post_counters
from cloud_gateway.training.store import list_lapsed

logger = logging.getLogger(__name__)

#: After a round that failed, s.
REST_S = 2.0
#: Star levels are made of the ratings of so many days.
STAR_DAYS = 90
DAY_MS = 86_400_000


class Counting:
    """Each step is a transaction of its own and may be repeated. `clock` ms UTC, in a SIMULATED story the story's."""

    def __init__(self, engine: AsyncEngine, settings: Ratings, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._mark = self._star_day = ""
        self._told = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
                self._told = False
            except Exception:  # the outer edge of a duty: what cannot be done now is due again in a moment
                if not self._told:
                    logger.exception("ratings cannot be counted now, and are tried again")
                self._told = True
                await asyncio.sleep(REST_S)
            await asyncio.sleep(self._settings.tick_s)

    async def look(self) -> None:
        """Do all that there is to do."""
        await self._take()
        await self._release()
        await self._post()

    async def _take(self) -> None:
        more = True
        while more:
            async with reading(self._engine) as connection:
                if not await has_new(connection):
                    return
            async with transaction(self._engine) as connection:
                taken = await take_records(connection, self._settings.zone, self._clock())
            more = taken.more

    async def _release(self) -> None:
        now = self._clock()
        k, days = self._settings.batch_k, self._settings.batch_days
        async with reading(self._engine) as connection:
            due = await has_due(connection, k, days, now)
        day = local_day(now, self._settings.zone)
        if not due and day == self._star_day:
            return
        async with transaction(self._engine) as connection:
            await release_due(connection, k, days, now)
            await renew_stars(connection, local_day(now - (STAR_DAYS - 1) * DAY_MS, self._settings.zone), day)
        self._star_day = day

    async def _post(self) -> None:
        now = self._clock()
        async with reading(self._engine) as connection:
            mark = await counters_mark(connection, now)
        if mark != self._mark:
            async with transaction(self._engine) as connection:
                await place_strays(connection)
                lapsed = await list_lapsed(connection, date.fromisoformat(local_day(now, self._settings.zone)))
                await post_counters(connection, lapsed, STAR_DAYS, now)
            self._mark = mark
