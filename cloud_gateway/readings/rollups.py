"""Which days of a stream are read from their roll-ups, which from the values themselves, and how both are joined. Pure.

A roll-up holds the values of one stream and one UTC day in blocks of five minutes. Times in ms UTC, days since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable

from cloud_gateway.readings.series import Bucket

BLOCK_MS = 300_000
DAY_MS = 86_400_000
DAY_NS = DAY_MS * 1_000_000
#: So long after its end a day is closed: what still comes for it is late, and takes its roll-up away.
CLOSED_AFTER_MS = 3_600_000
#: Days that a point can be of (see `checks.LATEST_NS`), and one more.
FARTHEST_DAY = 106_752


def whole_days(start: int, end: int) -> tuple[int, int]:
    """The first day that lies wholly in start <= at < end, and the first one after it that does not."""
    first, last = -(-start // DAY_MS), end // DAY_MS
    return max(first, -FARTHEST_DAY), min(last, FARTHEST_DAY)


def is_rolled(start: int, end: int, width: int) -> bool:
    """Whether roll-ups can serve intervals of this width over this time."""
    first, last = whole_days(start, end)
    return width % BLOCK_MS == 0 and last > first


def find_rest(start: int, end: int, days: Iterable[int]) -> list[tuple[int, int]]:
    """The parts of start <= at < end outside of these days, as (start, end)."""
    rest, place = [], start
    for day in sorted(days):
        if place < day * DAY_MS:
            rest.append((place, day * DAY_MS))
        place = (day + 1) * DAY_MS
    return [*rest, (place, end)] if place < end else rest


def join(parts: Iterable[Bucket]) -> list[Bucket]:
    """One bucket for each beginning, in order of time; the parts of one hold different values."""
    joined: list[Bucket] = []
    for part in sorted(parts):
        if joined and joined[-1].at == part.at:
            joined[-1] = _add(joined[-1], part)
        else:
            joined.append(part)
    return joined


def _add(one: Bucket, other: Bucket) -> Bucket:
    count = one.count + other.count
    mean = one.mean * (one.count / count) + other.mean * (other.count / count)
    return Bucket(one.at, min(one.low, other.low), mean, max(one.high, other.high), count)


def last_closed(now: int) -> int:
    """The first day that is not closed at `now`."""
    return (now - CLOSED_AFTER_MS) // DAY_MS
