"""What happens to the event of one site and one hazard: decided from what touches the site now, and nothing else.

An event holds at the gravest of what any official issuer has in force over the site and of what our own gauges have
reached; of equally grave warnings the nearest issuer's counts. What is only to come is advice. A change is told when
the level changes or the danger begins or ends, never because a message came: repeats, duplicates and late older
messages leave all as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from cloud_gateway.outreach.model import Change
from cloud_gateway.warnings.model import Level

_DIVISION = re.compile(r"(\d{2})(\d{2})(\d{2})(\d{6})?")


class Touch(msgspec.Struct, frozen=True):
    """One official warning over the site. `level` is the gravest that holds there or is to come, from `onset` on.

    `holds` is the level in force there now, NONE before it begins; `issuer` a division code or any other name.
    """

    warning: str
    issuer: str
    holds: Level
    level: Level
    onset: int
    ends: int | None = None


class OwnAlarm(msgspec.Struct, frozen=True):
    """An alarm of our own at the site that is open: never a warning. `key` is device/rule, `raised_at` device time."""

    key: str
    level: Level
    raised_at: int


class Subject(NamedTuple):
    """What an event is about: one site (id), one hazard. What is simulated never mixes with what is not."""

    site: str
    hazard: str
    simulated: bool


class HazardEvent(msgspec.Struct, frozen=True):
    """One site, one hazard, from the first word to the all-clear; times are ms UTC.

    `holds` is in force, `level` is that or what is to come if it is graver; both NONE once the event is over. `warning`
    is the official one that counts, None without any; `gauge` is the gravest own alarm that is open, "" for none.
    `onset` is when `level` begins. `warned_at` is when the first official word was taken in, `gauge_at` when our gauge
    first reached its threshold, `confirmed` whether both held at once; `number` counts the changes.
    """

    id: str
    site: str
    hazard: str
    simulated: bool = False
    holds: Level = Level.NONE
    level: Level = Level.NONE
    peak: Level = Level.NONE
    warning: str | None = None
    gauge: str = ""
    onset: int = 0
    warned_at: int | None = None
    gauge_at: int | None = None
    confirmed: bool = False
    opened_at: int = 0
    changed_at: int = 0
    closed_at: int | None = None
    number: int = 0

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return Subject(self.site, self.hazard, self.simulated)

    @property
    def coming(self) -> Level:
        """What is to come beyond what holds; NONE for nothing graver."""
        return self.level if self.level > self.holds else Level.NONE

    @property
    def lead_ms(self) -> int | None:
        """How long the official word came before our own gauge's; negative where the gauge was first."""
        known = self.gauge_at is not None and self.warned_at is not None
        return self.gauge_at - self.warned_at if known else None  # type: ignore[operator]  # both are known


class EventChange(msgspec.Struct, frozen=True):
    """One thing that happened to an event; `cause` is the id of a warning or the key of an own alarm.

    `onset` is when `level` begins, or began; `at` where the danger is over.
    """

    number: int
    change: Change
    level: Level
    at: int
    cause: str
    onset: int


class _View(NamedTuple):
    """What stands over the site: the level that holds and the gravest expected, and what gives each.

    `official` is the warning in force, `warning` that or one to come; `gauge` is our gravest open alarm.
    """

    holds: Level = Level.NONE
    holder: str = ""
    level: Level = Level.NONE
    source: str = ""
    onset: int = 0
    official: str | None = None
    warning: str | None = None
    gauge: str = ""

    @property
    def coming(self) -> Level:
        return self.level if self.level > self.holds else Level.NONE


def advance(
    event: HazardEvent, touches: Sequence[Touch], alarms: Sequence[OwnAlarm], now: int
) -> tuple[HazardEvent, tuple[EventChange, ...]]:
    """The event as it is at `now` with what touches the site, and what of that is to be told.

    A new event is given blank; if nothing stands it comes back blank. An event whose level falls to NONE is closed and
    ends: what comes later is a new one.
    """
    view = _judge(touches, alarms)
    noted = _note(event, view, touches, alarms, now)
    told = [*_moves(event, view), *_confirmations(event, view)]
    if not told:
        return noted, ()
    changes = tuple(
        EventChange(number, change, level, now, cause, view.onset if level and level == view.level else now)
        for number, (change, level, cause) in enumerate(told, event.number + 1)
    )
    return msgspec.structs.replace(
        noted,
        opened_at=event.opened_at if event.number else now,
        changed_at=now,
        closed_at=None if view.level else now,
        number=changes[-1].number,
    ), changes


