"""A complaint as it is entered, as it stands, and what is refused; pure."""

from __future__ import annotations

from datetime import date

import msgspec

from cloud_gateway.complaints.lifecycle import Course, State, Step


class NobodyMay(Exception):
    """Every handler is absent, lacks the skill, or has an interest in the matter."""


class NotTheHandler(Exception):
    """Only the handler of a case answers it and decides its review."""


class NewComplaint(msgspec.Struct, frozen=True):
    """A complaint as it is received. `person` and `contact`: who complains, up to five names for those together."""

    kind: str
    channel: str
    text: str
    person: str = ""
    contact: str = ""
    station: str = ""
    clerk: str = ""
    people: int = 1
    by_head: bool = False


class Deed(msgspec.Struct, frozen=True):
    """A step that somebody takes. `approved_by`: the higher body that allowed more time."""

    step: Step
    by: str
    text: str = ""
    approved_by: str = ""


class Line(msgspec.Struct, frozen=True):
    """A step that was taken; texts are None once they were masked or erased. `place`: of its entry in the log."""

    number: int
    step: Step
    state: State
    at: int
    by: str
    to: str
    due: date
    place: int
    text: str | None = None
    approved_by: str | None = None


class Case(msgspec.Struct, frozen=True):
    """A complaint as it stands."""

    number: str
    kind: str
    channel: str
    station: str
    clerk: str
    zone: str
    rule: str
    received_at: int
    course: Course
    handler: str | None
    answered_by: str | None
    people: int
    by_head: bool
    place: int
    first_due: date
    first_answered: date | None
