"""Local days: the day of a moment, the end of a day, and the periods that figures are made for. Pure."""

from __future__ import annotations

import re
from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import NamedTuple

from edge_agent.web.times import EPOCH, MILLISECOND, find_zone

_PERIOD = re.compile(r"([0-9]{4})(?:-(?:Q([1-4])|([0-9]{2})(?:-([0-9]{2}))?))?")


class Period(NamedTuple):
    """A span of local days, `first` and `last` included, as YYYY-MM-DD."""

    name: str
    first: str
    last: str


def local_day(at: int, zone: str) -> str:
    """The local day of a moment (ms UTC) in an IANA zone, YYYY-MM-DD."""
    return (EPOCH + at * MILLISECOND).astimezone(find_zone(zone)).date().isoformat()


def local_minute(at: int, zone: str) -> int:
    """The minute of the local day, 0 to 1439."""
    moment = (EPOCH + at * MILLISECOND).astimezone(find_zone(zone))
    return moment.hour * 60 + moment.minute


def end_of_day(at: int, zone: str) -> int:
    """The first moment (ms UTC) after the local day that `at` lies in."""
    tomorrow = date.fromisoformat(local_day(at, zone)) + timedelta(days=1)
    return (datetime.combine(tomorrow, time.min, find_zone(zone)) - EPOCH) // MILLISECOND


def read_period(text: str) -> Period:
    """A day (2026-11-22), month (2026-11), quarter (2026-Q4) or year (2026). Raises ValueError."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no period; write 2026, 2026-Q4, 2026-11 or 2026-11-22")
    year, quarter, month, day = (None if part is None else int(part) for part in found.groups())
    assert year is not None
    if year == MAXYEAR:
        raise ValueError(f"{text!r} ends with the calendar")
    if day is not None:
        return Period(text, *2 * (date.fromisoformat(text).isoformat(),))
    if month is not None:
        return _months(text, year, month, 1)
    return _months(text, year, 3 * quarter - 2, 3) if quarter is not None else _months(text, year, 1, 12)


def _months(name: str, year: int, month: int, count: int) -> Period:
    after = year * 12 + month - 1 + count
    last = date(after // 12, after % 12 + 1, 1) - timedelta(days=1)
    return Period(name, date(year, month, 1).isoformat(), last.isoformat())
