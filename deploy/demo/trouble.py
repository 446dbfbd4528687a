"""Plays a scenario's faults of processes, disks, links and identities when their time comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from deploy.demo.disk import DiskHog
from deploy.demo.happening import Happening
from deploy.demo.intruder import flooding, make_clone
from deploy.demo.powercut import cut_power
from deploy.demo.refusal import refused, revoked
from deploy.demo.restoring import back_up, put_back
from deploy.demo.signs import is_linked
from deploy.demo.stage import Fleet, Stage
from firmware_sim.faults import SHORTEST_S
from firmware_sim.forms import SystemFault

#: A part that comes back is left alone so long before it is hit again, in real time.
RECOVERY_S = 3.0
POLL_S = 0.05


class Troublemaker:
    """Plays each fault when its scenario time comes.

    Whoever needs the gateway at work holds its lock, and so does whoever ends it; the broker's likewise, taken first.
    A device lets go on a full disk of what it kept for a restored gateway: that they do not fall together is the third.
    """

    def __init__(
        self, stage: Stage, faults: Iterable[SystemFault], signed_out: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """`signed_out` is called when a restore has ended everybody's session."""
        self._stage = stage
        self._signed_out = signed_out
        self.happenings = [Happening(fault) for fault in faults]
        self._broker_lock = asyncio.Lock()
        self._ingest_lock = asyncio.Lock()
        self._kept_lock = asyncio.Lock()

    async def run(self) -> None:
        """Until every fault has come and gone."""
        async with asyncio.TaskGroup() as group:
            for happening in self.happenings:
                group.create_task(self._play(happening))

    async def _play(self, happening: Happening) -> None:
        fault, fleets = happening.fault, self._targets(happening.fault)
        await self._scenario_time(fleets, fault.at_ms)
        match fault.kind:
            case "broker-kill":
                await self._kill_broker(happening, fleets)
            case "gateway-kill":
                await self._kill_gateway(happening, fleets)
            case "gateway-restore":
                await self._restore_gateway(happening, fleets)
            case "link-cut":
                await self._cut_links(happening, fleets)
            case "agent-kill" | "power-cut":
                await self._kill_agents(happening, fleets)
            case "disk-full":
                await self._fill_disks(happening, fleets)
            case "clock-step":  # the devices' own process does it
                happening.began_s = time.time()
                await self._let_last(happening, fleets)
            case "clone" | "revoke" | "flood":
                await self._abuse_identity(happening, fleets[0])
        happening.ended_s = time.time()

    # -- the gateway's side ---------------------------------------------------------------------------------

    async def _kill_broker(self, happening: Happening, fleets: list[Fleet]) -> None:
        async with self._broker_lock:
            happening.began_s = time.time()
            await asyncio.to_thread(self._stage.broker.kill)
            await self._let_last(happening, fleets)
            await asyncio.to_thread(self._stage.broker.restart)
            await asyncio.sleep(RECOVERY_S)

    async def _kill_gateway(self, happening: Happening, fleets: list[Fleet]) -> None:
        async with self._ingest_lock:
            happening.began_s = time.time()
            await asyncio.to_thread(self._stage.ingest.kill)
            await self._let_last(happening, fleets)
            self._stage.ingest.start()
            await asyncio.sleep(RECOVERY_S)

    async def _restore_gateway(self, happening: Happening, fleets: list[Fleet]) -> None:
        async with self._ingest_lock, self._kept_lock:
            happening.began_s = time.time()
            backup = await back_up(self._stage, happening)
            await self._let_last(happening, fleets)
            await put_back(self._stage, happening, backup)
            await self._all_heard(fleets, time.monotonic())
            if self._signed_out is not None:
                await self._signed_out()
            await asyncio.sleep(RECOVERY_S)

    # -- devices and links ----------------------------------------------------------------------------------

    async def _cut_links(self, happening: Happening, fleets: list[Fleet]) -> None:
        await self._links_up(fleets)
        await self._all_heard(fleets)
        happening.began_s = time.time()
        for fleet in fleets:
            fleet.cable.cut()
        await self._let_last(happening, fleets)
        for fleet in fleets:
            fleet.cable.mend()

    async def _kill_agents(self, happening: Happening, fleets: list[Fleet]) -> None:
        await self._all_heard(fleets)
        happening.began_s = time.time()
        for fleet in fleets:
            await asyncio.to_thread(fleet.program.kill)
            if happening.fault.kind == "power-cut":
                await asyncio.to_thread(cut_power, fleet.homes.values(), self._stage.scenario.seed)
        await asyncio.sleep(SHORTEST_S)
        for fleet in fleets:
            if fleet.listening is not None:
                await fleet.listening
            fleet.start(min(max(happening.fault.until_ms, fleet.ear.now), self._stage.scenario.end_ms))

    async def _fill_disks(self, happening: Happening, fleets: list[Fleet]) -> None:
        hogs = [DiskHog(fleet) for fleet in fleets]
        async with self._kept_lock:
            happening.began_s = time.time()
            happening.skipped = next((why for hog in hogs if (why := hog.why_not)), "")
            if happening.skipped:
                return
            for hog in hogs:
                await asyncio.to_thread(hog.fill)
            await self._let_last(happening, fleets)
            for hog in hogs:
                await asyncio.to_thread(hog.free)
            await asyncio.sleep(RECOVERY_S)

    # -- identities -----------------------------------------------------------------------------------------

    async def _abuse_identity(self, happening: Happening, fleet: Fleet) -> None:
        """Whoever speaks for the device can only be noticed by a gateway at work."""
        async with self._broker_lock, self._ingest_lock:
            await self._links_up([fleet])
            happening.began_s = time.time()
            async with self._abuse(happening, fleet):
                await self._let_last(happening, [fleet])
            await asyncio.sleep(RECOVERY_S)

    @asynccontextmanager
    async def _abuse(self, happening: Happening, fleet: Fleet) -> AsyncIterator[None]:
        stage, device = self._stage, happening.fault.target
        match happening.fault.kind:
            case "clone":
                async with make_clone(stage, fleet, device) as clone:
                    await self._links_up([clone])  # one that has not spoken yet can be noticed by nobody
                    happening.began_s = time.time()
                    yield
            case "flood":
                async with flooding(stage, device):
                    yield
            case _:
                async with revoked(stage, device), refused(stage, happening, fleet):
                    yield

    # -- waiting --------------------------------------------------------------------------------------------

    async def _let_last(self, happening: Happening, fleets: list[Fleet]) -> None:
        shortest = time.monotonic() + SHORTEST_S
        await self._scenario_time(fleets, happening.fault.until_ms)
        await asyncio.sleep(max(0.0, shortest - time.monotonic()))

    async def _scenario_time(self, fleets: list[Fleet], at_ms: int) -> None:
        """Wait until one of the fleets has come to a scenario time, or all have ended."""
        while not any(f.ear.now >= at_ms for f in fleets) and not all(f.ear.ended for f in fleets):  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)  # scenario time is read from pipes; there is no event to wait for

    async def _links_up(self, fleets: list[Fleet]) -> None:
        """Wait until the devices' links stand, which another fault may have broken: nobody notices the cut of none."""
        while not all(f.ear.ended or is_linked(f) for f in fleets):  # noqa: ASYNC110 - a log has no event for this
            await asyncio.sleep(POLL_S)

    async def _all_heard(self, fleets: list[Fleet], since_s: float = 0.0) -> None:
        """Wait until the gateway has answered every device since then; a story that is over has no more to say.

        The restart of a device that it never heard of is none that it could notice.
        """
        answered = self._stage.witness.answered
        while any(answered.get(d, -1.0) < since_s for f in fleets if not f.ear.ended for d in f.devices):  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)

    def _targets(self, fault: SystemFault) -> list[Fleet]:
        fleets = self._stage.fleets
        return [f for f in fleets if fault.target in (f.site, *f.devices)] or fleets  # "all", "broker", "gateway"
