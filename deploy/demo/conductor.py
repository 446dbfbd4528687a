"""Leads a story: devices wait at each moment that something else has to happen at, however slow the machine is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from cloud_gateway.database import open_database, reading
from deploy.demo.counted import is_counted
from deploy.demo.happening import Happening
from deploy.demo.leash import NO_END
from deploy.demo.outreach import TICK_S
from deploy.demo.stage import Fleet, Stage
from deploy.demo.told import is_settled
from edge_agent.wire.topics import Lane
from firmware_sim.day import list_acts
from firmware_sim.feed import identifier_of, published_until
from firmware_sim.scenario import Scenario

#: After a publication the source is asked once more within this, story ms.
ASKED_WITHIN_MS = 15_000
#: Outreach is waited for so long, real seconds; then the story goes on, and what is late shows in the report.
PATIENCE_S = 30.0
#: For faults, and in a story with counters, so long: ratings that come after midnight would wait for the next one.
LONG_PATIENCE_S = 90.0
LOOK_S = 0.1
#: At the end nothing may come up for so long, real seconds: some rounds of outreach, which looks at readings too.
CALM_S = 3 * TICK_S
#: Counters are closed so long after the last deed, story ms.
CLOSED_AFTER_MS = 120_000
#: Faults that are over, for the devices they hit, only when those live again.
KILLS = ("agent-kill", "power-cut")


class Conductor:
    """Moves story time on; `busy` says whether an answer of somebody invented is on its way."""

    def __init__(self, stage: Stage, busy: Callable[[], bool], happenings: Sequence[Happening] = ()) -> None:
        self._stage = stage
        self._busy = busy
        self._happenings = happenings
        self._engine = open_database(stage.settings.database)
        self._closed = closing_time(stage.scenario) if stage.has_script else None

    async def run(self) -> None:
        """Until the story is over and all that it called for has been done."""
        scenario, story_time = self._stage.scenario, self._stage.story_time
        for moment in self._moments():
            story_time.allow(moment)
            await self._reach(moment)
            story_time.tell(moment + ASKED_WITHIN_MS)
            await self._faults_of(moment)
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

    def _moments(self) -> list[int]:
        """Publications and ends of faults; where there are counters, also begins, and when the counters close."""
        moments = {bulletin.at_ms for bulletin in self._stage.scenario.warning}
        moments |= {h.fault.until_ms for h in self._happenings}
        moments |= {h.fault.at_ms for h in self._happenings if self._stage.has_script}
        return sorted(moments | ({self._closed} if self._closed is not None else set()))

    async def _reach(self, moment: int) -> None:
        while (now := _slowest(self._stage.fleets, self._stage.scenario.end_ms)) < moment:
            self._stage.story_time.tell(now)
            await asyncio.sleep(LOOK_S)  # story time is read from pipes; there is no event to wait for
        self._stage.story_time.tell(moment)

    async def _faults_of(self, moment: int) -> None:
        """Until every fault that is due has taken place."""
        limit = time.monotonic() + LONG_PATIENCE_S
        while time.monotonic() < limit and any(is_awaited(h, moment) for h in self._happenings):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)  # what is noted of a fault has no event

    async def _settled(self, calm_s: float = 0.0) -> None:
        began = calm_since = time.monotonic()
        patience_s = LONG_PATIENCE_S if self._stage.has_script else PATIENCE_S
        while (now := time.monotonic()) < began + patience_s:
            if self._busy() or not await self._is_settled():
                calm_since = time.monotonic()
            elif now >= calm_since + calm_s:
                return
            await asyncio.sleep(LOOK_S)

    async def _is_settled(self) -> bool:
        scenario, now = self._stage.scenario, self._stage.story_time.now
        if self._closed is not None and now >= self._closed and self._stage.witness.waits_for(Lane.RECORD):
            return False
        names = [identifier_of(scenario, bulletin) for bulletin in published_until(scenario, now)]
        async with reading(self._engine) as c:
            counted = not self._stage.has_script or await is_counted(c, self._stage.settings.ratings, now)
            return counted and await is_settled(c, names, now)


def closing_time(scenario: Scenario) -> int | None:
    """When the last deed at any counter is done, ms UTC; None in a story without counters."""
    desks = [(form.rating, scenario.station_of(form.rating)) for form in scenario.device if form.rating is not None]
    acts = [act for desk, station in desks for act in list_acts(desk, station.clerk, scenario.seed)]
    last = max((act.at_ms for act in acts), default=None)
    return None if last is None else min(last + CLOSED_AFTER_MS, scenario.end_ms)


def is_awaited(happening: Happening, moment: int) -> bool:
    """Whether a fault should have begun, or be over, by `moment` and is not."""
    fault = happening.fault
    if moment < fault.at_ms or happening.ended_s or happening.skipped:
        return False
    return moment >= fault.until_ms or fault.kind in KILLS or not happening.began_s


def _slowest(fleets: Sequence[Fleet], end_ms: int) -> int:
    """The story time that all devices have come to."""
    return min((end_ms if fleet.ear.ended else fleet.ear.now for fleet in fleets), default=end_ms)
