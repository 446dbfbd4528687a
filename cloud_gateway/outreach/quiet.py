"""When a recipient may be told: quiet hours on the clock of their own zone, also on the days it is set."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from cloud_gateway.outreach.model import Change, Recipient
from cloud_gateway.warnings.model import Level
from edge_agent.web.times import EPOCH, MILLISECOND, find_zone

#: Good news waits for the morning, unless it goes to somebody who has been woken by the bad.
RELIEF = frozenset({Change.DOWNGRADED, Change.CLEARED})
DAY = timedelta(days=1)


class Quiet(NamedTuple):
    """One stretch of quiet hours, ms UTC; `end` is the first moment after it."""

    start: int
    end: int


def quiet_at(recipient: Recipient, now: int) -> Quiet | None:
    """The quiet hours that `now` lies in; None when the recipient may be told at once."""
    start_min, end_min = recipient.quiet_from_min, recipient.quiet_to_min
    if start_min is None or end_min is None or start_min == end_min:
        return None
    zone = find_zone(recipient.zone)
    today = (EPOCH + now * MILLISECOND).astimezone(zone).date()
    for first in (today - DAY, today):
        last = first if start_min < end_min else first + DAY
        stretch = Quiet(_moment(first, start_min, zone, 0), _moment(last, end_min, zone, 1))
        if stretch.start <= now < stretch.end:
            return stretch
    return None


def due_at(recipient: Recipient, change: Change, level: Level, told_at: int | None, now: int) -> int:
    """When the change is told: now, or when the quiet hours end. `told_at` is when they last heard of the event."""
    quiet = quiet_at(recipient, now)
    if quiet is None:
        return now
    if change in RELIEF:
        woken = told_at is not None and told_at >= quiet.start
        return now if woken else quiet.end
    return now if level >= recipient.breaks_quiet else quiet.end


def _moment(day: date, minute: int, zone: tzinfo, fold: int) -> int:
    """ms UTC of a wall time. One that comes twice is the first as a beginning, the second as an end (`fold` 1).

    One that is left out when clocks go forward is as much later as they are set.
    """
    wall = datetime(day.year, day.month, day.day, minute // 60 % 24, minute % 60, tzinfo=zone, fold=fold)
    exists = wall.astimezone(EPOCH.tzinfo).astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None)
    return (wall.replace(fold=fold if exists else 0) - EPOCH) // MILLISECOND
