"""Decisions of the edge: debounce, report on change, thresholds with hysteresis and duration, rate of rise.

Pure: times come in as monotonic ns, nothing is read or slept for.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

NS = 1_000_000_000


@dataclass
class Debounce:
    """A switch's state counts once it has held for `hold_s`."""

    hold_s: float
    stable: bool
    _raw: bool = False
    _since: int = 0

    def __post_init__(self) -> None:
        self._raw = self.stable

    def edge(self, active: bool, mono: int) -> None:
        """An edge was seen."""
        if active != self._raw:
            self._raw, self._since = active, mono

    def settle(self, mono: int) -> bool:
        """Whether the stable state changed by `mono`; `stable` then has the new one."""
        if self._raw != self.stable and mono - self._since >= self.hold_s * NS:
            self.stable = self._raw
            return True
        return False


@dataclass
class PulseFilter:
    """A tip is a closing after `gap_s` without any edge: bouncing at the closing and at the opening is none."""

    gap_s: float
    _last: int | None = None

    def edge(self, active: bool, mono: int) -> bool:
        """Whether this edge is a tip of its own."""
        quiet = self._last is None or mono - self._last >= self.gap_s * NS
        self._last = mono
        return active and quiet


@dataclass
class Reporter:
    """Report on change: when the value moved by `deadband` (0: always), or after `max_interval_s` of silence."""

    deadband: float
    max_interval_s: float
    _value: float | None = None
    _mono: int = 0

    def is_due(self, value: float, mono: int) -> bool:
        """Whether to report; remembers what was reported."""
        due = (
            self._value is None
            or abs(value - self._value) >= self.deadband
            or mono - self._mono >= self.max_interval_s * NS
        )
        if due:
            self._value, self._mono = value, mono
        return due


class Change(Enum):
    """What a rule has to say after a value."""

    RAISED = "raised"
    CLEARED = "cleared"


@dataclass
class Trigger:
    """Threshold with hysteresis and minimum duration.

    state    | quantity >= above                 | clear < quantity < above | quantity <= clear
    ---------|-----------------------------------|--------------------------|------------------
    calm     | pending, or raised if hold_s is 0 | calm                     | calm
    pending  | raised once it has held hold_s    | calm                     | calm
    raised   | raised                            | raised                   | cleared: calm
    """

    above: float
    clear: float
    hold_s: float
    raised: bool = False
    since: int | None = None

    def update(self, quantity: float, mono: int) -> Change | None:
        """Take in a quantity; `since` is when the condition began (mono ns) while it is pending or raised."""
        if self.raised:
            return self._stay(quantity)
        if quantity < self.above:
            self.since = None
            return None
        if self.since is None:
            self.since = mono
        if mono - self.since < self.hold_s * NS:
            return None
        self.raised = True
        return Change.RAISED

    def _stay(self, quantity: float) -> Change | None:
        if quantity > self.clear:
            return None
        self.raised, self.since = False, None
        return Change.CLEARED


@dataclass
class Rise:
    """Rate of rise per hour: the newest value less the oldest within the window, over their distance."""

    window_s: float
    _seen: deque[tuple[int, float]] = field(default_factory=deque)

    def update(self, value: float, mono: int) -> float | None:
        """The rate per hour; None until half the window is covered."""
        self._seen.append((mono, value))
        while mono - self._seen[0][0] > self.window_s * NS:
            self._seen.popleft()
        start, first = self._seen[0]
        if mono - start < self.window_s * NS / 2:
            return None
        return (value - first) / (mono - start) * NS * 3600


@dataclass
class Stillness:
    """How long a value has been exactly the same."""

    _value: float | None = None
    _since: int = 0

    def update(self, value: float, mono: int) -> float:
        """Take in a value; returns for how many seconds nothing else was seen."""
        if value != self._value:
            self._value, self._since = value, mono
        return (mono - self._since) / NS


@dataclass
class Flutter:
    """How often a contact has changed within the last `window_s`, every bounce counted; at most `most` are kept."""

    window_s: float = 60.0
    most: int = 10_000
    _edges: deque[int] = field(default_factory=deque)

    def edge(self, mono: int) -> None:
        """A change was seen."""
        self._edges.append(mono)
        if len(self._edges) > self.most:
            self._edges.popleft()

    def count(self, mono: int) -> int:
        """Changes within the window before `mono`."""
        while self._edges and mono - self._edges[0] > self.window_s * NS:
            self._edges.popleft()
        return len(self._edges)
