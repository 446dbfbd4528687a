"""The duty manager's signal: on after a bad rating, with no network; the counter shows nothing of it. Pure."""

from __future__ import annotations

from edge_agent.rules import NS


def is_bad(score: int, bad_upto: int) -> bool:
    """Whether a score calls the duty manager."""
    return score <= bad_upto


class Timer:
    """Something that is on for a while: a signal, a buzzer."""

    def __init__(self, on_s: float) -> None:
        self._on_ns = round(on_s * NS)
        self._until: int | None = None

    def start(self, mono: int) -> None:
        """On from now, for its whole time."""
        self._until = mono + self._on_ns

    def is_on(self, mono: int) -> bool:
        """Whether it is on."""
        return self._until is not None and mono < self._until

    def due(self, mono: int) -> int | None:
        """When it goes off, mono ns; None when it is off."""
        return self._until if self.is_on(mono) else None