def nearness(issuer: str) -> int:
    """How near to the site an issuer is, by its Chinese division code: 4 town, 3 district, 2 city, 1 province.

    Anybody else, and the nation's own centre, is 0: among these the gravest counts.
    """
    match = _DIVISION.fullmatch(issuer)
    if match is None:
        return 0
    province, city, district, town = match.groups("000000")
    parts = ((town, 4), (district, 3), (city, 2), (province, 1))
    return next((rank for part, rank in parts if part.strip("0")), 0) if province not in {"00", "10"} else 0


def gravest(alarms: Sequence[OwnAlarm]) -> OwnAlarm:
    """The own alarm that counts; of equals the one raised first."""
    return max(alarms, key=lambda alarm: (alarm.level, -alarm.raised_at, alarm.key))


def _judge(touches: Sequence[Touch], alarms: Sequence[OwnAlarm]) -> _View:
    view = _judge_official(touches)
    if not alarms:
        return view
    gauge = gravest(alarms)
    if gauge.level > view.holds:
        view = view._replace(holds=gauge.level, holder=gauge.key)
    if gauge.level > view.level:
        view = view._replace(level=gauge.level, source=gauge.key, onset=gauge.raised_at)
    return view._replace(gauge=gauge.key)


def _judge_official(touches: Sequence[Touch]) -> _View:
    """No issuer's word lowers another's: the gravest counts, of equals the nearest issuer's, then the earliest."""
    heard = [touch for touch in touches if touch.level]
    if not heard:
        return _View()
    source = max(heard, key=lambda t: (t.level, t.holds, nearness(t.issuer), -t.onset, t.warning))
    holder = max(heard, key=lambda t: (t.holds, nearness(t.issuer), -t.onset, t.warning))
    if not holder.holds:
        return _View(level=source.level, source=source.warning, onset=source.onset, warning=source.warning)
    if source.level <= holder.holds:
        source = holder
    official = holder.warning
    return _View(holder.holds, official, source.level, source.warning, source.onset, official, official)


_Told = tuple[Change, Level, str]


def _moves(event: HazardEvent, view: _View) -> Iterator[_Told]:
    """What the levels before and after say."""
    if not view.level:
        if event.level:
            yield Change.CLEARED, Level.NONE, event.warning or event.gauge
        return
    if view.holds > event.holds:
        yield Change.UPGRADED if event.holds else Change.RAISED, view.holds, view.holder
    elif view.holds and view.holds < event.holds:
        yield Change.DOWNGRADED, view.holds, view.holder
    elif view.level < event.level and view.holds == event.holds:  # what was to come is called off
        yield Change.DOWNGRADED, view.level, view.source
    is_put_off = bool(event.holds) and not view.holds
    if view.coming > event.coming or is_put_off:
        yield Change.ADVICE, view.level, view.source


def _confirmations(event: HazardEvent, view: _View) -> Iterator[_Told]:
    """A warning and our own gauge hold at once, for the first time in this event: the cause is the later of the two."""
    if not (view.official and view.gauge) or event.confirmed:
        return
    newcomer = view.gauge
    if event.gauge or (not event.holds and view.holder == view.gauge):
        newcomer = view.official
    if view.holds <= event.holds or newcomer != view.holder:  # else the rise itself says so
        yield Change.CONFIRMED, view.holds, newcomer


def _note(
    event: HazardEvent, view: _View, touches: Sequence[Touch], alarms: Sequence[OwnAlarm], now: int
) -> HazardEvent:
    """The event with what stands; a cause that changes at the same level is noted and not told."""
    is_warned = event.warned_at is None and any(touch.level for touch in touches)
    raised = (alarm.raised_at for alarm in alarms)
    return msgspec.structs.replace(
        event,
        holds=view.holds,
        level=view.level,
        peak=max(event.peak, view.level),
        warning=view.warning if view.level else event.warning,
        gauge=view.gauge,
        onset=view.onset if view.level else event.onset,
        warned_at=now if is_warned else event.warned_at,
        gauge_at=min(raised, default=None) if event.gauge_at is None else event.gauge_at,
        confirmed=event.confirmed or bool(view.official and view.gauge),
    )
