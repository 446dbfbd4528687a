"""Scenario time: a clock that steps from one sleeper's instant to the next, as fast as is asked for.

Time stands still while code runs. The driver takes the earliest instant that anybody sleeps until, sets the
clock to exactly that, wakes its sleepers, and goes on only when they sleep again.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

from edge_agent.wire.messages import ClockQuality

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
#: Passes of the event loop that every step is given, so that a chain of callbacks reaches its next sleep.
SETTLE_PASSES = 8
#: Passes after which a woken sleeper is taken to be waiting for something real (a disk, an edge, a network).
SETTLE_LIMIT = 100
#: A task that came back to sleep this often in a row keeps a beat, and is waited for, so that it misses none.
STEADY_AFTER = 3
#: How long such a task is waited for, in real seconds, before the scenario goes on without it.
PATIENCE_S = 5.0
POLL_S = 0.001
#: `mono` at the scenario's start: never 0, as after some uptime.
MONO_BASE_NS = 60 * NS_PER_S
SPARE_PLACES = 64
Gate = Callable[[], Awaitable[None]]
_Sleeper = tuple[int, int, "asyncio.Future[None]"]


class ScenarioClock:
    """Implements `edge_agent.hardware.clock.Clock`; `run` drives it. One event loop, any number of sleepers."""

    def __init__(
        self,
        start_ms: int,
        speed: float | None = None,
        gate: Gate | None = None,
        quality: ClockQuality = ClockQuality.NTP,
    ) -> None:
        """Begin at `start_ms` UTC. `speed` is scenario seconds per real second, None as fast as possible.

        `gate` is awaited before each step and may hold the scenario for as long as it likes.
        """
        if speed is not None and not 0 < speed < float("inf"):
            raise ValueError("speed must be a number above 0, or None for as fast as possible")
        self._start_ns = self._now_ns = start_ms * NS_PER_MS
        self._speed = speed
        self._gates = [] if gate is None else [gate]
        self._quality = quality
        self._sleepers: list[_Sleeper] = []
        self._given = 0
        self._awake: set[asyncio.Task[object]] = set()
        self._tasks: dict[int, asyncio.Task[object]] = {}
        self._returns: WeakKeyDictionary[asyncio.Task[object], int] = WeakKeyDictionary()
        self._news: asyncio.Future[None] | None = None

    def now(self) -> int:
        """Scenario time, ms UTC."""
        return self._now_ns // NS_PER_MS

    def mono(self) -> int:
        """Scenario time since the start, ns, plus a base."""
        return self._now_ns - self._start_ns + MONO_BASE_NS

    def quality(self) -> ClockQuality:
        """What devices are told of their clock."""
        return self._quality

    def set_quality(self, quality: ClockQuality) -> None:
        """From now on devices are told `quality`."""
        self._quality = quality

    def add_gate(self, gate: Gate) -> None:
        """Have `gate` awaited before each step too."""
        self._gates.append(gate)

    @property
    def sleepers(self) -> int:
        """How many tasks sleep on this clock."""
        return len(self._tasks)

    async def sleep(self, seconds: float) -> None:
        """Return when scenario time has gone on by `seconds`; at or below 0, after one pass of the loop."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        number = self._enter(self._now_ns + round(seconds * NS_PER_S), future)
        try:
            await future
        except asyncio.CancelledError:
            self._leave(number)
            raise

    async def run(self, until_ms: int) -> None:
        """Drive the clock up to and including `until_ms`, real pace allowing."""
        until_ns = until_ms * NS_PER_MS
        real_start, scenario_start = asyncio.get_running_loop().time(), self._now_ns
        await self._settle()
        while self._now_ns < until_ns:
            for gate in self._gates:
                await gate()
            target = min(self._next_ns(until_ns), until_ns)
            if self._speed is not None:
                due = real_start + (target - scenario_start) / NS_PER_S / self._speed
                if await self._interrupted_before(due, target):
                    continue
            self._step_to(target)
            await self._settle()

    def _enter(self, wake_ns: int, future: asyncio.Future[None]) -> int:
        self._given += 1
        task = asyncio.current_task()
        if task is not None:
            self._tasks[self._given] = task
            self._note_return(task)
        heapq.heappush(self._sleepers, (wake_ns, self._given, future))
        if self._news is not None and not self._news.done() and self._sleepers[0][2] is future:
            self._news.set_result(None)
        return self._given

    def _leave(self, number: int) -> None:
        """A sleeper was cancelled; the heap is cleared of such when they are the most of it."""
        self._tasks.pop(number, None)
        if len(self._sleepers) > 2 * len(self._tasks) + SPARE_PLACES:
            self._sleepers = [s for s in self._sleepers if s[1] in self._tasks]
            heapq.heapify(self._sleepers)

    def _next_ns(self, otherwise: int) -> int:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else otherwise

    def _step_to(self, target_ns: int) -> None:
        self._now_ns = target_ns
        while self._sleepers and self._sleepers[0][0] <= target_ns:
            _, number, future = heapq.heappop(self._sleepers)
            task = self._tasks.pop(number, None)
            if task is not None and not future.done():
                self._awake.add(task)
                future.set_result(None)

    def _note_return(self, task: asyncio.Task[object]) -> None:
        if task in self._awake:
            self._awake.discard(task)
            self._returns[task] = self._returns.get(task, 0) + 1

    async def _settle(self) -> None:
        """Let the loop pass until all woken tasks sleep here again, have ended, or wait for something real."""
        for passes in range(SETTLE_LIMIT):
            await asyncio.sleep(0)
            if passes >= SETTLE_PASSES and all(task.done() for task in self._awake):
                break
        await self._wait_for_steady()
        for task in self._awake:
            self._returns[task] = 0
        self._awake.clear()

    async def _wait_for_steady(self) -> None:
        limit = asyncio.get_running_loop().time() + PATIENCE_S
        while any(not t.done() and self._returns.get(t, 0) >= STEADY_AFTER for t in self._awake):
            if asyncio.get_running_loop().time() > limit:
                return
            await asyncio.sleep(POLL_S)

    async def _interrupted_before(self, due: float, target_ns: int) -> bool:
        """Wait for real time `due`; True when somebody began to sleep until earlier than `target_ns`."""
        loop = asyncio.get_running_loop()
        while (left := due - loop.time()) > 0:
            self._news = loop.create_future()
            timer = loop.call_later(left, _finish, self._news)
            try:
                await self._news
            finally:
                timer.cancel()
                self._news = None
            if self._next_ns(target_ns) < target_ns:
                return True
        return False


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
