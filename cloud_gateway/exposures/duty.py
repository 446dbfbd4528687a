"""The duties of outreach that work with the series store, as long as their process runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.exposures.series_feed import feed_series
from cloud_gateway.exposures.watching import Watching
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import SeriesHome
from cloud_gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)
#: Readings come every few minutes: looking more often finds nothing new.
ROUND_S = 5.0
Work = Callable[[SeriesHome], Awaitable[object]]


async def run_gauges(
    engine: AsyncEngine, settings: GatewaySettings, clock: Callable[[], int], round_s: float = ROUND_S
) -> None:
    """Until cancelled: new readings raise and clear alarms."""
    watching = Watching(settings.gauges)
    await _repeat(settings, "own gauges", lambda series: watching.watch(engine, series, clock()), round_s)


async def run_series_feed(
    engine: AsyncEngine, settings: GatewaySettings, clock: Callable[[], int], round_s: float = ROUND_S
) -> None:
    """Until cancelled: what official warnings said of sites goes to the series store."""
    await _repeat(settings, "warnings as series", lambda series: feed_series(engine, series, clock()), round_s)


async def _repeat(settings: GatewaySettings, duty: str, work: Work, round_s: float) -> None:
    """Work with a series store of its own, round by round; what cannot be done now is tried again, and told once."""
    series = open_series(settings.series, settings.data_dir)
    is_open = is_troubled = False
    try:
        while True:
            try:
                is_open = is_open or await _open(series)
                await work(series)
            except Exception:  # the outer edge: warnings and messages go on without this duty
                if not is_troubled:
                    logger.exception("a duty cannot go on and tries again", extra={"duty": duty})
                is_troubled = True
            else:
                if is_troubled:
                    logger.info("a duty goes on", extra={"duty": duty})
                is_troubled = False
            await asyncio.sleep(round_s)
    finally:
        await series.close()


async def _open(series: SeriesHome) -> bool:
    await series.open()
    return True
