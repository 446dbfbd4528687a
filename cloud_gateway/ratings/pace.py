"""How fast one visitor may ask for public pages: some at once, then so many a second."""

from __future__ import annotations

from collections import OrderedDict

#: Requests at once, and ms in which another one comes due.
BURST, EACH_MS = 60, 250
#: Visitors that are remembered, the newest.
REMEMBERED = 10_000


class Pace:
    """Counts requests by address, in memory; `now` is passed in, ms."""

    def __init__(self, burst: int = BURST, each_ms: int = EACH_MS) -> None:
        self._room = burst * each_ms
        self._each_ms = each_ms
        self._free_at: OrderedDict[str, int] = OrderedDict()

    def wait_ms(self, key: str, now: int) -> int:
        """Take a request; 0: it may pass, else it is refused and may come again after this."""
        busy = max(self._free_at.pop(key, now), now) + self._each_ms
        wait = busy - now - self._room
        self._free_at[key] = busy if wait <= 0 else busy - self._each_ms
        while len(self._free_at) > REMEMBERED:
            self._free_at.popitem(last=False)
        return max(wait, 0)
