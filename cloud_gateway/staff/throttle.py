"""Slows down guessing: after some wrong passwords an account waits, per address, longer each time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import NamedTuple
from weakref import WeakValueDictionary

#: Wrong passwords that cost nothing.
FREE = 5
FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 900_000
#: Quiet time after which failures are forgotten.
FORGET_MS = 3_600_000
#: Pairs of account and address that are remembered, the newest ones.
REMEMBERED = 10_000


class Failures(NamedTuple):
    """How often it failed, and when last (ms)."""

    times: int
    last: int


NONE = Failures(0, 0)


def add_failure(failures: Failures, now: int) -> Failures:
    """One more; those before a quiet time do not count."""
    return Failures(failures.times + 1 if now - failures.last < FORGET_MS else 1, now)


def wait_after(failures: Failures, now: int) -> int:
    """How long to wait before the next try, ms; 0: it may be tried."""
    if failures.times < FREE:
        return 0
    wait: int = min(FIRST_WAIT_MS << min(failures.times - FREE, 20), LONGEST_WAIT_MS)
    return max(failures.last + wait - now, 0)


class Throttle:
    """Counts failures by key, in memory; `now` is passed in, ms. Sign-ins are counted in the database instead."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, Failures] = OrderedDict()

    def wait_ms(self, key: str, now: int) -> int:
        """How long this key must wait before the next try; 0: it may try."""
        return wait_after(self._failures.get(key, NONE), now)

    def fail(self, key: str, now: int) -> None:
        """Note a wrong password."""
        self._failures[key] = add_failure(self._failures.pop(key, NONE), now)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def forget(self, key: str) -> None:
        """The right password came."""
        self._failures.pop(key, None)


class Turns:
    """Lets one try at a time through for each key, so that many tries at once count as one after the other."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def take(self, key: str) -> asyncio.Lock:
        """The lock of a key, for `async with`; it is gone when nobody holds or awaits it."""
        return self._locks.setdefault(key, asyncio.Lock())
