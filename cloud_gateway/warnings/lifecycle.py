"""The state of every official warning from all its messages: the same for every order in which they came.

Each info of a message gives a span: it is to come, holds, and stops at its end, when another message takes its place,
or when a duty engineer closes it. A course is what the spans of a chain amount to from moment to moment; TABLE says
which state a change is. Nothing else ends a warning: one that vanishes from its feed goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple, TypedDict

from cloud_gateway.warnings.chains import (
    Chain,
    Name,
    is_public,
    join,
    name_of,
    order_of,
    references_of,
    says_something,
    sift,
)
from cloud_gateway.warnings.course import Closing, Course, State, Step
from cloud_gateway.warnings.model import Alert, AlertKey, Finding, Level, MsgType
from cloud_gateway.warnings.windows import Window, clears, read_windows

#: Later than every time that a message can hold.
NEVER = 2**62


class Phase(Enum):
    """What the spans of a chain amount to at one moment."""

    UNKNOWN = "unknown"
    COMING = "coming"
    HOLDS = "holds"
    OVER = "over"


class Cause(Enum):
    """What brought a change: a message, a message or closing that says it is over, or time alone."""

    MESSAGE = "message"
    LIFT = "lift"
    TIME = "time"


_NO_STEP = (None, None, None)
_SCHEDULED, _BEGUN = (State.SCHEDULED,) * 3, (State.IN_FORCE,) * 3
_CANCELLED, _EXPIRED = (State.CANCELLED,) * 3, (State.EXPIRED,) * 3

#: (before, after, cause): the state where the level fell, stayed and rose; None: nothing to tell.
TABLE: Mapping[tuple[Phase, Phase, Cause], tuple[State | None, State | None, State | None]] = MappingProxyType(
    {
        (Phase.UNKNOWN, Phase.COMING, Cause.MESSAGE): _SCHEDULED,
        (Phase.UNKNOWN, Phase.HOLDS, Cause.MESSAGE): _BEGUN,
        (Phase.UNKNOWN, Phase.OVER, Cause.MESSAGE): _EXPIRED,
        (Phase.UNKNOWN, Phase.OVER, Cause.LIFT): _CANCELLED,
        (Phase.COMING, Phase.COMING, Cause.MESSAGE): _SCHEDULED,
        (Phase.COMING, Phase.HOLDS, Cause.MESSAGE): (State.DOWNGRADED, State.IN_FORCE, State.UPGRADED),
        (Phase.COMING, Phase.OVER, Cause.MESSAGE): _EXPIRED,
        (Phase.COMING, Phase.OVER, Cause.LIFT): _CANCELLED,
        (Phase.COMING, Phase.COMING, Cause.TIME): (State.SCHEDULED, None, State.SCHEDULED),
        (Phase.COMING, Phase.HOLDS, Cause.TIME): _BEGUN,
        (Phase.COMING, Phase.OVER, Cause.TIME): _EXPIRED,
        (Phase.HOLDS, Phase.COMING, Cause.MESSAGE): _SCHEDULED,
        (Phase.HOLDS, Phase.HOLDS, Cause.MESSAGE): (State.DOWNGRADED, State.UPDATED, State.UPGRADED),
        (Phase.HOLDS, Phase.OVER, Cause.MESSAGE): _EXPIRED,
        (Phase.HOLDS, Phase.OVER, Cause.LIFT): _CANCELLED,
        (Phase.HOLDS, Phase.COMING, Cause.TIME): _SCHEDULED,
        (Phase.HOLDS, Phase.HOLDS, Cause.TIME): (State.DOWNGRADED, None, State.UPGRADED),
        (Phase.HOLDS, Phase.OVER, Cause.TIME): _EXPIRED,
        (Phase.OVER, Phase.COMING, Cause.MESSAGE): _SCHEDULED,
        (Phase.OVER, Phase.HOLDS, Cause.MESSAGE): _BEGUN,
        (Phase.OVER, Phase.OVER, Cause.MESSAGE): _NO_STEP,
        (Phase.OVER, Phase.OVER, Cause.TIME): _NO_STEP,
    }
)


class _Span(NamedTuple):
    by: Alert
    level: Level
    published: int
    start: int
    stop: int
    unconfirmed: int | None  # of a span without an end of its own


class _Identity(TypedDict):
    root: AlertKey
    head: AlertKey
    members: tuple[AlertKey, ...]
    superseded: tuple[AlertKey, ...]
    hazard: str
    issuer: str


class _Episode(NamedTuple):
    alerts: list[Alert]
    open: list[Alert]
    names: set[Name]
    closed: list[int]


class _Standing(NamedTuple):
    phase: Phase
    level: Level


def follow(alerts: Iterable[Alert], closings: Iterable[Closing], now: int) -> tuple[Course, ...]:
    """The course of every warning that `alerts` tell of, at `now` (ms UTC), in order of their roots.

    Order and repeats of `alerts` and `closings` do not matter. All messages given count, also one sent after `now`: its
    sender's clock is ahead. What must not reach customers makes courses of its own that change no other.
    """
    taken, doubts = sift(alerts)
    signed = sorted(set(closings), key=lambda closing: (closing.at, closing.member, closing.by, closing.reason))
    courses = [_shown_to_staff(chain) for chain in join([a for a in taken if not is_public(a)], doubts)]
    for chain in join([a for a in taken if is_public(a)], doubts):
        parts = _episodes(chain, signed) if chain.counts else ()
        courses += [_make_course(part, signed, now) for part in parts] or [_shown_to_staff(chain)]
    return tuple(sorted(courses, key=lambda course: (course.root.sent, course.root, course.members)))


def state_of_message(alert: Alert, now: int) -> State:
    """What one message says by itself at `now`, before anything that came with it."""
    return follow((alert,), (), now)[0].state


def next_change(course: Course, now: int) -> int | None:
    """When time alone may next change a course: an onset, an end, or its turning unconfirmed; None: never."""
    return next((turn for turn in course.turns if turn > now), None)


def _shown_to_staff(chain: Chain) -> Course:
    newest = chain.alerts[-1]
    first = chain.alerts[0].sent
    step = Step(newest.sent, State.NOT_FOR_PUBLIC, Level.NONE, newest.key)
    return Course(
        **_identity(chain, newest),
        state=step.state,
        level=step.level,
        since=first,
        changed_at=newest.sent,
        onset=first,
        ends=None,
        unconfirmed_since=None,
        steps=(step,),
        findings=chain.findings,
    )


def _make_course(chain: Chain, closings: Sequence[Closing], now: int) -> Course:
    members = {alert.key for alert in chain.alerts}
    closed = {closing.at: closing.member for closing in closings if closing.member in members}
    spans, doubts = _read_spans(chain, sorted(closed), now)
    steps = tuple(_steps(chain, closed, spans, now))
    standing = [span for span in spans if span.stop > now]
    is_open = any(span.unconfirmed is not None for span in standing)
    ends = max(span.stop for span in standing) if standing else steps[-1].at
    return Course(
        **_identity(chain, _head(chain, standing, now)),
        state=steps[-1].state,
        level=steps[-1].level,
        since=steps[0].at,
        changed_at=steps[-1].at,
        onset=min((span.start for span in standing or spans), default=chain.alerts[0].sent),
        ends=None if is_open else ends,
        unconfirmed_since=max((s.unconfirmed for s in standing if s.unconfirmed is not None), default=None),
        steps=steps,
        findings=tuple(dict.fromkeys((*chain.findings, *doubts))),
        standing=tuple(dict.fromkeys(span.by.key for span in standing)),
        turns=_turns(standing, now),
    )


def _identity(chain: Chain, head: Alert) -> _Identity:
    members = tuple(alert.key for alert in chain.alerts)
    known = [key for key in chain.unseen if key.sent] + list(members)
    telling = next((a for a in (head, *reversed(chain.alerts)) if a.infos), head)
    return {
        "root": min(known, key=lambda key: (key.sent, key)),
        "head": head.key,
        "members": members,
        "superseded": tuple(sorted({*chain.unseen, *chain.replaced}, key=lambda key: (key.sent, key))),
        "hazard": telling.hazard,
        "issuer": next((a.issuer for a in (telling, *reversed(chain.alerts)) if a.issuer), ""),
    }


def _head(chain: Chain, standing: Sequence[_Span], now: int) -> Alert:
    """The newest message that holds, else that is to come; of an ended warning the newest that none replaced."""
    holding = [span for span in standing if span.start <= now]
    if standing:
        return max(holding or standing, key=lambda span: (span.by.sent, span.level, order_of(span.by))).by
    return max((a for a in chain.alerts if a.key not in chain.replaced), key=order_of, default=chain.alerts[-1])


def _turns(standing: Iterable[_Span], now: int) -> tuple[int, ...]:
    moments = {at for span in standing for at in (span.start, span.stop, span.unconfirmed) if at is not None}
    return tuple(sorted(at for at in moments if now < at < NEVER))


def _read_spans(chain: Chain, closed: Sequence[int], now: int) -> tuple[list[_Span], list[Finding]]:
    spans: list[_Span] = []
    findings: list[Finding] = []
    for alert in chain.alerts:
        windows, doubts = read_windows(alert)
        findings += doubts
        published, replaced = min(alert.sent, now), _replaced_at(alert, chain, now)
        for window in windows:
            stop = min(_stop_of(window, alert, closed), replaced)
            start = published if window.start <= alert.sent else window.start
            unconfirmed = window.confirmed_until if window.stop is None else None
            spans.append(_Span(alert, window.level, published, start, stop, unconfirmed))
    return [span for span in spans if span.published < span.stop], findings


def _replaced_at(alert: Alert, chain: Chain, now: int) -> int:
    """A message from a clock that is ahead replaces from now on."""
    return min(chain.replaced[alert.key], now) if alert.key in chain.replaced else NEVER


def _stop_of(window: Window, alert: Alert, closed: Sequence[int]) -> int:
    """The end of its own, else the first closing after the message was sent (`closed` in order)."""
    if window.stop is not None:
        return window.stop
    return next((at for at in closed if at >= alert.sent), NEVER)


def _steps(chain: Chain, closed: Mapping[int, AlertKey], spans: Sequence[_Span], now: int) -> Iterator[Step]:
    messages: dict[int, list[Alert]] = defaultdict(list)
    for alert in filter(says_something, chain.alerts):
        messages[min(alert.sent, now)].append(alert)
    effective = {span.stop: closed[span.stop] for span in spans if span.unconfirmed is not None and span.stop in closed}
    before, by = _Standing(Phase.UNKNOWN, Level.NONE), chain.alerts[0].key
    for at, standing in _phases(spans, {*messages, min(chain.alerts[0].sent, now)}, now):
        by = _author(messages.get(at, ()), standing, effective.get(at, by))
        state = _decide(before, standing, _cause(messages.get(at, ()), at in effective))
        if state is not None:
            yield Step(at, state, standing.level, by)
        before = standing


def _phases(spans: Sequence[_Span], moments: set[int], now: int) -> Iterator[tuple[int, _Standing]]:
    """What stands at every moment up to `now` at which anything happens: counted, so that long chains stay cheap."""
    changes: dict[int, list[tuple[Phase, Level, int]]] = defaultdict(list, {at: [] for at in moments})
    for span in spans:
        for phase, begin, stop in (
            (Phase.COMING, span.published, min(span.start, span.stop)),
            (Phase.HOLDS, span.start, span.stop),
        ):
            if begin < stop:
                changes[begin].append((phase, span.level, 1))
                changes[stop].append((phase, span.level, -1))
    count = {(phase, level): 0 for phase in (Phase.HOLDS, Phase.COMING) for level in Level}
    for at in sorted(at for at in changes if at <= now):
        for phase, level, change in changes[at]:
            count[phase, level] += change
        yield at, _gravest(count)


def _gravest(count: Mapping[tuple[Phase, Level], int]) -> _Standing:
    """What holds, else what is to come."""
    for phase in (Phase.HOLDS, Phase.COMING):
        levels = [level for level in Level if count[phase, level]]
        if levels:
            return _Standing(phase, max(levels))
    return _Standing(Phase.OVER, Level.NONE)


def _cause(messages: Sequence[Alert], is_closed: bool) -> Cause:
    if is_closed or any(map(clears, messages)):
        return Cause.LIFT
    return Cause.MESSAGE if messages else Cause.TIME


def _decide(before: _Standing, after: _Standing, cause: Cause) -> State | None:
    """A lift that leaves something standing, or finds nothing, is a message like any other."""
    row = TABLE.get((before.phase, after.phase, cause)) or TABLE[before.phase, after.phase, Cause.MESSAGE]
    return row[1 + (after.level > before.level) - (after.level < before.level)]


def _author(messages: Sequence[Alert], standing: _Standing, otherwise: AlertKey) -> AlertKey:
    """Of messages of one moment the last; where the warning goes on, one that is no Cancel."""
    telling = [a for a in messages if standing.phase is Phase.OVER or a.msg_type is not MsgType.CANCEL] or messages
    return telling[-1].key if telling else otherwise


def _episodes(chain: Chain, closings: Sequence[Closing]) -> Iterator[Chain]:
    """One chain for each warning of an event key that is used again, such as an office's signals of one hazard.

    Once all is over, a message that follows nothing by reference begins a new warning; a further lift does not.
    """
    if len({alert.event_key for alert in chain.alerts}) > 1 or not chain.alerts[0].event_key:
        yield chain
        return
    closed: dict[AlertKey, list[int]] = defaultdict(list)
    for closing in closings:
        closed[closing.member].append(closing.at)
    begun = _Episode([], [], set(), [])
    for alert in chain.alerts:
        still_open = [a for a in begun.open if not _is_over(a, chain, sorted(begun.closed), alert.sent)]
        names = {name_of(key) for key in (*references_of(alert), alert.key)}
        if begun.alerts and not still_open and not clears(alert) and names.isdisjoint(begun.names):
            yield _part(chain, begun.alerts)
            begun = _Episode([], [], set(), [])
        begun.alerts.append(alert)
        begun.names.add(name_of(alert.key))
        begun.closed.extend(closed[alert.key])
        begun = begun._replace(open=[*still_open, alert])
    yield _part(chain, begun.alerts)


def _is_over(alert: Alert, chain: Chain, closed: Sequence[int], at: int) -> bool:
    """Whether a message has ended by `at` without the message that was sent then."""
    if chain.replaced.get(alert.key, NEVER) < at:
        return True
    windows, _ = read_windows(alert)
    return all(_stop_of(window, alert, closed) <= at for window in windows)


def _part(chain: Chain, alerts: Sequence[Alert]) -> Chain:
    named = {key for alert in alerts for key in references_of(alert)}
    keys = {alert.key for alert in alerts}
    replaced = {key: at for key, at in chain.replaced.items() if key in keys and at <= alerts[-1].sent}
    return Chain(tuple(alerts), chain.unseen & named, replaced, chain.findings)
