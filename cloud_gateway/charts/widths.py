"""How wide the intervals of a chart are, and where its line is open. Pure; times in ms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cloud_gateway.readings.series import Bucket

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
#: From five minutes on they are multiples of what roll-ups are made of.
WIDTHS = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 4, 6, 8, 12)),
)
#: Intervals without a value that make a gap.
MISSED = 2.5

#: A bucket as [at, low, mean, high, count]; None: here the line is open.
Mark = tuple[int, float, float, float, int] | None


class Coarse(NamedTuple):
    """Numbers before `before` (ms UTC) stand in intervals of `width_ms`, each at its beginning."""

    before: int
    width_ms: int


def choose_width(span_ms: int, points: int) -> int:
    """The smallest width with which `span_ms` has at most `points` intervals; above half a day whole days."""
    fitting = (width for width in WIDTHS if span_ms <= width * points)
    return next(fitting, -(-span_ms // (DAY * points)) * DAY)


def open_gaps(
    buckets: Sequence[Bucket], width_ms: int, interval_s: float | None, coarse: Coarse | None = None
) -> list[Mark]:
    """The buckets, with None between two that are further apart than the stream's own interval explains.

    Where values were down-sampled their width explains it. A stream without an interval says a value when it changes:
    its line is never open.
    """
    if interval_s is None:
        return [_mark(bucket) for bucket in buckets]
    usual = max(width_ms, interval_s * SECOND)
    marks: list[Mark] = []
    for bucket in buckets:
        before = marks[-1] if marks else None
        wider = coarse.width_ms if coarse and before and before[0] < coarse.before else 0
        if before is not None and bucket.at - before[0] > MISSED * max(usual, wider):
            marks.append(None)
        marks.append(_mark(bucket))
    return marks


def _mark(bucket: Bucket) -> Mark:
    return bucket.at, bucket.low, bucket.mean, bucket.high, bucket.count
