"""Plays a scenario's faults of processes and network, and finds out who noticed each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from deploy.demo.programs import Program
from deploy.demo.stage import Fleet, Stage
from firmware_sim.forms import SystemFault

#: A fault lasts its scenario length, and never less than this in real time (DESIGN section 7).
SHORTEST_S = 5.0
#: A part that comes back is left alone so long before it is hit again, in real time.
RECOVERY_S = 3.0
#: A fault may be noticed so long after its end: what noticed it may have been down itself.
NOTICE_S = 30.0
POLL_S = 0.05
#: How each kind of fault shows in the logs of the parts that notice it.
SIGNS = {
    "broker-kill": ("link down",),
    "gateway-kill": ("without an orderly stop",),
    "link-cut": ("link down",),
    "agent-kill": ("a device has restarted",),
}


@dataclass
class Happening:
    """A fault as it was played: real times of its begin and end, s since the Unix epoch."""

    fault: SystemFault
    began_s: float = 0.0
    ended_s: float = 0.0
    seen_by: list[str] = field(default_factory=list)


class Troublemaker:
    """Plays each fault when its scenario time comes."""

    def __init__(self, stage: Stage, faults: Iterable[SystemFault]) -> None:
        self._stage = stage
        self.happenings = [Happening(fault) for fault in faults]
        self._broker_lock = asyncio.Lock()
        self._ingest_lock = asyncio.Lock()

    async def run(self) -> None:
        """Until every fault has come and gone."""
        async with asyncio.TaskGroup() as group:
            for happening in self.happenings:
                group.create_task(self._play(happening))

    async def _play(self, happening: Happening) -> None:
        fault, fleets = happening.fault, self._targets(happening.fault)
        await self._scenario_time(fleets, fault.at_ms)
        if fault.kind == "link-cut":
            await self._links_up(fleets)
        happening.began_s = time.time()
        match fault.kind:
            case "broker-kill":
                async with self._broker_lock:
                    await asyncio.to_thread(self._stage.broker.kill)
                    await self._let_last(happening, fleets)
                    await asyncio.to_thread(self._stage.broker.restart)
                    await asyncio.sleep(RECOVERY_S)
            case "gateway-kill":
                async with self._ingest_lock:
                    await asyncio.to_thread(self._stage.ingest.kill)
                    await self._let_last(happening, fleets)
                    self._stage.ingest.start()
                    await asyncio.sleep(RECOVERY_S)
            case "link-cut":
                for fleet in fleets:
                    fleet.cable.cut()
                await self._let_last(happening, fleets)
                for fleet in fleets:
                    fleet.cable.mend()
            case "agent-kill":
                await self._kill_agents(happening, fleets)
        happening.ended_s = time.time()

    async def _kill_agents(self, happening: Happening, fleets: list[Fleet]) -> None:
        for fleet in fleets:
            await asyncio.to_thread(fleet.program.kill)
        await asyncio.sleep(SHORTEST_S)
        for fleet in fleets:
            if fleet.listening is not None:
                await fleet.listening
            fleet.start(min(max(happening.fault.until_ms, fleet.ear.now), self._stage.scenario.end_ms))

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
        while not all(f.ear.ended or _linked(f) for f in fleets):  # noqa: ASYNC110 - a log has no event for this
            await asyncio.sleep(POLL_S)

    def _targets(self, fault: SystemFault) -> list[Fleet]:
        fleets = self._stage.fleets
        return [f for f in fleets if fault.target in (f.site, *f.devices)] or fleets  # "all", "broker", "gateway"


def _linked(fleet: Fleet) -> bool:
    """Whether each device stands in a connection, and has last said so itself: an open one may not be a link yet."""
    words = {about: text for _, _, about, text in _said(fleet.program) if "link up" in text or "link down" in text}
    said = all("link up" in words.get(device, "") for device in fleet.devices)
    return said and fleet.cable.connections >= len(fleet.devices)


def find_witnesses(stage: Stage, happenings: Iterable[Happening]) -> None:
    """Read from the logs who noticed each fault, between its begin and a little after its end.

    A cut link or a killed agent counts as seen only where it concerns the devices that were hit.
    """
    lines = [line for program in _programs(stage) for line in _said(program)]
    for happening in happenings:
        low, high = happening.began_s, happening.ended_s + NOTICE_S
        signs, hit = SIGNS[happening.fault.kind], devices_hit(stage, happening.fault)
        happening.seen_by = sorted(
            {
                f"{who}: {text}"
                for at_s, who, about, text in lines
                if low <= at_s <= high and any(sign in text for sign in signs) and (not hit or about in hit)
            }
        )


def devices_hit(stage: Stage, fault: SystemFault) -> set[str]:
    """The devices that a cut link or a killed agent concerns; none for a fault of the gateway's side."""
    if fault.kind in ("broker-kill", "gateway-kill"):
        return set()
    fleets = [f for f in stage.fleets if fault.target in ("all", f.site, *f.devices)]
    return {device for fleet in fleets for device in fleet.devices}


def _programs(stage: Stage) -> list[Program]:
    return [stage.ingest, stage.web, *(fleet.program for fleet in stage.fleets)]


def _said(program: Program) -> Iterable[tuple[float, str, str, str]]:
    """(when, who said it, which device or client it is about, the message)."""
    for line in program.log_lines():
        if "at" not in line:
            continue  # not a log line: what the program says when it is ready
        about = str(line.get("client") or line.get("device") or program.name)
        text = str(line.get("message", ""))
        yield datetime.fromisoformat(str(line["at"])).timestamp(), program.name, about, f"{about}: {text}"
