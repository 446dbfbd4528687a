"""How long a lane's room on the device will last if nothing is acknowledged: pure, times come in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from edge_agent.rules import NS

WINDOW_NS = 3600 * NS
#: What is seen over a shorter time is no rate.
SHORTEST_NS = 60 * NS
MOST_HOURS = 1e6


@dataclass
class Forecast:
    """One lane. Its rate is that of the last hour: of facts that were made, whatever has been acknowledged since."""

    _seen: deque[tuple[int, int]] = field(default_factory=deque)
    _bytes_each: float | None = None

    def hours_left(self, made: int, rows: int, used: int, quota: int, mono: int) -> float | None:
        """Hours until the quota is full; None when no end is in sight.

        `made` counts all facts ever; `rows` of them, with `used` bytes, still wait; `quota` is in bytes, `mono` in ns.
        """
        self._seen.append((mono, made))
        while len(self._seen) > 2 and mono - self._seen[1][0] >= WINDOW_NS:
            self._seen.popleft()
        if rows:
            self._bytes_each = used / rows
        start, before = self._seen[0]
        if self._bytes_each is None or mono - start < SHORTEST_NS or made <= before:
            return None
        per_hour = (made - before) * self._bytes_each / (mono - start) * WINDOW_NS
        return round(min(max(0, quota - used) / per_hour, MOST_HOURS), 1)
