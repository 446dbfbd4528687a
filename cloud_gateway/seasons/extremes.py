"""The extremes of a long record: the highest value of each month and of each year. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

#: A month counts as seen by the day from so many days on.
DAYS_LEAST = 25


class Value(NamedTuple):
    """The highest value of a period: YYYY, YYYY-MM or YYYY-MM-DD, in local dates."""

    period: str
    value: float


class MonthExtreme(NamedTuple):
    """The highest value that a month of the year has had, the period it is of, and how many years have that month."""

    month: int
    value: float
    period: str
    years: int


def monthly_extremes(values: Iterable[Value]) -> list[MonthExtreme]:
    """The extreme of each month of the year of which there are values; of equals the earliest."""
    months: dict[int, list[Value]] = defaultdict(list)
    for one in values:
        if len(one.period) > 4:
            months[int(one.period[5:7])].append(one)
    return [_extreme(month, months[month]) for month in sorted(months)]


def annual_maxima(values: Iterable[Value]) -> dict[int, float]:
    """The highest value of each year that the record covers: by a value of the year, or by all of its twelve months."""
    years: dict[int, list[Value]] = defaultdict(list)
    for one in values:
        years[int(one.period[:4])].append(one)
    return {year: max(one.value for one in some) for year, some in sorted(years.items()) if _is_whole(some)}


def _extreme(month: int, values: Sequence[Value]) -> MonthExtreme:
    highest = min(values, key=lambda one: (-one.value, one.period))
    return MonthExtreme(month, highest.value, highest.period, len({one.period[:4] for one in values}))


def _is_whole(values: Sequence[Value]) -> bool:
    if any(len(one.period) == 4 for one in values):
        return True
    days: Mapping[str, set[str]] = defaultdict(set)
    for one in values:
        days[one.period[:7]].add(one.period)
    seen = [month for month, periods in days.items() if month in periods or len(periods) >= DAYS_LEAST]
    return len(seen) == 12
