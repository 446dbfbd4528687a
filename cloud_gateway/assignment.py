"""Fair assignment: who of several people takes a piece of work; the same for complaints, call-backs and inspections.

Pure. A piece of work goes to whoever has the least weight in hand among those who may take it: present that day, with
the skill, and without an interest in the matter. Ties go to whoever was given nothing for longest, then to the first
id, so that the same facts always deal out the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum


@dataclass(frozen=True)
class Absence:
    """Away on these local days, both included."""

    since: date
    until: date


@dataclass(frozen=True)
class Worker:
    """Somebody who can be given work.

    `load`: the weights of the open work in hand, added up. `interests`: who they are, whom they manage, whatever
    matter they have a part in. `given_at`: ms UTC of the last work given; 0 for never.
    """

    id: str
    load: int = 0
    skills: frozenset[str] = frozenset()
    interests: frozenset[str] = frozenset()
    absences: tuple[Absence, ...] = ()
    given_at: int = 0


@dataclass(frozen=True)
class Work:
    """A piece of work. `concerns`: whom and what it is about; `skill`: needed, empty for none; `weight` 1 or more."""

    id: str
    weight: int = 1
    skill: str = ""
    concerns: frozenset[str] = frozenset()


class Bar(StrEnum):
    """Why somebody may not take a piece of work."""

    INTEREST = "interest"
    ABSENT = "absent"
    SKILL = "skill"


@dataclass(frozen=True)
class Dealt:
    """Who takes a piece of work; `worker` is None when nobody may."""

    work: str
    worker: str | None


def find_bar(worker: Worker, work: Work, day: date) -> Bar | None:
    """The gravest reason why this person may not take this work that day; None when there is none."""
    if worker.interests & work.concerns:
        return Bar.INTEREST
    if any(absence.since <= day <= absence.until for absence in worker.absences):
        return Bar.ABSENT
    if work.skill and work.skill not in worker.skills:
        return Bar.SKILL
    return None


def choose_worker(work: Work, workers: Iterable[Worker], day: date) -> Worker | None:
    """Who takes this one piece of work; None when nobody may."""
    may = [worker for worker in workers if find_bar(worker, work, day) is None]
    return min(may, key=lambda one: (one.load, one.given_at, one.id), default=None)


def deal_out(works: Iterable[Work], workers: Sequence[Worker], day: date, now: int) -> list[Dealt]:
    """Deal out several pieces, the heaviest first, equal weights by id; `now` ms UTC becomes the time of giving.

    Where everybody may take everything and all begin with the same load, loads differ at the end by no more than the
    heaviest piece (Graham's list scheduling, 1966).
    """
    hands = {worker.id: worker for worker in workers}
    dealt = []
    for turn, work in enumerate(sorted(works, key=lambda one: (-one.weight, one.id))):
        worker = choose_worker(work, hands.values(), day)
        dealt.append(Dealt(work.id, worker.id if worker else None))
        if worker is not None:
            hands[worker.id] = replace(worker, load=worker.load + work.weight, given_at=now + turn)
    return dealt
