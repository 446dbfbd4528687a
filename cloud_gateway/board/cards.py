"""One hazard event as lists show it: block, place, course, and who has answered. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cloud_gateway.board.blocks import Signal, of_event
from cloud_gateway.board.labels import CHANGES, COLORS, REACHED, STATES, BoardLabels
from cloud_gateway.board.model import Case, Change, Event, Told, Warned, Word
from cloud_gateway.board.people import Standing, Tally, by_message, standings, tally
from cloud_gateway.exposures.official import color_of
from cloud_gateway.outreach.model import Change as Happening
from cloud_gateway.outreach.texts import choose_info, level_words
from cloud_gateway.warnings.model import Alert, Level
from edge_agent.web.words import _


@dataclass(frozen=True)
class Step:
    """One change in the course of an event; `tone` colours it where its cause is official and the issuer gave one."""

    at: int
    word: str
    level: str
    tone: str
    own: bool


@dataclass(frozen=True)
class Card:
    """An event in a list. `state` is one word or two, `issuer` and `sent` of the newest official message."""

    id: str
    signal: Signal
    site: str
    code: str
    zone: str
    level: Level
    state: str
    issuer: str
    sent: int | None
    unconfirmed_since: int | None
    steps: tuple[Step, ...]
    people: Tally
    opened_at: int
    closed_at: int | None
    onset: int
    confirmed: bool
    gauge: str
    priority: float
    simulated: bool


@dataclass(frozen=True)
class Desk:
    """A case sorted by what belongs together; built once for a page."""

    case: Case
    labels: BoardLabels
    now: int
    changes: Mapping[str, Sequence[Change]]
    told: Mapping[str, Sequence[Told]]
    words: Mapping[str, Sequence[Word]]

    def card(self, event: Event) -> Card:
        """One event as lists show it."""
        place = self.case.sites[event.site]
        warned = self.warned(event)
        return Card(
            id=event.id,
            signal=of_event(self.labels, event, self.alerts(event)),
            site=self.labels.site(place),
            code=place.code,
            zone=place.zone,
            level=event.shown,
            state=self.state(event),
            issuer=issuer_of(warned.head.alert, self.labels.language) if warned else "",
            sent=warned.head.alert.sent if warned else None,
            unconfirmed_since=unconfirmed(warned, self.now) if warned and event.closed_at is None else None,
            steps=tuple(self.step(event, one) for one in self.changes.get(event.id, ())),
            people=tally(self.standings(event)),
            opened_at=event.opened_at,
            closed_at=event.closed_at,
            onset=event.onset,
            confirmed=event.confirmed,
            gauge=event.gauge,
            priority=event.priority,
            simulated=event.simulated or place.simulated,
        )

    def warned(self, event: Event) -> Warned | None:
        """The official warning that counts."""
        return self.case.warnings.get(event.warning) if event.warning else None

    def alerts(self, event: Event) -> list[Alert]:
        """All that is known of what the issuer said, the newest first."""
        warned = self.warned(event)
        heads = [warned.head.alert] if warned else []
        return heads + [word.alert for word in reversed(self.words.get(event.warning or "", ()))]

    def standings(self, event: Event) -> list[Standing]:
        """Who was told; who should have been is known where the case has the people of one site."""
        people = self.case.people if event.site == self.case.people_of else ()
        return standings(event, people, self.told.get(event.id, ()), by_message(self.case.answers))

    def people(self, events: Iterable[Event]) -> Tally:
        """Persons over several events: one who was asked about many sites counts once, and waits while any does."""
        lines = [line for event in events for line in self.standings(event)]
        order = ("unanswered", "failed", "missed", "pending", "told", "answered")
        worst: dict[str, Standing] = {}
        for line in sorted(lines, key=lambda one: (order.index(one.state), one.asked_at or 0)):
            worst.setdefault(line.person, line)
        return tally(list(worst.values()))

    def state(self, event: Event) -> str:
        """How an event stands."""
        if event.closed_at is not None:
            return self.labels.text(_("over"))
        if not event.holds:
            return self.labels.text(_("to come"))
        warned = self.warned(event)
        return (
            self.labels.text(STATES[warned.state]) if warned and warned.course.in_force else self.labels.text(_("open"))
        )

    def step(self, event: Event, change: Change) -> Step:
        """One change in words."""
        is_own = "/" in change.cause
        word = self.labels.of(CHANGES, change.change)
        if is_own and change.change in {Happening.RAISED, Happening.UPGRADED, Happening.CONFIRMED}:
            word = self.labels.text(REACHED)
        color = None if is_own else color_of(change.level, self.alerts(event))
        said = level_words(change.level, None, self.labels.language)
        level = self.labels.text(COLORS[color]) if color else said
        tone = "own" if is_own else color.value if color else f"grade-{int(change.level)}"
        return Step(change.at, word, level, tone, is_own)


def sort_case(case: Case, labels: BoardLabels, now: int) -> Desk:
    """A case made ready for a page at gateway time `now`, ms UTC."""
    changes, told, words = defaultdict(list), defaultdict(list), defaultdict(list)
    for change in case.changes:
        changes[change.event].append(change)
    for one in case.told:
        told[one.event].append(one)
    for word in case.words:
        words[word.warning].append(word)
    return Desk(case, labels, now, changes, told, words)


def unconfirmed(warned: Warned, now: int) -> int | None:
    """Since when a warning without an end counts as not confirmed; None while it does not."""
    since = warned.unconfirmed_since
    return since if since is not None and since <= now and warned.course.in_force else None


def issuer_of(alert: Alert, language: str) -> str:
    """The name of the office, as it calls itself."""
    info = choose_info(alert, language)
    return (info.sender_name if info else "") or alert.issuer or alert.sender


def simulated_any(cards: Iterable[Card]) -> bool:
    """Whether a page has to say SIMULATED."""
    return any(card.simulated for card in cards)
