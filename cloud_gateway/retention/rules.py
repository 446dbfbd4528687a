"""Decides what is old, and folds numbers into buckets. Pure; times in ns since 1970."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from cloud_gateway.settings import Retention

NS_PER_S = 1_000_000_000
DAY_NS = 86_400 * NS_PER_S
NS_PER_MS = 1_000_000


@dataclass
class Fold:
    """Numbers of one interval: the smallest, the largest, their sum and how many they are."""

    low: float
    high: float
    total: float
    count: int

    def add(self, value: float) -> None:
        """Take in one more."""
        self.low, self.high = min(self.low, value), max(self.high, value)
        self.total += value
        self.count += 1


def find_rule(stream: str, rules: Sequence[Retention]) -> Retention | None:
    """The first entry whose pattern fits the stream's name; None: all of it is kept."""
    return next((rule for rule in rules if fnmatchcase(stream, rule.stream)), None)


def raw_cut(rule: Retention, now: int) -> int | None:
    """Numbers before it are down-sampled: `raw_days` before `now` (ms UTC), down to a whole bucket."""
    if rule.raw_days is None:
        return None
    width = rule.bucket_s * NS_PER_S
    return (now * NS_PER_MS - rule.raw_days * DAY_NS) // width * width


def bucket_cut(rule: Retention, now: int) -> int | None:
    """What is before it is let go: buckets, and texts and switches, which have no mean."""
    if rule.bucket_days is None:
        return None
    width = rule.bucket_s * NS_PER_S
    return (now * NS_PER_MS - rule.bucket_days * DAY_NS) // width * width


def fold_numbers(rows: Iterable[tuple[int, float]], width_ns: int) -> dict[int, Fold]:
    """(time, value) by the beginning of their interval, which is aligned to 1970."""
    folds: dict[int, Fold] = {}
    for time_ns, value in rows:
        start = time_ns // width_ns * width_ns
        if start in folds:
            folds[start].add(value)
        else:
            folds[start] = Fold(value, value, value, 1)
    return folds
