"""When a source is asked next, and when its silence is an alarm."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from enum import StrEnum

#: After failures a source is asked more rarely, never more rarely than this: it may come back with a storm, s.
LONGEST_WAIT_S = 900
#: A publisher may ask for more patience than that, s.
LONGEST_PATIENCE_S = 3600


class Health(StrEnum):
    """How a source does; SILENT is its freshness alarm, raised."""

    FRESH = "fresh"
    WAITING = "waiting"  # for its first answer
    FAILING = "failing"
    SILENT = "silent"


def silent_from(added_at: int, answered_at: int | None, silent_after_s: int) -> int:
    """When a source without a good answer is silent, ms UTC; before the first one it counts from `added_at`."""
    return (added_at if answered_at is None else answered_at) + silent_after_s * 1000 + 1


def judge(answered_at: int | None, failures: int, *, silent: bool) -> Health:
    """The one word for a source."""
    if silent:
        return Health.SILENT
    if failures:
        return Health.FAILING
    return Health.WAITING if answered_at is None else Health.FRESH


def next_poll(every_s: int, failures: int, patience_s: int, now: int) -> int:
    """When to ask next, ms UTC: after `failures` in a row twice as late each time, and not before `patience_s`."""
    wait_s = every_s if failures == 0 else min(every_s << min(failures - 1, 16), max(every_s, LONGEST_WAIT_S))
    return now + max(wait_s, patience_s) * 1000


def read_patience(retry_after: str, now: int) -> int:
    """Seconds that a `Retry-After` header asks for: a number, or a date (RFC 9110, 10.2.3); 0 for anything else."""
    text = retry_after.strip()
    wait_s = int(text[:9]) if text.isascii() and text.isdigit() else _seconds_until(text, now)
    return max(0, min(wait_s, LONGEST_PATIENCE_S))


def _seconds_until(text: str, now: int) -> int:
    try:
        return int(parsedate_to_datetime(text).timestamp()) - now // 1000
    except (ValueError, OverflowError):
        return 0
