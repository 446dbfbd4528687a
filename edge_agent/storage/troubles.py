"""What does not work at a store, by name, and who is told when that changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

#: Is told of a part's trouble by name, and of its end (None).
Report = Callable[[str, Exception | None], None]


class Troubles:
    """The troubles of now. Each is told of when it begins and when it is over."""

    def __init__(self) -> None:
        self._now: dict[str, Exception] = {}
        self._report: Report | None = None

    def tell(self, report: Report) -> None:
        """From now on tell of what does not work, by name, beginning with what does not now."""
        self._report = report
        for name, trouble in self._now.items():
            report(name, trouble)

    def read(self) -> dict[str, Exception]:
        """What does not work now, by name."""
        return dict(self._now)

    def note(self, found: Mapping[str, Exception | None]) -> None:
        """How parts do; None for what works."""
        for name, trouble in found.items():
            self._set(name, trouble)

    def _set(self, name: str, trouble: Exception | None) -> None:
        known = name in self._now
        if trouble is None:
            self._now.pop(name, None)
        else:
            self._now[name] = trouble
        if self._report is not None and known is (trouble is None):
            self._report(name, trouble)
