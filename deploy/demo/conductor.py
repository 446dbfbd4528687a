"""Leads a story with warnings: at each publication the devices wait until outreach has done all that it calls for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from cloud_gateway.database import open_database, reading
from deploy.demo.leash import NO_END
from deploy.demo.outreach import TICK_S
from deploy.demo.stage import Fleet, Stage
from deploy.demo.told import is_settled
from firmware_sim.feed import identifier_of, published_until

#: After a publication the source is asked once more within this, story ms.
ASKED_WITHIN_MS = 15_000
#: Outreach is waited for so long, real seconds; then the story goes on, and what is late shows in the report.
PATIENCE_S = 30.0
LOOK_S = 0.1
#: At the end nothing may come up for so long, real seconds: some rounds of outreach, which looks at readings too.
CALM_S = 3 * TICK_S


class Conductor:
    """Moves story time on; `busy` says whether an answer of somebody invented is on its way."""

    def __init__(self, stage: Stage, busy: Callable[[], bool]) -> None:
        self._stage = stage
        self._busy = busy
        self._engine = open_database(stage.settings.database)

    async def run(self) -> None:
        """Until the story is over and all that it called for has been done."""
        scenario, story_time = self._stage.scenario, self._stage.story_time
        for moment in sorted({bulletin.at_ms for bulletin in scenario.warning}):
            story_time.allow(moment)
            await self._reach(moment)
            story_time.tell(moment + ASKED_WITHIN_MS)
            await self._settled()
        story_time.allow(NO_END)
        await self._reach(scenario.end_ms)
        story_time.tell(scenario.end_ms + ASKED_WITHIN_MS)
        await self._settled()

    async def finish(self) -> None:
        """When no device says anything any more: until what it said last has been done too."""
        self._stage.story_time.tell(self._stage.story_time.now + ASKED_WITHIN_MS)
        await self._settled(CALM_S)

    async def close(self) -> None:
        """Let go of the database."""
        await self._engine.dispose()

    async def _reach(self, moment: int) -> None:
        while (now := _slowest(self._stage.fleets, self._stage.scenario.end_ms)) < moment:
            self._stage.story_time.tell(now)
            await asyncio.sleep(LOOK_S)  # story time is read from pipes; there is no event to wait for
        self._stage.story_time.tell(moment)

    async def _settled(self, calm_s: float = 0.0) -> None:
        began = calm_since = time.monotonic()
        while (now := time.monotonic()) < began + PATIENCE_S:
            if self._busy() or not await self._is_settled():
                calm_since = time.monotonic()
            elif now >= calm_since + calm_s:
                return
            await asyncio.sleep(LOOK_S)

    async def _is_settled(self) -> bool:
        scenario, now = self._stage.scenario, self._stage.story_time.now
        names = [identifier_of(scenario, bulletin) for bulletin in published_until(scenario, now)]
        async with reading(self._engine) as c:
            return await is_settled(c, names, now)


def _slowest(fleets: Sequence[Fleet], end_ms: int) -> int:
    """The story time that all devices have come to."""
    return min((end_ms if fleet.ear.ended else fleet.ear.now for fleet in fleets), default=end_ms)
