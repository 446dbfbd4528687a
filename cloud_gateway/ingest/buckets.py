"""How much one device may send: a token bucket of messages, records and bytes, paid after the fact."""

from __future__ import annotations

from typing import NamedTuple

from cloud_gateway.settings import Devices


class Rates(NamedTuple):
    """What is taken per second in the long run; `burst_s` seconds' worth of it may come at once."""

    messages: float
    records: float
    size: float  # bytes
    burst_s: float


def rates_of(settings: Devices) -> Rates:
    """The rates of the settings."""
    return Rates(settings.messages_per_s, settings.readings_per_s, settings.kib_per_s * 1024, settings.burst_s)


class Bucket:
    """One device's due: `level` is what it still may send, in seconds' worth, at most a burst.

    A message is let in while anything is left and is paid for afterwards, when its records are known: a message
    that is refused has then cost nothing but a look. Times are seconds of a monotonic clock.
    """

    __slots__ = ("_level", "_rates", "_seen")

    def __init__(self, rates: Rates, now: float) -> None:
        self._rates = rates
        self._level = rates.burst_s
        self._seen = now

    def has_room(self, now: float) -> bool:
        """Whether a message may come in."""
        self._level = min(self._level + now - self._seen, self._rates.burst_s)
        self._seen = now
        return self._level > 0.0

    def pay(self, records: int, size: int) -> None:
        """Take off what a message was: whichever of the three it used most of."""
        rates = self._rates
        self._level -= max(1.0 / rates.messages, records / rates.records, size / rates.size)
