"""The duty that keeps looking at our own gauges, as long as its process runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.exposures.watching import Watching
from cloud_gateway.readings.opening import open_series
from cloud_gateway.readings.series import SeriesStore
from cloud_gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)
#: Readings come every few minutes: looking more often finds nothing new.
ROUND_S = 5.0


async def run_gauges(
    engine: AsyncEngine, settings: GatewaySettings, clock: Callable[[], int], round_s: float = ROUND_S
) -> None:
    """Until cancelled: new readings raise and clear alarms. What cannot be done now is tried again, and told once."""
    watching = Watching(settings.gauges)
    series = open_series(settings.series, settings.data_dir)
    is_open = is_troubled = False
    try:
        while True:
            try:
                is_open = is_open or await _open(series)
                await watching.watch(engine, series, clock())
            except Exception:  # the outer edge: warnings and messages go on without the gauges
                if not is_troubled:
                    logger.exception("own gauges cannot be looked at; tried again")
                is_troubled = True
            else:
                if is_troubled:
                    logger.info("own gauges are looked at again")
                is_troubled = False
            await asyncio.sleep(round_s)
    finally:
        await series.close()


async def _open(series: SeriesStore) -> bool:
    await series.open()
    return True
