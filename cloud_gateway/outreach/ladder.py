"""The ladder: which steps a change sets off and when, who is asked next, and what an answer stops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

import msgspec

from cloud_gateway.outreach.model import Change, SiteChange
from cloud_gateway.outreach.settings import Rung
from cloud_gateway.warnings.model import Level

#: What sets off a ladder of its own; the steps that an earlier change of the event had left are stopped.
SETS_OFF = frozenset({Change.ADVICE, Change.RAISED, Change.UPGRADED})


class StepState(StrEnum):
    """Where a step stands. WAITING and MADE are open; the others end it."""

    WAITING = "waiting"  # for its time
    MADE = "made"  # its message is made; an answer may be waited for
    ANSWERED = "answered"
    ESCALATED = "escalated"  # nobody answered in time: the next try, if there is one, has a row of its own
    STOPPED = "stopped"  # overtaken: all-clear, downgrade, upgrade, or an answer to another message


class Choice(StrEnum):
    """What an answer says."""

    ACTING = "acting"
    UNSAFE = "unsafe"
    NEED_HELP = "need-help"
    NOT_MINE = "not-mine"


class Effect(StrEnum):
    """What an answer does to the ladder of the events it is about."""

    STOPS_ALL = "stops-all"
    ENDS_STEP = "ends-step"  # the others go on: help is still to be found
    NEXT_PERSON = "next-person"  # at once


EFFECTS = {
    Choice.ACTING: Effect.STOPS_ALL,
    Choice.UNSAFE: Effect.STOPS_ALL,
    Choice.NEED_HELP: Effect.ENDS_STEP,
    Choice.NOT_MINE: Effect.NEXT_PERSON,
}


class Step(msgspec.Struct, frozen=True):
    """A rung of one change of one event; `attempt` counts the persons tried, from 1."""

    event: str
    number: int
    name: str
    attempt: int
    due_at: int


def setting_off(changes: Iterable[SiteChange]) -> SiteChange | None:
    """Of changes of one event that come together, in order: the one that sets off the ladder, at the level it has now.

    None when there is none, or when it is over already.
    """
    found: SiteChange | None = None
    for one in changes:
        if one.change in SETS_OFF:
            found = one
        elif one.change is Change.CLEARED:
            found = None
        elif found is not None and one.change is Change.DOWNGRADED:
            found = msgspec.structs.replace(found, level=one.level)
    return found


def steps_of(change: SiteChange, ladder: Iterable[Rung], now: int) -> list[Step]:
    """The steps that a change sets off, in order of time.

    A rung whose time has passed is covered by the first word, which goes out now; only where an answer is needed it
    is a step all the same, due at once.
    """
    steps = [
        Step(change.event, change.number, rung.name, 1, max(_due(change, rung), now))
        for rung in ladder
        if rung.least <= change.level and (rung.answer_within_s or _due(change, rung) > now)
    ]
    return sorted(steps, key=lambda step: step.due_at)


def rung_reached(change: SiteChange, ladder: Iterable[Rung], now: int) -> Rung | None:
    """The last rung, of those that need no answer, whose time has come: the first word goes by its way."""
    passed = [
        rung for rung in ladder if not rung.answer_within_s and rung.least <= change.level and _due(change, rung) <= now
    ]
    return min(passed, key=lambda rung: rung.lead_s, default=None)


def outlives(rung: Rung | None, change: Change, level: Level) -> bool:
    """Whether an open step of an event stays open after a later change of it; a rung no longer in the settings never.

    CONFIRMED ends nothing.
    """
    if rung is None or change is Change.CLEARED or change in SETS_OFF:
        return False
    return rung.least <= level if change is Change.DOWNGRADED else True


def next_person(people: Sequence[str], tried: Collection[str]) -> str | None:
    """The first of the duty list that has not been tried yet."""
    return next((person for person in people if person not in tried), None)


def _due(change: SiteChange, rung: Rung) -> int:
    return (change.at if change.onset is None else change.onset) - rung.lead_s * 1000
