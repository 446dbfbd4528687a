"""Who was told about an event and what they answered: one line for each person. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cloud_gateway.board.model import Answer, Event, Person, Told
from cloud_gateway.devices.condition import Tone
from cloud_gateway.outreach.model import MessageState

REACHED_STATES = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.ANSWERED})
PENDING_STATES = frozenset({MessageState.QUEUED, MessageState.SENDING})


@dataclass(frozen=True)
class Standing:
    """How one person stands to one event.

    `state`: answered, unanswered (asked, and silent until now), told, pending, failed, or missed (nothing was made).
    `told_at` is the first message that left, `asked_at` since when an answer is waited for.
    """

    person: str
    name: str
    role: str
    state: str
    told: Sequence[Told] = ()
    told_at: int | None = None
    asked_at: int | None = None
    answer: Answer | None = None


@dataclass(frozen=True)
class Tally:
    """Numbers of persons. `waiting_since` is the oldest question without an answer."""

    all: int
    told: int
    answered: int
    unanswered: int
    failed: int
    waiting_since: int | None


TONES = {
    "answered": Tone.OK,
    "told": Tone.OK,
    "pending": Tone.LATE,
    "unanswered": Tone.BAD,
    "failed": Tone.BAD,
    "missed": Tone.OFF,
}


def standings(
    event: Event, people: Iterable[Person], told: Iterable[Told], answers: Mapping[str, Sequence[Answer]]
) -> list[Standing]:
    """Everybody who was told or should have been: those who have not answered first."""
    by_person: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_person[one.recipient].append(one)
    found = [_standing(messages, answers) for messages in by_person.values()]
    missing = (one for one in people if one.id not in by_person and is_meant(one, event))
    found += [Standing(one.id, one.name, one.role, "missed") for one in missing]
    order = ["unanswered", "failed", "missed", "pending", "told", "answered"]
    return sorted(found, key=lambda one: (order.index(one.state), one.role, one.name))


def is_meant(person: Person, event: Event) -> bool:
    """Whether a person of the site is to be told of such an event at all."""
    return person.least <= event.peak and (not person.hazards or event.hazard in person.hazards)


def _standing(messages: Sequence[Told], answers: Mapping[str, Sequence[Answer]]) -> Standing:
    first = messages[0]
    given = sorted((a for one in messages for a in answers.get(one.id, ())), key=lambda a: a.at)
    left = [one.sent_at for one in messages if one.sent_at is not None and one.state in REACHED_STATES]
    asked = [one.sent_at or one.due_at for one in messages if _is_asked(one)]
    state = _state(messages, bool(given), bool(asked))
    answer = given[-1] if given else None
    told_at, asked_at = min(left, default=None), min(asked, default=None)
    return Standing(first.recipient, first.name, first.role, state, tuple(messages), told_at, asked_at, answer)


def _is_asked(one: Told) -> bool:
    """Whether an answer to it is waited for."""
    return one.answer_needed_by is not None and one.state in REACHED_STATES - {MessageState.ANSWERED}


def _state(messages: Sequence[Told], answered: bool, asked: bool) -> str:
    if answered:
        return "answered"
    if asked:
        return "unanswered"
    states = {one.state for one in messages}
    if states & REACHED_STATES:
        return "told"
    if states & PENDING_STATES:
        return "pending"
    return "failed" if MessageState.FAILED in states else "missed"


def tally(lines: Sequence[Standing]) -> Tally:
    """The persons behind an event, counted."""
    states = [one.state for one in lines]
    waiting = (one.asked_at for one in lines if one.state == "unanswered" and one.asked_at is not None)
    return Tally(
        all=len(lines),
        told=sum(one.told_at is not None for one in lines),
        answered=states.count("answered"),
        unanswered=states.count("unanswered"),
        failed=states.count("failed") + states.count("missed"),
        waiting_since=min(waiting, default=None),
    )


def by_message(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    """Answers by the message that they answer."""
    found: dict[str, list[Answer]] = defaultdict(list)
    for one in answers:
        found[one.message].append(one)
    return found
