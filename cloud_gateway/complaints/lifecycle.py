"""The course of a complaint: which step follows which, and what each does to its deadlines. Pure.

A case is `received`, `assigned` to somebody without an interest in it, `answered`, and `confirmed` by the customer, who
may instead have it reopened, or ask for a `review`, which somebody else decides. Nobody but the customer confirms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from cloud_gateway.complaints.deadlines import Rule, day_after


class State(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    REVIEW = "review"
    REVIEWED = "reviewed"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What happens to a case."""

    RECEIVE = "receive"
    ASSIGN = "assign"
    CALL_COMPLEX = "call-complex"
    EXTEND = "extend"
    ANSWER = "answer"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    ASK_REVIEW = "ask-review"
    DECIDE_REVIEW = "decide-review"
    WITHDRAW = "withdraw"


_S, _T = State, Step
#: From a state, by a step, to a state; what is not here does not happen.
NEXT: dict[tuple[State, Step], State] = {
    (_S.RECEIVED, _T.ASSIGN): _S.ASSIGNED,
    (_S.RECEIVED, _T.WITHDRAW): _S.WITHDRAWN,
    (_S.ASSIGNED, _T.ASSIGN): _S.ASSIGNED,
    (_S.ASSIGNED, _T.CALL_COMPLEX): _S.ASSIGNED,
    (_S.ASSIGNED, _T.EXTEND): _S.ASSIGNED,
    (_S.ASSIGNED, _T.ANSWER): _S.ANSWERED,
    (_S.ASSIGNED, _T.WITHDRAW): _S.WITHDRAWN,
    (_S.ANSWERED, _T.CONFIRM): _S.CONFIRMED,
    (_S.ANSWERED, _T.REOPEN): _S.ASSIGNED,
    (_S.ANSWERED, _T.ASK_REVIEW): _S.REVIEW,
    (_S.CONFIRMED, _T.ASK_REVIEW): _S.REVIEW,
    (_S.REVIEW, _T.ASSIGN): _S.REVIEW,
    (_S.REVIEW, _T.DECIDE_REVIEW): _S.REVIEWED,
}
#: States in which the house has something to do.
OPEN = frozenset({State.RECEIVED, State.ASSIGNED, State.REVIEW})


class CannotFollow(Exception):
    """The step is not possible now; `code` says why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Course:
    """How far a case has come; days are local. `due` is the last day for what the house has to do next."""

    state: State
    received: date
    due: date
    complex: bool = False
    extended: bool = False
    answered: date | None = None
    review_asked: date | None = None


def begin(day: date, rule: Rule) -> Course:
    """A case that was received that day."""
    return Course(State.RECEIVED, day, day_after(day, rule.simple_days))


def take(course: Course, step: Step, day: date, rule: Rule) -> Course:
    """The case after a step on a local day. Raises CannotFollow."""
    state = NEXT.get((course.state, step))
    if state is None:
        raise CannotFollow("cannot_follow", f"{step} does not follow {course.state}")
    moved = replace(course, state=state)
    change = _CHANGES.get(step)
    return change(moved, day, rule) if change else moved


def _call_complex(course: Course, day: date, rule: Rule) -> Course:
    if course.complex:
        raise CannotFollow("complex_already", "the case is called complex already")
    if day > course.due:
        raise CannotFollow("too_late", f"the answer was due on {course.due}; a longer term is set before that")
    return replace(course, complex=True, due=day_after(course.due, rule.complex_days - rule.simple_days))


def _extend(course: Course, day: date, rule: Rule) -> Course:
    if not course.complex:
        raise CannotFollow("not_complex", "only a complex case can be given more time")
    if course.extended:
        raise CannotFollow("extended_already", "the case was given more time already, once is all")
    if day > course.due:
        raise CannotFollow("too_late", f"the answer was due on {course.due}; more time is asked for before that")
    return replace(course, extended=True, due=day_after(course.due, rule.extension_days))


def _answer(course: Course, day: date, _rule: Rule) -> Course:
    return replace(course, answered=day)


def _reopen(course: Course, day: date, rule: Rule) -> Course:
    """The clock begins again, as for a simple case: a decision of this house, no rule is known."""
    return replace(course, due=day_after(day, rule.simple_days), complex=False, extended=False, answered=None)


def _ask_review(course: Course, day: date, rule: Rule) -> Course:
    last = day_after(course.answered or course.received, rule.review_asked_days)
    if day > last:
        raise CannotFollow("too_late", f"a review could be asked for until {last}")
    return replace(course, review_asked=day, due=day_after(day, rule.review_days))


_CHANGES = {
    Step.CALL_COMPLEX: _call_complex,
    Step.EXTEND: _extend,
    Step.ANSWER: _answer,
    Step.REOPEN: _reopen,
    Step.ASK_REVIEW: _ask_review,
}


def possible(course: Course, day: date, rule: Rule) -> list[Step]:
    """The steps that may follow on a local day, in the order of the table."""
    return [step for state, step in NEXT if state is course.state and _may(course, step, day, rule)]


def _may(course: Course, step: Step, day: date, rule: Rule) -> bool:
    try:
        take(course, step, day, rule)
    except CannotFollow:
        return False
    return True


def days_left(course: Course, today: date) -> int | None:
    """Days until the last day, negative when it has passed; None when nothing is due."""
    return (course.due - today).days if course.state in OPEN else None
