"""How an alarm stands, from what people did about it and whether its threshold is still crossed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from edge_agent.web.paging import Time


class Kind(StrEnum):
    """What a person can do about an alarm."""

    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    NOTED = "noted"
    CLOSED = "closed"
    REOPENED = "reopened"


class State(StrEnum):
    """How an alarm stands; `cleared`: the device says that it is over, and nobody has closed it yet."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    CLEARED = "cleared"
    CLOSED = "closed"


@dataclass(frozen=True)
class Step:
    """One thing that a person did. `whom` has the alarm from then on; `crossed`: closed although still crossed."""

    at: Time
    by: str
    kind: Kind
    whom: str = ""
    text: str = ""
    crossed: bool = False


@dataclass(frozen=True)
class Hand:
    """How an alarm stands, and in whose hands. `again`: it came back after it had been closed."""

    state: State = State.OPEN
    acknowledged_by: str = ""
    acknowledged_at: Time | None = None
    assignee: str = ""
    closed_by: str = ""
    closed_at: Time | None = None
    reason: str = ""
    despite: bool = False
    again: bool = False

    @property
    def holder(self) -> str:
        """Who has it: to whom it was given, else who acknowledged it; empty: nobody."""
        return self.assignee or self.acknowledged_by


def stand(steps: Sequence[Step], crossed: bool) -> Hand:
    """How an alarm stands after its steps, in their order; `crossed`: the device has not cleared it.

    A closing of an alarm that was clear ends with its next crossing; one signed although the threshold was crossed
    holds until the device raises anew, which is another alarm. What comes back is in nobody's hands.
    """
    hand = Hand()
    for step in steps:
        hand = _follow(hand, step)
    if hand.closed_at is not None and crossed and not hand.despite:
        hand = Hand(again=True)
    return replace(hand, state=_judge(hand, crossed))


def _follow(hand: Hand, step: Step) -> Hand:
    if step.kind in (Kind.ACKNOWLEDGED, Kind.ASSIGNED) and hand.closed_at is not None:
        hand = Hand(again=True)  # nobody takes a closed alarm: it had come back by itself
    match step.kind:
        case Kind.ACKNOWLEDGED:
            return replace(hand, acknowledged_by=step.by, acknowledged_at=step.at)
        case Kind.ASSIGNED:
            return replace(hand, assignee=step.whom)
        case Kind.CLOSED:
            closed = replace(hand, closed_by=step.by, closed_at=step.at, reason=step.text)
            return replace(closed, despite=step.crossed, again=False)
        case Kind.REOPENED:
            return replace(hand, closed_by="", closed_at=None, reason="", despite=False, again=True)
        case Kind.NOTED:
            return hand


def _judge(hand: Hand, crossed: bool) -> State:
    if hand.closed_at is not None:
        return State.CLOSED
    if not crossed:
        return State.CLEARED
    if hand.assignee:
        return State.ASSIGNED
    return State.ACKNOWLEDGED if hand.acknowledged_by else State.OPEN


def possible(hand: Hand) -> frozenset[Kind]:
    """What can be done about an alarm that stands so."""
    if hand.state is State.CLOSED:
        return frozenset({Kind.NOTED, Kind.REOPENED})
    acts = {Kind.ASSIGNED, Kind.NOTED, Kind.CLOSED}
    return frozenset(acts if hand.acknowledged_by else acts | {Kind.ACKNOWLEDGED})


def changes(hand: Hand, step: Step) -> bool:
    """Whether a step changes anything: a second click, or a second person, acknowledges once."""
    if step.kind is Kind.ACKNOWLEDGED:
        return not hand.acknowledged_by
    return step.kind is not Kind.ASSIGNED or step.whom != hand.assignee
