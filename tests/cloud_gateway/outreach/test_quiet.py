"""Quiet hours on the recipient's own clock, also in the nights when it is set."""

from __future__ import annotations

import pytest

from cloud_gateway.outreach.model import Change, Recipient
from cloud_gateway.outreach.quiet import due_at, quiet_at
from cloud_gateway.warnings.model import Level
from edge_agent.web.times import parse_time, rfc3339


def sleeper(start: str, end: str, zone: str = "Asia/Shanghai") -> Recipient:
    return Recipient("r", "Lin", "branch", "en", zone, (), quiet_from_min=minute(start), quiet_to_min=minute(end))


def minute(wall: str) -> int:
    hours, minutes = wall.split(":")
    return int(hours) * 60 + int(minutes)


@pytest.mark.parametrize(
    ("start", "end", "zone", "now", "until"),
    [
        ("22:00", "07:00", "Asia/Shanghai", "2026-07-20T21:59:59+08:00", None),
        ("22:00", "07:00", "Asia/Shanghai", "2026-07-20T22:00:00+08:00", "2026-07-20T23:00:00Z"),
        ("22:00", "07:00", "Asia/Shanghai", "2026-07-21T03:00:00+08:00", "2026-07-20T23:00:00Z"),
        ("22:00", "07:00", "Asia/Shanghai", "2026-07-21T07:00:00+08:00", None),
        ("13:00", "14:30", "Asia/Shanghai", "2026-07-20T13:30:00+08:00", "2026-07-20T06:30:00Z"),
        ("13:00", "14:30", "Asia/Shanghai", "2026-07-20T23:30:00+08:00", None),
        ("22:00", "07:00", "America/New_York", "2026-03-07T23:00:00-05:00", "2026-03-08T11:00:00Z"),
        ("22:00", "07:00", "America/New_York", "2026-10-31T23:00:00-04:00", "2026-11-01T12:00:00Z"),
        ("22:00", "02:30", "America/New_York", "2026-03-08T01:59:00-05:00", "2026-03-08T07:30:00Z"),
        ("22:00", "01:30", "America/New_York", "2026-11-01T01:15:00-04:00", "2026-11-01T06:30:00Z"),
        ("22:00", "01:30", "America/New_York", "2026-11-01T01:15:00-05:00", "2026-11-01T06:30:00Z"),
        ("22:00", "01:30", "America/New_York", "2026-11-01T01:30:00-05:00", None),
        ("00:00", "00:00", "Asia/Shanghai", "2026-07-20T00:00:00+08:00", None),
    ],
    ids=[
        "evening before",
        "first moment",
        "after midnight",
        "first moment after",
        "noon rest",
        "night of a noon rest",
        "clocks go forward",
        "clocks go back",
        "end in the hour that is left out",
        "end in the hour that comes twice",
        "the second time of it",
        "after the second time",
        "no hours at all",
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(start: str, end: str, zone: str, now: str, until: str | None) -> None:
    quiet = quiet_at(sleeper(start, end, zone), parse_time(now))
    assert (rfc3339(quiet.end) if quiet else None) == until


NIGHT, MORNING = parse_time("2026-07-20T23:00:00+08:00"), parse_time("2026-07-21T07:00:00+08:00")
EVENING = NIGHT - 5 * 3_600_000


@pytest.mark.parametrize(
    ("change", "level", "told_at", "due"),
    [
        (Change.RAISED, Level.SEVERE, None, MORNING),
        (Change.RAISED, Level.EXTREME, None, NIGHT),
        (Change.CLEARED, Level.NONE, EVENING, MORNING),
        (Change.CLEARED, Level.NONE, NIGHT - 1, NIGHT),
        (Change.DOWNGRADED, Level.EXTREME, EVENING, MORNING),
    ],
    ids=["below what wakes", "what wakes", "all-clear", "all-clear to the woken", "good news wakes nobody"],
)
def test_what_waits_for_the_morning(change: Change, level: Level, told_at: int | None, due: int) -> None:
    assert due_at(sleeper("22:00", "07:00"), change, level, told_at, NIGHT) == due
