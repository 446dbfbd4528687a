"""Times as people and programs read them: RFC 3339, a site's wall clock, ages in the largest sensible unit."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MILLIS = re.compile(r"-?[0-9]{1,16}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
#: 0001-01-02 and 9999-12-31 in ms UTC: what a datetime can hold with room for any zone.
EARLIEST, LATEST = -62_135_510_400_000, 253_402_214_400_000
_UNITS = (("d", 172_800, 86_400), ("h", 7_200, 3_600), ("min", 120, 60))


class Age(NamedTuple):
    """A whole number of one unit: `s`, `min`, `h` or `d`."""

    amount: int
    unit: str


def parse_time(text: str) -> int:
    """ms UTC of an RFC 3339 time with a zone, or of a plain number of ms. Raises ValueError saying what is wrong."""
    if _MILLIS.fullmatch(text):
        return _bounded(int(text))
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time has no zone; end it with Z")
    return _bounded((moment - EPOCH) // MILLISECOND)


def _bounded(at: int) -> int:
    if not EARLIEST <= at <= LATEST:
        raise ValueError("the time is outside the years 1 to 9999")
    return at


def rfc3339(at: int) -> str:
    """`at` (ms UTC) as RFC 3339 with Z, milliseconds only when there are any."""
    moment = EPOCH + _bounded(at) * MILLISECOND
    spec = "milliseconds" if at % 1000 else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def find_zone(name: str) -> tzinfo:
    """The IANA zone of that name, or UTC when this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def wall_time(at: int, zone: str) -> str:
    """`at` (ms UTC) on a wall clock of `zone`, to the minute, with the zone's short name or offset."""
    moment = (EPOCH + _bounded(at) * MILLISECOND).astimezone(find_zone(zone))
    return f"{moment:%Y-%m-%d %H:%M} {zone_mark(moment)}"


def short_time(at: int, zone: str) -> str:
    """`at` (ms UTC) on a wall clock of `zone`: month-day and minute, for lists; never broken over two lines."""
    moment = (EPOCH + _bounded(at) * MILLISECOND).astimezone(find_zone(zone))
    return f"{moment.month}\u2011{moment:%d}\u00a0{moment:%H:%M}"


def zone_mark(moment: datetime) -> str:
    """`EDT` where a zone's short name is unambiguous (the Americas), else `UTC+8`."""
    name = moment.tzname() or "UTC"
    zone = getattr(moment.tzinfo, "key", "")
    if name == "UTC" or (zone.startswith("America/") and name.isalpha()):
        return name
    offset = moment.utcoffset()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    sign, (hours, rest) = ("-" if minutes < 0 else "+"), divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def age(span_ms: int) -> Age:
    """A span in the largest unit of which there are at least two: 42 min, 31 h, 3 d; never negative."""
    seconds = max(span_ms, 0) // 1000
    for unit, least, size in _UNITS:
        if seconds >= least:
            return Age(seconds // size, unit)
    return Age(seconds, "s")
