"""What a generated year of readings is: one stream with a value each second, the others with one every six hours. Pure.

Times are seconds since 1970.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cloud_gateway.readings.series import point_time

DAY_S, SPARSE_S = 86_400, 21_600
#: Each day's tide comes so much later.
LATER_S = 3000


class Name(NamedTuple):
    """A stream and its unit."""

    device: str
    stream: str
    unit: str

    def __str__(self) -> str:
        return f"{self.device}/{self.stream}"


class Part(NamedTuple):
    """The seconds start <= s < end of one UTC day; their values begin with number `first` of the shape."""

    start: int
    end: int
    first: int


@dataclass(frozen=True)
class Year:
    """Values of `days` whole UTC days before that of `now_s`, and of that day up to it; `dense` each second."""

    dense: Name
    others: Sequence[Name]
    days: int
    now_s: int

    @property
    def start_s(self) -> int:
        """The first second."""
        return (self.now_s // DAY_S - self.days) * DAY_S


def make_shape() -> list[float]:
    """The values of a day, m: two tides with ripples."""
    turn = 4 * math.pi / DAY_S
    return [round(2.4 + 1.6 * math.cos(turn * k) + k * 7919 % 997 * 0.0001, 4) for k in range(DAY_S)]


def split(start: int, end: int) -> Iterator[Part]:
    """The seconds start <= s < end in parts, each within one UTC day and one turn of the shape."""
    place = start
    while place < end:
        day = place // DAY_S
        first = (place + day * LATER_S) % DAY_S
        until = min(end, (day + 1) * DAY_S, place + DAY_S - first)
        yield Part(place, until, first)
        place = until


def sparse_times(start: int, end: int) -> range:
    """The seconds of start <= s < end at which the other streams have a value."""
    return range(-(-start // SPARSE_S) * SPARSE_S, end, SPARSE_S)


def key_of(second: int) -> int:
    """The key (ns) of the value of a second, made as that of a device's value number `second` would be."""
    return point_time(second * 1000, second)
