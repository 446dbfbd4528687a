"""The official rainfall windows on our own rain gauges: what they see is an alarm, 现场达到阈值, never a warning.

The sums and hours are those of the rainstorm signals in Order No. 16 of the China Meteorological Administration (2007),
here on rain that has fallen, not on what is forecast: "and still raining" is rain in the interval just measured, and an
alarm goes out after an hour without any.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cloud_gateway.exposures.stages import Crossing, Measured
from cloud_gateway.warnings.model import Level

HOUR_MS = 3_600_000
#: Ours: rain that pauses for less is one rain.
DRY_MS = HOUR_MS


class Window(NamedTuple):
    """So much rain in so many hours."""

    rule: str
    hours: int
    limit_mm: float
    level: Level


WINDOWS = (
    Window("rain-50-in-12h", 12, 50.0, Level.MINOR),
    Window("rain-50-in-6h", 6, 50.0, Level.MODERATE),
    Window("rain-50-in-3h", 3, 50.0, Level.SEVERE),
    Window("rain-100-in-3h", 3, 100.0, Level.EXTREME),
)
LONGEST_MS = max(window.hours for window in WINDOWS) * HOUR_MS


def watch_rain(readings: Sequence[Measured], longest_ms: int, open_rules: Iterable[str], since: int) -> list[Crossing]:
    """What rain readings (mm in the interval that ends at each, in order) raise and clear after `since`.

    `longest_ms` is how long a working gauge may be silent: a dry one says so at least that often. `open_rules` are open
    at `since`. Readings from LONGEST_MS before `since` on are needed, or the sums begin with a gap.
    """
    known = set(open_rules)
    crossings = [
        crossing
        for window in WINDOWS
        for crossing in _watch_window(readings, window, longest_ms, window.rule in known, since)
    ]
    return sorted(crossings, key=lambda crossing: crossing.at)


class _Sum:
    """The rain within a window up to the newest reading, and how long nothing was heard in it."""

    def __init__(self, hours: int, longest_ms: int) -> None:
        self._span, self._longest = hours * HOUR_MS, longest_ms
        self._inside: deque[tuple[int, int, int]] = deque()  # at, um, the silence before it beyond the usual
        self._um = self._silent = 0
        self._begun: int | None = None
        self._last = self._wet_or_unheard = 0

    def add(self, reading: Measured) -> None:
        is_first = self._begun is None
        silent = 0 if is_first else max(reading.at - self._last - self._longest, 0)
        self._begun = reading.at if self._begun is None else self._begun
        um = max(round(reading.value * 1000), 0)
        self._inside.append((reading.at, um, silent))
        self._um, self._silent, self._last = self._um + um, self._silent + silent, reading.at
        while self._inside[0][0] <= reading.at - self._span:
            _, um_gone, silent_gone = self._inside.popleft()
            self._um, self._silent = self._um - um_gone, self._silent - silent_gone
        if um or silent or is_first:
            self._wet_or_unheard = reading.at

    @property
    def mm(self) -> float:
        return self._um / 1000

    @property
    def missing_ms(self) -> int:
        """Silence between readings, and the part of the window before the first one."""
        before = max((self._begun or 0) - (self._last - self._span), 0)
        return min(self._silent + before, self._span)

    @property
    def is_dry(self) -> bool:
        """Whether the gauge was heard for DRY_MS, and no rain."""
        return self._last - self._wet_or_unheard >= DRY_MS


def _watch_window(
    readings: Sequence[Measured], window: Window, longest_ms: int, is_open: bool, since: int
) -> Iterator[Crossing]:
    total = _Sum(window.hours, longest_ms)
    for reading in readings:
        total.add(reading)
        if reading.at <= since:
            continue
        mm, missing_ms = total.mm, total.missing_ms
        is_full = mm >= window.limit_mm
        if not is_open and is_full and reading.value > 0:
            is_open = True
        elif is_open and (total.is_dry or (not is_full and not missing_ms)):
            is_open = False
        else:
            continue
        yield Crossing(window.rule, reading.at, is_open, mm, missing_ms // 1000)
