"""Slows down guessing: after some wrong passwords an account waits, per address, longer each time."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

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


class Throttle:
    """Counts failures by key, in memory; `now` is passed in, ms."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, Failures] = OrderedDict()

    def wait_ms(self, key: str, now: int) -> int:
        """How long this key must wait before the next try; 0: it may try."""
        count, last = self._failures.get(key, Failures(0, now))
        if count < FREE:
            return 0
        wait: int = min(FIRST_WAIT_MS << min(count - FREE, 20), LONGEST_WAIT_MS)
        return max(last + wait - now, 0)

    def fail(self, key: str, now: int) -> None:
        """Note a wrong password."""
        count, last = self._failures.pop(key, Failures(0, now))
        self._failures[key] = Failures(count + 1 if now - last < FORGET_MS else 1, now)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def forget(self, key: str) -> None:
        """The right password came."""
        self._failures.pop(key, None)
