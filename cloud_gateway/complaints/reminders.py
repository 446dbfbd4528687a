"""When a handler is reminded of a last day, and who else once it has passed: dated rules as data. Pure.

A stage is how many days are left when it begins; after the last day each day is a stage of its own, below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from gettext import NullTranslations
from typing import NamedTuple

from cloud_gateway.complaints.deadlines import NoRule, local_day
from cloud_gateway.complaints.kinds import kind_of

HOUR_MS = 3_600_000


class Matter(StrEnum):
    """What somebody is reminded of."""

    COMPLAINT = "complaint"
    CALL_BACKS = "call-backs"  # all of one handler with one last day


@dataclass(frozen=True)
class ReminderRule:
    """From `since` on: the stages before and on the last day, and the local hour at which a day's reminders begin."""

    version: str
    since: date
    stages: Mapping[Matter, tuple[int, ...]]
    hour: int
    source: str


RULES: tuple[ReminderRule, ...] = (
    ReminderRule(
        "house-1",
        date(1970, 1, 1),
        {Matter.COMPLAINT: (5, 1, 0), Matter.CALL_BACKS: (1, 0)},
        hour=8,
        source="rule of this house; no regulation asks for reminders",
    ),
)
#: More days ahead nobody looks.
MOST_AHEAD = max(stage for rule in RULES for stages in rule.stages.values() for stage in stages)


class Due(NamedTuple):
    """Something open. `of`: number of a complaint, or whose call-backs; `detail`: kind, or how many there are."""

    matter: Matter
    of: str
    due: date
    zone: str
    handler: str
    detail: str


class Person(NamedTuple):
    """Where a handler gets mail, "" for nowhere, and which handler stands above."""

    mail: str
    above: str


class Key(NamedTuple):
    """What is told once: to one person, of one last day, at one stage."""

    matter: str
    of: str
    due: str
    stage: int
    to: str


class Owed(NamedTuple):
    """A reminder that holds now."""

    key: Key
    mail: str
    detail: str


def rule_of(day: date, rules: Sequence[ReminderRule] = RULES) -> ReminderRule:
    """The rule of a local day. Raises NoRule."""
    known = [rule for rule in rules if rule.since <= day]
    if not known:
        raise NoRule(f"no rule of reminders is entered for {day}")
    return max(known, key=lambda rule: rule.since)


def stage_of(due: date, today: date, stages: Iterable[int]) -> int | None:
    """The stage that holds today, None when it is too early; a stage missed while nothing ran holds until the next."""
    left = (due - today).days
    return left if left < 0 else min((stage for stage in stages if stage >= left), default=None)


def owed(
    things: Iterable[Due], people: Mapping[str, Person], now: int, rules: Sequence[ReminderRule] = RULES
) -> list[Owed]:
    """All reminders that hold at `now` (ms UTC), sent or not; who has no address is left out."""
    return [one for thing in things for one in _owed_of(thing, people, now, rules)]


def _owed_of(thing: Due, people: Mapping[str, Person], now: int, rules: Sequence[ReminderRule]) -> Iterator[Owed]:
    rule = rule_of(local_day(now, thing.zone), rules)
    stage = stage_of(thing.due, local_day(now - rule.hour * HOUR_MS, thing.zone), rule.stages[thing.matter])
    if stage is None:
        return
    handler = people.get(thing.handler)
    above = handler.above if handler and stage < 0 else ""
    for name in dict.fromkeys((thing.handler, above)):
        if name in people and people[name].mail:
            yield Owed(Key(thing.matter, thing.of, str(thing.due), stage, name), people[name].mail, thing.detail)


class Said(NamedTuple):
    """The words of a mail."""

    subject: str
    body: str


def write(one: Owed, origin: str, chinese: NullTranslations) -> Said:
    """Number, kind, last day and link, in both languages; no word of a customer's, and nobody's name."""
    key = one.key
    is_late = key.stage < 0
    if key.matter == Matter.COMPLAINT:
        kind = kind_of(one.detail).name
        what = (f"投诉 {key.of}（{chinese.gettext(kind)}）", f"Complaint {key.of} ({kind})")
        link = f"{origin}/complaints/{key.of}"
    else:
        what = (f"待回访 {one.detail} 件", f"Call-backs still to be made: {one.detail}")
        link = f"{origin}/call-backs"
    last = (f"{'已超过' if is_late else ''}最后期限 {key.due}", f"last day {key.due}{', passed' if is_late else ''}")
    head = "【已逾期】" if is_late else "【提醒】"
    lines = [f"{what[0]}：{last[0]}。", f"{what[1]}: {last[1]}.", *([link] if origin else [])]
    return Said(f"{head}{what[0]}，{last[0]} / {what[1]}, {last[1]}", "\n".join(lines) + "\n")
