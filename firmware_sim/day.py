"""What happens at a SIMULATED counter in the course of its day, and what the script itself expects of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from firmware_sim.fingers import Touch, touch_edges
from firmware_sim.hall import COUNTED, Clerk, Desk, Flow, Hand, Visit

#: A customer stands there so long before the service begins and after it is over, ms.
BEFORE_MS, AFTER_MS = 5_000, 20_000
#: The duty manager's signal is on within this, ms (issue 5, 6).
SIGNAL_MS = 1_000
#: How often customers press what, worst to best, and how often nothing (0).
MOODS, WEIGHTS = (0, 1, 2, 3), (10, 4, 16, 70)


class Said(NamedTuple):
    """The counter system says that a service begins or ends."""

    event: str
    ticket: str
    waited_s: int | None = None


class Moved(NamedTuple):
    """The contact of a key (its place among the keys) closes or opens."""

    key: int
    closed: bool


class Stood(NamedTuple):
    """Somebody comes before the presence sensor, or has left."""

    here: bool


class Showed(NamedTuple):
    """A card is held to the reader."""

    line: str


class Looked(NamedTuple):
    """Somebody looks whether the duty manager's signal is on."""


class Waited(NamedTuple):
    """Nothing happens; but the story has an instant here, at which it can be held."""


Deed = Said | Moved | Stood | Showed | Looked | Waited


class Act(NamedTuple):
    """A deed at its time, ms UTC."""

    at_ms: int
    deed: Deed


class Expected(NamedTuple):
    """What the script expects. `scores` by ticket; `outcomes` of presses; `signals` to the duty manager."""

    scores: dict[str, int]
    outcomes: Counter[str]
    signals: int
    services: int
    walk_ups: int


def list_visits(desk: Desk, seed: int) -> list[Visit]:
    """All customers of the counter in order, the drawn ones too."""
    drawn = [visit for flow in desk.flow for visit in _draw(flow, f"{seed}/{desk.counter}", desk.scale)]
    return sorted([*drawn, *desk.visit], key=lambda visit: visit.at_ms)


def list_acts(desk: Desk, clerks: Sequence[Clerk], seed: int, stops: Sequence[int] = ()) -> list[Act]:
    """Everything that happens at the counter, in order; `stops` are instants at which the story is held, ms UTC."""
    cards = {clerk.number: clerk.card for clerk in clerks}
    visits = list_visits(desk, seed)
    acts = [Act(card.at_ms, Showed(cards[card.clerk])) for card in desk.card]
    acts += [act for visit in visits for act in _visit_acts(visit, desk, seed)]
    acts += [act for hand in desk.hand for act in _hand_acts(hand, desk, seed)]
    acts += [Act(at, Stood(here)) for at, here in _presence(visits)]
    acts += [Act(at, Waited()) for at in stops]
    return sorted(acts, key=lambda act: act.at_ms)


def expect_day(desk: Desk, seed: int) -> Expected:
    """What the script expects of the counter's day, from the script alone."""
    visits = list_visits(desk, seed)
    scores = {visit.ticket: visit.score for visit in visits if visit.score}
    scores |= {hand.ticket: hand.score for hand in desk.hand if hand.ticket}
    outcomes = Counter(outcome for hand in desk.hand for outcome in hand.expect)
    outcomes[COUNTED] = len(scores)
    signals = sum(score <= desk.bad_upto for score in scores.values()) if desk.signal_pin is not None else 0
    walk_ups = sum(not visit.ticket for visit in visits)
    return Expected(scores, outcomes, signals, len(visits) - walk_ups, walk_ups)


def _draw(flow: Flow, seed: str, scale: int) -> Iterator[Visit]:
    random = Random(f"{seed}/{flow.prefix}")  # noqa: S311 - customers, not secrets
    every_ms = round(flow.every_s * 1000)
    for number, at in enumerate(range(flow.begin_ms, flow.end_ms - every_ms, every_ms), start=1):
        mood = random.choices(MOODS, WEIGHTS)[0]
        yield Visit.model_construct(
            at_ms=at + random.randrange(20_000),
            ticket=f"{flow.prefix}{number:03}",
            serve_s=random.randrange(40, round(flow.every_s) - 140),
            waited_s=random.randrange(0, 1200),
            ended=True,
            score=mood and mood + scale - 3,
            after_s=random.randrange(1500, 15_000) / 1000,
        )


def _visit_acts(visit: Visit, desk: Desk, seed: int) -> Iterator[Act]:
    if not visit.ticket:
        return
    yield Act(visit.at_ms, Said("begin", visit.ticket, visit.waited_s))
    if visit.ended:
        yield Act(visit.end_ms, Said("end", visit.ticket))
    if visit.score:
        pressed = visit.end_ms + round(visit.after_s * 1000)
        yield from _touch_acts(pressed, Touch.PRESS, visit.score, desk, f"{seed}/{visit.ticket}")
        if visit.score <= desk.bad_upto:
            yield Act(pressed + SIGNAL_MS, Looked())


def _hand_acts(hand: Hand, desk: Desk, seed: int) -> Iterator[Act]:
    yield from _touch_acts(hand.at_ms, hand.touch, hand.score, desk, f"{seed}/{hand.at_ms}")
    if hand.free_s:
        yield Act(hand.at_ms + round(hand.free_s * 1000), Moved(hand.score - 1, False))
    if hand.ticket and hand.score <= desk.bad_upto:
        yield Act(hand.at_ms + SIGNAL_MS, Looked())


def _touch_acts(at_ms: int, touch: Touch, score: int, desk: Desk, seed: str) -> Iterator[Act]:
    for edge in touch_edges(touch, score - 1, desk.scale, seed):
        yield Act(at_ms + edge.at_ms, Moved(edge.key, edge.closed))


def _presence(visits: Sequence[Visit]) -> list[tuple[int, bool]]:
    """Changes of the presence sensor: who comes while another still stands there makes none."""
    spans: list[tuple[int, int]] = []
    for visit in visits:
        came, left = visit.at_ms - BEFORE_MS, visit.end_ms + AFTER_MS
        if spans and came <= spans[-1][1]:
            came, left = spans[-1][0], max(left, spans.pop()[1])
        spans.append((came, left))
    return [change for came, left in spans for change in ((came, True), (left, False))]
