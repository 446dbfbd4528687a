"""Composes the duty engineer's screen: whom to call now, who is silent, what is open, and the hand-over. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cloud_gateway.board.cards import Card, Desk, simulated_any
from cloud_gateway.board.labels import ROLES
from cloud_gateway.board.model import Handover, Told
from cloud_gateway.board.people import Standing


@dataclass(frozen=True)
class Call:
    """A person to be called, about one hazard at their sites; `number` is fit for a tel: link, "" for none."""

    id: str
    name: str
    role: str
    phone: str
    number: str
    cards: tuple[Card, ...]
    due_at: int
    answer_by: int | None
    overdue: bool


@dataclass(frozen=True)
class Silent:
    """Somebody who was asked, has not answered, and is not on the list of calls; `asked_at` is the oldest question."""

    name: str
    role: str
    cards: tuple[Card, ...]
    asked_at: int


@dataclass(frozen=True)
class Note:
    """Hand-over notes with the events that were open then and are known still."""

    id: str
    at: int
    by: str
    text: str
    cards: tuple[Card, ...]
    open_then: int
    taken_by: str | None
    taken_at: int | None


@dataclass(frozen=True)
class Duty:
    """Everything that the duty screen shows. `later` are calls whose hour has not come."""

    calls: tuple[Call, ...]
    later: tuple[Call, ...]
    silent: tuple[Silent, ...]
    open: tuple[Card, ...]
    more: int
    notes: tuple[Note, ...]
    simulated: bool
    now: int


def compose_duty(
    desk: Desk, pressing: Sequence[str], calls: Sequence[Told], notes: Sequence[Handover], open_count: int
) -> Duty:
    """The screen; the desk's events are the open ones, and those that calls and notes speak of."""
    cards = {event.id: desk.card(event) for event in desk.case.events}
    listed = {call.id: call for call in _calls(desk, calls, cards)}
    opened = tuple(cards[event.id] for event in desk.case.events if event.closed_at is None)
    return Duty(
        calls=tuple(listed[name] for name in pressing if name in listed),
        later=tuple(sorted((call for call in listed.values() if call.due_at > desk.now), key=lambda call: call.due_at)),
        silent=tuple(_silent(desk, {one.recipient for one in calls}, cards)),
        open=opened,
        more=max(open_count - len(opened), 0),
        notes=tuple(_note(note, cards) for note in notes),
        simulated=simulated_any(cards.values()),
        now=desk.now,
    )


def _calls(desk: Desk, calls: Sequence[Told], cards: dict[str, Card]) -> list[Call]:
    together: dict[str, list[Told]] = defaultdict(list)
    for one in calls:
        together[one.id].append(one)
    return [_call(desk, same, cards) for same in together.values()]


def _call(desk: Desk, same: Sequence[Told], cards: dict[str, Card]) -> Call:
    one = same[0]
    about = sorted((cards[told.event] for told in same if told.event in cards), key=lambda card: -card.priority)
    by = one.answer_needed_by
    overdue = by is not None and by < desk.now
    role = desk.labels.of(ROLES, one.role)
    return Call(one.id, one.name, role, one.phone, dial(one.phone), tuple(about), one.due_at, by, overdue)


def dial(phone: str) -> str:
    """What stands in a tel: link (RFC 3966): digits and a leading plus; "" when there are none."""
    digits = "".join(letter for letter in phone if letter.isascii() and letter.isdigit())
    return f"+{digits}" if digits and phone.strip().startswith("+") else digits


def _silent(desk: Desk, called: Collection[str], cards: Mapping[str, Card]) -> list[Silent]:
    waiting: dict[str, list[tuple[Standing, Card]]] = defaultdict(list)
    for event in desk.case.events:
        for line in desk.standings(event) if event.closed_at is None else ():
            if line.state == "unanswered" and line.person not in called:
                waiting[line.person].append((line, cards[event.id]))
    found = []
    for lines in waiting.values():
        first, asked = lines[0][0], [line.asked_at for line, _card in lines if line.asked_at is not None]
        role = desk.labels.of(ROLES, first.role)
        found.append(Silent(first.name, role, tuple(card for _line, card in lines), min(asked, default=desk.now)))
    return sorted(found, key=lambda one: one.asked_at)


def _note(note: Handover, cards: dict[str, Card]) -> Note:
    known = tuple(cards[name] for name in note.events if name in cards)
    return Note(note.id, note.at, note.by, note.text, known, len(note.events), note.taken_by, note.taken_at)
