"""Times as warnings write them, to ms UTC: what is no sound time is a finding, never a crash and never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable
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
    field: str,
    text: str,
    near: int | None = None,
    offset_min: int | None = None,
    other_offset_min: int | None = None,
) -> tuple[int | None, Finding | None]:
    """A CAP dateTime (or what comes near it) as ms UTC, with what was wrong about it; (None, None) for no text.

    `near` (ms UTC) is a time that a mended Buddhist year must be within ten years of. `offset_min` is the offset of a
    feed that writes none; where it is not known either, a time without one has the offset of the message's other
    times, or is taken as UTC, and is `doubtful`.
    """
    text = text.strip()
    if not text:
        return None, None
    match = _TIME.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None, Finding("bad_time", field, f"{field} is no time: {text[:_LONGEST]!r}", "doubtful")
    moment, finding = _moment(field, match, near, (other_offset_min or 0) if offset_min is None else offset_min)
    if moment is None or finding or match[8] or offset_min is not None:
        return moment, finding
    return moment, _without_offset(field, other_offset_min)


def find_offset(texts: Iterable[str | None]) -> int | None:
    """The one offset from UTC, minutes, that all times with an offset have; None where they differ or none has one."""
    found = {_written_offset(text.strip()) for text in texts if text and len(text) <= _LONGEST} - {None}
    return found.pop() if len(found) == 1 else None


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


def _written_offset(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    try:
        return _offset_min(match[8]) if match and match[8] else None
    except ValueError:
        return None


def _without_offset(field: str, other_offset_min: int | None) -> Finding:
    taken = "UTC" if other_offset_min is None else "that of the message's other times"
    return Finding("no_offset", field, f"{field} has no offset from UTC; taken as {taken}", "doubtful")


def _moment(field: str, match: re.Match[str], near: int | None, offset_min: int) -> tuple[int | None, Finding | None]:
    written = int(match[1])
    year = written - _BUDDHIST_OFFSET if written in _BUDDHIST_YEARS else written
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None, Finding("year_out_of_range", field, f"{field} lies in the year {written}; left out", "doubtful")
    try:
        offset = _offset_min(match[8]) if match[8] else offset_min
        moment = _in_ms(_local(year, match)) - offset * 60_000
    except ValueError as exc:
        return None, Finding("bad_time", field, f"{field} is no time: {match[0]!r} ({exc})", "doubtful")
    return (moment, None) if year == written else _mended(field, written, moment, near)


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


def _offset_min(text: str) -> int:
    """Minutes of a written offset. Raises ValueError."""
    if not text[1:2].isdigit():  # Z, UTC, GMT
        return 0
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    if minutes > _MOST_OFFSET_MIN or int(text[-2:]) > 59:
        raise ValueError(f"no place has the offset {text}")
    return -minutes if text[0] == "-" else minutes


def _in_ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
