"""Times as warnings write them, to ms UTC: what is no sound time is a finding, never a crash and never a guess."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from cloud_gateway.warnings.model import Finding

_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|z|UTC|GMT|[-+]\d{2}:?\d{2})?",
    re.ASCII,
)
_LONGEST = 64
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
#: Thai sources write the year of the Buddhist era; nobody warns of the Common Era's 25th century yet.
_BUDDHIST_YEARS = range(2443, 2700)
_BUDDHIST_OFFSET = 543
_NEAR_MS = 10 * 366 * 86_400_000
_MOST_OFFSET_MIN = 14 * 60


def parse_moment(
    field: str, text: str, near: int | None = None, offset_min: int | None = None
) -> tuple[int | None, Finding | None]:
    """A CAP dateTime (or what comes near it) as ms UTC, with what was wrong about it; (None, None) for no text.

    `near` (ms UTC) is a time that a mended Buddhist year must be within ten years of. `offset_min` is the offset of a
    feed that writes none; where it is not known either, a time without one is taken as UTC and is `doubtful`.
    """
    text = text.strip()
    if not text:
        return None, None
    match = _TIME.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None, Finding("bad_time", field, f"{field} is no time: {text[:_LONGEST]!r}", "doubtful")
    return _moment(field, match, near, offset_min)


def parse_rfc822_moment(field: str, text: str) -> tuple[int | None, Finding | None]:
    """A time as RSS writes it (RFC 822), or a CAP dateTime in its place, as ms UTC."""
    if _TIME.fullmatch(text.strip()[:_LONGEST]):
        return parse_moment(field, text)
    if not text.strip():
        return None, None
    try:
        moment = parsedate_to_datetime(text.strip()[:_LONGEST])
        return _in_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC)), None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None, Finding("bad_time", field, f"{field} is no time: {text.strip()[:_LONGEST]!r}", "doubtful")


def _moment(
    field: str, match: re.Match[str], near: int | None, offset_min: int | None
) -> tuple[int | None, Finding | None]:
    written = int(match[1])
    year = written - _BUDDHIST_OFFSET if written in _BUDDHIST_YEARS else written
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None, Finding("year_out_of_range", field, f"{field} lies in the year {written}; left out", "doubtful")
    try:
        moment = _in_ms(_local(year, match)) - _offset_ms(match[8], offset_min or 0)
    except ValueError as exc:
        return None, Finding("bad_time", field, f"{field} is no time: {match[0]!r} ({exc})", "doubtful")
    if year != written:
        return _mended(field, written, moment, near)
    if match[8] is None and offset_min is None:
        return moment, Finding("no_offset", field, f"{field} has no offset from UTC; taken as UTC", "doubtful")
    return moment, None


def _mended(field: str, written: int, moment: int, near: int | None) -> tuple[int | None, Finding]:
    if near is not None and abs(moment - near) > _NEAR_MS:
        return None, Finding("year_out_of_range", field, f"{field} lies in the year {written}; left out", "doubtful")
    text = f"{field} lies in the year {written}; read as {written - _BUDDHIST_OFFSET} of the Common Era"
    return moment, Finding("buddhist_year", field, text, "repaired")


def _local(year: int, match: re.Match[str]) -> datetime:
    """The time on its own clock; 24:00 is the end of a day, a leap second the second before it. Raises ValueError."""
    hour, minute, second = int(match[4]), int(match[5]), int(match[6] or 0)
    millis = int((match[7] or "0").ljust(3, "0")[:3])
    day_after = (hour, minute, second) == (24, 0, 0)
    day = datetime(year, int(match[2]), int(match[3]), 0 if day_after else hour, minute, min(second, 59), tzinfo=UTC)
    if second > 60:
        raise ValueError("second must be in 0..60")
    return day + timedelta(days=int(day_after), milliseconds=millis)


def _offset_ms(text: str | None, without: int) -> int:
    if text is None:
        return without * 60_000
    if not text[1:2].isdigit():  # Z, UTC, GMT
        return 0
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    if minutes > _MOST_OFFSET_MIN or int(text[-2:]) > 59:
        raise ValueError(f"no place has the offset {text}")
    return minutes * 60_000 * (-1 if text[0] == "-" else 1)


def _in_ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
