"""The duty calendar from an iCalendar file (RFC 5545): every event is a turn of the recipient that its summary names.

PRIORITY is the rank (1 is called first, also without), CATEGORIES the role. Events that recur are laid out from now on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar as Document
from icalendar import Event, vRecur

from cloud_gateway.outreach.duty import Calendar, DutyEntry, Turn, make_turn
from cloud_gateway.outreach.sheets import BYTES_MOST, TableRefused, read_entry
from cloud_gateway.sites.entries import Mistake
from edge_agent.web.times import EPOCH, MILLISECOND

BEGIN = b"BEGIN:VCALENDAR"
MAX_EVENTS = 2000
#: Turns of one event that are not over; a turn of a few hours every day comes to fewer.
MAX_TURNS = 800
#: Times that are laid out of all events of a file, also those that are over.
MAX_STARTS = 100_000
#: Events that recur are laid out so far ahead, and may have begun so long ago.
AHEAD = timedelta(days=366)
OLDEST = timedelta(days=20 * 366)
_MONTHLY = frozenset({"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"})
#: How often an event may recur, and by which parts of a rule.
FREQUENCIES = {
    "DAILY": frozenset({"BYDAY"}),
    "WEEKLY": frozenset({"BYDAY"}),
    "MONTHLY": _MONTHLY,
    "YEARLY": _MONTHLY,
}
#: Properties that a turn is made from.
USED = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "SUMMARY", "PRIORITY"})
MAX_COUNT = 10_000


class _Turn(NamedTuple):
    start: datetime
    end: datetime


class _Budget:
    """How many times of a file may still be laid out."""

    def __init__(self) -> None:
        self._left = MAX_STARTS

    def spend(self, starts: Iterator[datetime]) -> Iterator[datetime]:
        """The same times, while there is room. Raises TableRefused."""
        for start in starts:
            self._left -= 1
            if self._left < 0:
                raise TableRefused(f"its events take place more than {MAX_STARTS} times", "Export a shorter time")
            yield start


class _Wrong(Exception):
    """An event that cannot be a turn: which property, and why."""

    def __init__(self, field: str, text: str, remedy: str) -> None:
        super().__init__(text)
        self.field = field
        self.remedy = remedy


def is_calendar(raw: bytes) -> bool:
    """Whether the bytes are an iCalendar file rather than a table."""
    return raw.lstrip(b"\xef\xbb\xbf \t\r\n")[: len(BEGIN)].upper() == BEGIN


def read_icalendar(raw: bytes, zone: str, now: int) -> Calendar:
    """Turns that end after `now` (ms UTC); times without a zone are wall times of `zone`. Raises TableRefused.

    A mistake's row is the number of the event in the file, from 1.
    """
    events = _read_events(raw)
    sound = [one for one in events if not _broken(one)]
    moved = {(one.uid, _moment(one.RECURRENCE_ID, zone)) for one in sound if one.RECURRENCE_ID is not None}
    at = EPOCH + now * MILLISECOND
    turns: list[Turn] = []
    mistakes: list[Mistake] = []
    budget = _Budget()
    for number, event in enumerate(events, 1):
        try:
            coming = islice(_turns_of(event, moved, zone, at, budget), MAX_TURNS)
            found = [_entry(event, turn, number) for turn in coming]
        except _Wrong as exc:
            mistakes.append(Mistake(number, exc.field, str(exc), exc.remedy))
            continue
        turns += [make_turn(number, one, zone) for one in found if isinstance(one, DutyEntry)]
        mistakes += [mistake for one in found[:1] if isinstance(one, list) for mistake in one]
    return Calendar(tuple(turns), tuple(mistakes))


def _read_events(raw: bytes) -> list[Event]:
    """The events that are not cancelled."""
    if len(raw) > BYTES_MOST:
        raise TableRefused(f"it is larger than {BYTES_MOST >> 20} MB", "Export a shorter time")
    try:
        events = [one for one in Document.from_ical(raw).walk("VEVENT") if isinstance(one, Event)]
    except (ValueError, IndexError, KeyError) as exc:
        raise TableRefused("this is no iCalendar file", "Export the calendar as .ics once more") from exc
    if len(events) > MAX_EVENTS:
        raise TableRefused(f"the file has more than {MAX_EVENTS} events", "Export a shorter time")
    return [one for one in events if str(one.status or "").upper() != "CANCELLED"]


def _turns_of(
    event: Event, moved: set[tuple[str, datetime]], zone: str, at: datetime, budget: _Budget
) -> Iterator[_Turn]:
    """Each time that the event takes place and that is not over; one that was moved stands in the file by itself."""
    if broken := _broken(event):
        raise _Wrong(broken[0], "it cannot be read", "Export the calendar once more")
    try:
        first, length = _moment(event.start, zone), _moment(event.end, zone) - _moment(event.start, zone)
    except (ValueError, AttributeError, OverflowError) as exc:
        raise _Wrong("DTSTART", "the event has no times that can be read", "Give DTSTART and DTEND") from exc
    if length <= timedelta():
        raise _Wrong("DTEND", "the turn ends before it begins", "Give a later time")
    is_moved = event.RECURRENCE_ID is not None
    for start in budget.spend(_starts(event, first, zone, at)):
        is_replaced = not is_moved and (event.uid, start) in moved
        if start + length > at and not is_replaced:
            yield _Turn(start, start + length)


def _broken(event: Event) -> list[str]:
    """The properties in use that the library could not read."""
    return [str(name) for name, _why in event.errors if name in USED]


def _starts(event: Event, first: datetime, zone: str, at: datetime) -> Iterator[datetime]:
    out = {_moment(one, zone) for one in event.exdates}
    added = {_moment(one[0] if isinstance(one, tuple) else one, zone) for one in event.rdates}
    recurring = (start for rule in event.rrules for start in _recurring(rule, first, at))
    for start in recurring if event.rrules else sorted({first, *added}):
        if start not in out:
            yield start


def _recurring(written: vRecur, first: datetime, at: datetime) -> Iterator[datetime]:
    """By the wall clock of the event's zone, so that a turn begins at the same hour in summer and in winter."""
    remedy = "Let it recur by days, weeks, months or years, and begin within the last 20 years"
    if first < at - OLDEST or not _is_plain(written):
        raise _Wrong("RRULE", "the event recurs by a rule that is not laid out, or has for too long", remedy)
    until = min([*(_moment(one, "UTC") for one in written.get("UNTIL", [])), at + AHEAD])
    bounded = dict(written) | {"UNTIL": [until.astimezone(UTC)]}
    count = int(bounded.pop("COUNT", [MAX_COUNT])[0])
    try:
        rule = rrulestr(_text(vRecur(bounded)), dtstart=first)
    except (ValueError, TypeError) as exc:
        raise _Wrong("RRULE", "the rule cannot be read", remedy) from exc
    return _coming(rule, written, first, count)


