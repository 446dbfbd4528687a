"""Composes the list of alarms and the page of one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from cloud_gateway.alarms.hand import Hand, Kind, State, Step, possible
from cloud_gateway.alarms.present import value_now
from cloud_gateway.alarms.store import Alarm
from cloud_gateway.alarms.store_hand import Choice, Held, Key, Shown
from cloud_gateway.alarms.words import ENDS, SHOWN, say_holder, say_step
from cloud_gateway.console.labels import Labels
from cloud_gateway.devices.condition import Moment, Tone
from cloud_gateway.devices.store import Stream
from edge_agent.web.times import rfc3339
from edge_agent.web.words import _

#: What a chart shows before an alarm began and after it ended, ms.
BEFORE_MS, AFTER_MS = 6 * 3_600_000, 3_600_000


@dataclass(frozen=True)
class Line:
    """One alarm of a list. `raised_at` is device time; `age_from` is when it was raised by the gateway's clock.

    `age_ms` is how long it has stood, or how long it `lasted` until its device cleared it.
    """

    address: str
    tone: Tone
    word: str
    label: str
    detail: str
    site: str
    device: str
    raised_at: int
    age_ms: int
    age_from: int
    lasted: bool
    zone: str
    simulated: bool
    who: str
    held: bool
    again: bool
    acknowledgeable: bool


@dataclass(frozen=True)
class ListPage:
    """The list. `more`: there are others behind these, which `crossed` and `lonely` do not count.

    `tabs` are address, word, and whether it is shown.
    """

    lines: tuple[Line, ...]
    more: bool
    crossed: int
    lonely: int
    filtered: bool
    tabs: tuple[tuple[str, str, bool], ...]
    choice: Choice
    sites: tuple[tuple[str, str], ...]
    last_closed: int | None
    clock: int
    simulated: bool


@dataclass(frozen=True)
class Bar:
    """A value against its limit, as widths of a hundred."""

    value: float
    limit: float


@dataclass(frozen=True)
class Said:
    """One step in words."""

    at: int
    by: str
    what: str
    text: str


@dataclass(frozen=True)
class AlarmPage:
    """One alarm: what, where, since when, who has it, and what can be done. Times of the device in ms UTC."""

    line: Line
    alarm: Alarm
    hand: Hand
    stream: str
    now: str
    now_at: int | None
    bar: Bar | None
    chart: str
    history: tuple[Said, ...]
    earlier: tuple[Line, ...]
    can: frozenset[Kind]
    crossed: bool


def make_address(key: Key) -> str:
    """The page of an alarm."""
    return f"/alarms/{key.device}/{key.epoch}/{key.seq}"


def compose_list(
    held: Sequence[Held],
    choice: Choice,
    most: int,
    sites: Sequence[tuple[str, str]],
    last_closed: int | None,
    moment: Moment,
    labels: Labels,
) -> ListPage:
    """The list of at most `most` alarms at a moment."""
    first = held[:most]
    lines = tuple(make_line(one, moment, labels) for one in first)
    simulated = any(line.simulated for line in lines)
    return ListPage(
        lines=lines,
        more=len(held) > most,
        crossed=sum(one.alarm.cleared_at is None and one.hand.state is not State.CLOSED for one in first),
        lonely=sum(not one.hand.holder and one.hand.state is not State.CLOSED for one in first),
        filtered=choice != Choice(choice.shown),
        tabs=tuple((_tab(choice, shown), labels.text(word), shown is choice.shown) for shown, word in SHOWN.items()),
        choice=choice,
        sites=tuple(sites),
        last_closed=last_closed,
        clock=moment.scenario,
        simulated=simulated,
    )


def _tab(choice: Choice, shown: Shown) -> str:
    kept = {"severity": choice.severity, "site": choice.site, "device": choice.device, "q": choice.q}
    return "/alarms?" + urlencode({"state": shown.value} | {name: value for name, value in kept.items() if value})


def make_line(held: Held, moment: Moment, labels: Labels) -> Line:
    """An alarm as a line of a list."""
    one, hand = held.alarm, held.hand
    end = moment.of(held.simulated) if one.cleared_at is None else one.cleared_at
    age = max(end - one.raised_at, 0)
    tone, word = _mark(one, hand)
    return Line(
        address=make_address(held.key),
        tone=tone,
        word=labels.text(word),
        label=labels.rule(one),
        detail=labels.alarm_detail(one),
        site=labels.pick(held.name, held.name_zh) or labels.text(_("no site")),
        device=one.device,
        raised_at=one.raised_at,
        age_ms=age,
        age_from=moment.now - age,
        lasted=one.cleared_at is not None,
        zone=held.zone,
        simulated=held.simulated,
        who=say_holder(labels, hand),
        held=bool(hand.holder) or hand.state is State.CLOSED,
        again=hand.again and hand.state is not State.CLOSED,
        acknowledgeable=Kind.ACKNOWLEDGED in possible(hand),
    )


def _mark(one: Alarm, hand: Hand) -> tuple[Tone, str]:
    if hand.state in ENDS:
        return (Tone.OK if hand.state is State.CLEARED else Tone.OFF), ENDS[hand.state]
    urgent = one.severity == "urgent"
    return (Tone.BAD, _("urgent")) if urgent else (Tone.LATE, _("attention"))


def compose_page(
    held: Held,
    steps: Sequence[Step],
    streams: Sequence[Stream],
    earlier: Sequence[Held],
    moment: Moment,
    labels: Labels,
) -> AlarmPage:
    """The page of an alarm at a moment, with its device's streams and other raisings of its rule."""
    one = held.alarm
    own = next((s for s in streams if s.name == one.stream), None)
    now = value_now(one, streams)
    return AlarmPage(
        line=make_line(held, moment, labels),
        alarm=one,
        hand=held.hand,
        stream=labels.stream(own) if own else one.stream,
        now="" if now is None else labels.value(now, one.unit),
        now_at=own.at if own else None,
        bar=_draw(one),
        chart=_chart(one, streams, moment.of(held.simulated)),
        history=tuple(Said(s.at, s.by, say_step(labels, s), s.text) for s in reversed(steps)),
        earlier=tuple(make_line(other, moment, labels) for other in earlier),
        can=possible(held.hand),
        crossed=one.cleared_at is None,
    )


def _draw(one: Alarm) -> Bar | None:
    """None for what has no extent: contacts, and values below nought."""
    if one.type == "contact" or min(one.value, one.limit) <= 0:
        return None
    whole = max(one.value, one.limit) * 1.1
    return Bar(round(100 * one.value / whole, 1), round(100 * one.limit / whole, 1))


def _chart(one: Alarm, streams: Sequence[Stream], now: int) -> str:
    """The address of a chart of the alarm's stream, and of what was predicted of it, around the alarm."""
    predicted = [s.name for s in streams if s.predicts == one.stream]
    end = min(one.cleared_at + AFTER_MS if one.cleared_at is not None else now, max(now, one.raised_at))
    shown = [("s", f"{one.device}/{name}") for name in (one.stream, *predicted)]
    span = [("from", rfc3339(one.since - BEFORE_MS)), ("to", rfc3339(max(end, one.raised_at)))]
    return "/charts?" + urlencode([*shown, *span], safe="/:")
