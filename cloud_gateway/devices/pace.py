"""Estimates how fast scenario time runs, from the times of events as they come in."""

from __future__ import annotations

from collections import deque

#: Gateway time over which the pace is measured, ms.
WINDOW_MS = 20_000
#: Below this the measure says nothing yet.
LEAST_MS = 2_000


class Pace:
    """Scenario seconds per real second, from (gateway time, device time) of simulated devices.

    The newest device time counts, so that a device which catches up does not look like speed.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque()

    def add(self, at: int, device_at: int) -> None:
        """Note one event: gateway time and device time, ms UTC."""
        if self._seen and device_at <= self._seen[-1][1]:
            return
        self._seen.append((at, device_at))
        while at - self._seen[0][0] > WINDOW_MS:
            self._seen.popleft()

    @property
    def value(self) -> float:
        """The pace, at least 1; 1 as long as too little has been seen."""
        if len(self._seen) < 2:
            return 1.0
        (first, first_at), (last, last_at) = self._seen[0], self._seen[-1]
        if last - first < LEAST_MS:
            return 1.0
        return max((last_at - first_at) / (last - first), 1.0)