def _coming(rule: Iterable[datetime], written: vRecur, first: datetime, count: int) -> Iterator[datetime]:
    """The times of a rule. One that never comes is looked for through all years, so its file is not read further."""
    starts = islice(iter(rule), max(count, 0))
    earliest = next(starts, None)
    if earliest is not None:
        return chain([earliest], starts)
    if count > 0 and not _ever_comes(written, first):
        raise TableRefused(f"an event recurs by a rule that never comes: {_text(written)[:80]}", "Correct the event")
    return iter(())


def _ever_comes(written: vRecur, first: datetime) -> bool:
    endless = {name: value for name, value in dict(written).items() if name not in {"UNTIL", "COUNT"}}
    return next(iter(rrulestr(_text(vRecur(endless)), dtstart=first)), None) is not None


def _is_plain(written: vRecur) -> bool:
    """Whether the rule comes to its next time soon: one that never does would be looked for until the year 9999."""
    frequency = str(written.get("FREQ", [""])[0]).upper()
    parts = {name for name in written if name.startswith("BY")}
    return frequency in FREQUENCIES and parts <= FREQUENCIES[frequency] and int(written.get("INTERVAL", [1])[0]) > 0


def _text(rule: vRecur) -> str:
    return str(rule.to_ical().decode())  # type: ignore[no-untyped-call]  # icalendar has no types here


def _moment(when: date | datetime, zone: str) -> datetime:
    """A day begins at midnight in `zone`."""
    if not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day)
    return when if when.tzinfo is not None else when.replace(tzinfo=ZoneInfo(zone))


def _entry(event: Event, turn: _Turn, number: int) -> DutyEntry | list[Mistake]:
    values = {
        "name": event.summary or "",
        "role": next(iter(event.categories), ""),
        "since": turn.start.astimezone(UTC).isoformat(),
        "until": turn.end.astimezone(UTC).isoformat(),
        "rank": str(event.priority or 1),
    }
    return read_entry(DutyEntry, number, values)
