"""Kills the gateway and the broker under a running fleet, and notes who noticed and when all was well again."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from deploy.demo.programs import Program
from deploy.demo.signs import SIGNS
from deploy.demo.stage import Fleet
from deploy.fleet.gateway import Gateway

#: What was killed stays away so long, s.
AWAY_S = 5.0
#: A page that is not live again within this is not waited for, s; so with devices.
PATIENCE_S = 120.0
LOOK_S = 0.1
#: From the command that starts again what was killed until the page is live, s.
MOST_LIVE_S = 10.0

What = Literal["gateway", "broker"]
#: In which order they are killed.
ORDER: tuple[What, ...] = ("gateway", "broker")
Tell = Callable[[str], None]
_SIGN: dict[What, str] = {"gateway": SIGNS["gateway-kill"][0], "broker": SIGNS["broker-kill"][0]}


class Viewer(Protocol):
    """Somebody who sees the overview."""

    @property
    def openings(self) -> int:
        """How often the page was loaded; 1 when nobody had to."""

    async def saw_cut(self, limit_s: float) -> bool:
        """Whether the page says within `limit_s` that it is cut off."""

    async def saw_live(self, since_ms: float, limit_s: float) -> bool:
        """Whether the page is live within `limit_s`, and shows that a device was heard after `since_ms` (ms UTC)."""


class Outage(msgspec.Struct, frozen=True):
    """One kill -9: times in s, `began_s` and `restarted_s` since the fleet's begin, those `after_s` since the restart.

    `noticed` is who said so in a log and how many did; the page counts when it said that it was cut off.
    None for what did not come while it was waited for.
    """

    what: What
    began_s: float
    restarted_s: float
    live_after_s: float | None
    linked_after_s: float | None
    noticed: dict[str, int]
    openings: int

    def find_broken(self) -> Iterator[str]:
        """What the outage had to keep, and did not."""
        name = f"the killed {self.what}"
        if self.live_after_s is None or self.live_after_s > MOST_LIVE_S:
            after = "not at all" if self.live_after_s is None else f"after {self.live_after_s} s"
            yield f"{name}: the page was live again {after}, not within {MOST_LIVE_S:.0f} s of the restart"
        if self.openings != 1:
            yield f"{name}: the page was loaded {self.openings} times"
        if self.linked_after_s is None:
            yield f"{name}: not all devices were linked again within {PATIENCE_S:.0f} s"
        if not self.noticed:
            yield f"{name}: nobody noticed"


#: Somebody who signs in by a one-time link, and looks on.
Looking = Callable[[str], AbstractAsyncContextManager[Viewer]]


class Trial:
    """Plays both outages at thirds of a time, watched by `viewer`; `began` is s of the monotonic clock."""

    def __init__(
        self,
        gateway: Gateway,
        fleets: Sequence[Fleet],
        viewer: Viewer,
        began: float,
        tell: Tell,
        away_s: float = AWAY_S,
    ) -> None:
        """What is killed stays away for `away_s`."""
        self._away_s = away_s
        self._gateway, self._fleets, self._viewer, self._began = gateway, fleets, viewer, began
        self._tell = tell
        self.outages: list[Outage] = []

    async def run(self, for_s: float) -> None:
        """The gateway after one third of `for_s`, the broker after two. Raises ServerFailed."""
        for number, what in enumerate(ORDER, 1):
            await asyncio.sleep(max(0.0, self._began + number * for_s / (len(ORDER) + 1) - time.monotonic()))
            self._tell(f"The {what} is killed now, and started again in {self._away_s:.0f} s.")
            self.outages.append(await self.suffer(what))

    async def suffer(self, what: What) -> Outage:
        """Kill it, start it again, and wait until the page is live and all devices are linked."""
        since_s, began = time.time(), self._now()
        watching = asyncio.create_task(self._viewer.saw_cut(PATIENCE_S)) if what == "gateway" else None
        await asyncio.to_thread(self._kill, what)
        await asyncio.sleep(self._away_s)
        was_cut = watching is not None and await watching
        restarted, restarted_ms = self._now(), time.time() * 1000
        live, linked, _ = await asyncio.gather(
            self._until_live(restarted, restarted_ms),
            self._until_linked(restarted),
            asyncio.to_thread(self._start, what),
        )
        noticed = count_signs(self._programs(), _SIGN[what], since_s)
        return Outage(
            what,
            began_s=began,
            restarted_s=restarted,
            live_after_s=live,
            linked_after_s=linked,
            noticed=noticed | ({"page": 1} if was_cut else {}),
            openings=self._viewer.openings,
        )

    def _kill(self, what: What) -> None:
        for part in self._gateway.programs if what == "gateway" else [self._gateway.broker]:
            part.kill()

    def _start(self, what: What) -> None:
        if what == "broker":
            self._gateway.broker.restart()
            return
        for program in self._gateway.programs:
            program.start()

    def _programs(self) -> list[Program]:
        return [*self._gateway.programs, *(fleet.program for fleet in self._fleets)]

    def _now(self) -> float:
        return round(time.monotonic() - self._began, 1)

    async def _until_live(self, restarted: float, restarted_ms: float) -> float | None:
        seen = await self._viewer.saw_live(restarted_ms, PATIENCE_S)
        return round(self._now() - restarted, 1) if seen else None

    async def _until_linked(self, restarted: float) -> float | None:
        while self._now() < restarted + PATIENCE_S:
            if all(fleet.ear.linked == len(fleet.devices) for fleet in self._fleets):
                return round(self._now() - restarted, 1)
            await asyncio.sleep(LOOK_S)
        return None


def count_signs(programs: Iterable[Program], sign: str, since_s: float) -> dict[str, int]:
    """Who has said `sign` in its log since a moment (s since the Unix epoch): each program, or its devices together."""
    said: Counter[str] = Counter()
    for program in programs:
        about = {
            str(line.get("client") or line.get("device") or program.name)
            for line in program.log_lines()
            if sign in str(line.get("message", "")) and _at(line) >= since_s
        }
        said["devices" if program.name.startswith("fleet") else program.name] += len(about)
    return {who: count for who, count in said.items() if count}


def _at(line: dict[str, object]) -> float:
    return datetime.fromisoformat(str(line["at"])).timestamp() if "at" in line else 0.0
