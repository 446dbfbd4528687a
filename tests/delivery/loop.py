"""An event loop whose time is imagined and whose threads are turns of it, so that a seed decides a whole run.

Waiting costs nothing: when all are waiting, the clock jumps to the next timer. Work for a thread is done by the loop
itself, at a moment drawn by lot, and its result is told at a later one. A `Life` is everything that a program has
started; a killed one stands still from that instruction on, without any clean-up: what its thread had not yet done is
never done, what was done and not yet told is never known.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import selectors
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor
from contextvars import Context, ContextVar, copy_context
from typing import Any, NamedTuple, TypeVar, TypeVarTuple

from cloud_gateway.readings.sqlite_tables import Reader, Writer

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Seconds after which a locked database is an error, as `busy_timeout` has it.
LOCK_PATIENCE_S = 10.0
LOCK_RETRY_S = 0.01
BURIAL_ROUNDS = 100


class Stalled(RuntimeError):
    """Everybody waits, and nothing is left that could end it."""


class Life:
    """What one program has started since it began. Make it outside of any other life."""

    def __init__(self, name: str, lots: random.Random) -> None:
        self.name = name
        self.lots = lots
        self.dead = False
        self.ended = asyncio.Event()
        self.frozen: list[Callable[[], object]] = []
        self._held: list[Callable[[], object]] = []
        self._context = copy_context()
        self._context.run(_LIFE.set, self)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine as part of this life."""
        return asyncio.get_running_loop().create_task(work, context=self._context.copy())

    def hold(self, release: Callable[[], object]) -> None:
        """Have the system take something back when the program dies: a socket, a file."""
        self._held.append(release)

    def kill(self) -> None:
        """End it here and now, as SIGKILL would."""
        if self.dead:
            return
        self.dead = True
        for release in self._held:
            release()
        self.ended.set()


_LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


def this_life() -> Life:
    """The life that the running code belongs to."""
    life = _LIFE.get()
    assert life is not None
    return life


class _JumpingClock(selectors.DefaultSelector):
    """A selector that never waits: it moves the time on instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stalled("everybody waits for something that cannot come")
        self.now += max(timeout, 0.0)
        return super().select(0)


class ImaginedLoop(asyncio.SelectorEventLoop):
    """See the module. `lots` decides how long the work of threads takes where no life does."""

    def __init__(self, lots: random.Random) -> None:
        self._jumping = _JumpingClock()
        self._lots = lots
        self._queues: dict[object, deque[_Job]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._burying = False
        super().__init__(self._jumping)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        """Keep it: one that stands still may be held by nobody else, and must not fade away."""
        task = super().create_task(coro, name=name, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def time(self) -> float:
        return self._jumping.now

    # -- lives --------------------------------------------------------------------------------------------

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        context = copy_context() if context is None else context
        return super().call_soon(_unless_dead, context.get(_LIFE), callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        context = copy_context() if context is None else context
        return super().call_at(when, _if_alive, context.get(_LIFE), callback, *args, context=context)

    async def bury(self, lives: list[Life]) -> None:
        """Let what stands still end, so that nothing is left in memory: after the verdict, when all are dead."""
        self._burying = True
        tasks = self._tasks - {asyncio.current_task()}
        for life in lives:
            life.dead = False
        for task in tasks:
            task.cancel()
        for life in lives:
            for step in life.frozen:
                step()
        for _ in range(BURIAL_ROUNDS):
            if all(task.done() for task in tasks):
                return
            await asyncio.sleep(1.0)
            for task in tasks:
                task.cancel()
        raise Stalled(f"{sum(not task.done() for task in tasks)} tasks cannot be ended")

    # -- threads ------------------------------------------------------------------------------------------

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        self.work(executor or object(), lambda: None if future.cancelled() else func(*args), future)
        return future

    def work(self, worker: object, job: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        """Do `job` when `worker` has done what it was given before, and tell `future` some time after."""
        if self._burying:
            future.cancel()
            return
        queue = self._queues.setdefault(worker, deque())
        queue.append(_Job(job, future, copy_context()))
        if len(queue) == 1:
            self._begin(worker)

    def _begin(self, worker: object) -> None:
        job = self._queues[worker][0]
        self.call_later(self._duration(), self._do, worker, job, self.time() + LOCK_PATIENCE_S, context=job.context)

    def _do(self, worker: object, job: _Job, patience: float) -> None:
        try:
            result = job.work()
        except Exception as exc:  # a thread hands on whatever it is
            if _is_lock(exc) and self.time() < patience:
                self.call_later(LOCK_RETRY_S, self._do, worker, job, patience)
                return
            self.call_later(self._duration(), self._tell, worker, job, None, exc)
        else:
            _hold_file(result)
            self.call_later(self._duration(), self._tell, worker, job, result, None)

    def _tell(self, worker: object, job: _Job, result: object, error: Exception | None) -> None:
        queue = self._queues[worker]
        queue.popleft()
        if queue:
            self._begin(worker)
        if job.future.done():
            return
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(result)

    def _duration(self) -> float:
        life = _LIFE.get()
        lots = self._lots if life is None else life.lots
        slow = lots.uniform(0.02, 0.3) if lots.random() < 0.02 else 0.0
        return 1e-6 + lots.expovariate(1000) + slow


def _if_alive(life: Life | None, callback: Callable[[*Ts], object], *args: *Ts) -> None:
    if life is None or not life.dead:
        callback(*args)


class _Job(NamedTuple):
    """Work for a thread, and whom to tell."""

    work: Callable[[], Any]
    future: asyncio.Future[Any]
    context: Context


def _unless_dead(life: Life | None, callback: Callable[[*Ts], object], *args: *Ts) -> None:
    if life is not None and life.dead:
        context = copy_context()
        life.frozen.append(lambda: asyncio.get_running_loop().call_soon(callback, *args, context=context))
    else:
        callback(*args)


def _hold_file(result: object) -> None:
    """A thread has opened a file: it is let go of when the program dies."""
    life = _LIFE.get()
    if life is None:
        return
    if isinstance(result, sqlite3.Connection):
        life.hold(lambda: _let_go(result))
    elif isinstance(result, Writer | Reader):
        life.hold(result.close)


def _let_go(connection: sqlite3.Connection) -> None:
    """Closing alone would keep the lock as long as a frozen frame holds a statement."""
    with contextlib.suppress(sqlite3.ProgrammingError):  # the program has closed it
        connection.rollback()
    connection.close()


def _is_lock(exc: Exception) -> bool:
    """Whether SQLite would have waited here."""
    return isinstance(exc, sqlite3.OperationalError) and "locked" in str(exc)
