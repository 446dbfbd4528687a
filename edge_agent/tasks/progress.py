"""What each duty has promised: to get on within a time. Who keeps no promise is hung, even if its loop lives."""

from __future__ import annotations

import time
from collections.abc import Callable


class Mark:
    """One duty's promise."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._due = monotonic()

    def beat(self, within_s: float) -> None:
        """The duty has got on, and will again within `within_s` of real time."""
        self._due = self._monotonic() + within_s

    def overdue_s(self) -> float:
        """How long ago it should have got on; below 0 while it has time."""
        return self._monotonic() - self._due


class Progress:
    """The promises of one device's duties, by name."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._marks: dict[str, Mark] = {}

    def begin(self, name: str) -> Mark:
        """A duty begins; one that had the name before has ended."""
        self._marks[name] = Mark(self._monotonic)
        return self._marks[name]

    def hung(self, after_s: float) -> list[str]:
        """The duties that are overdue by more than `after_s`, by name."""
        return sorted(name for name, mark in self._marks.items() if mark.overdue_s() > after_s)
