"""What the pages of warnings read: hazard events with all that belongs to them; times are ms UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from cloud_gateway.exposures.score import Reason
from cloud_gateway.outreach.fallback import FailedWay
from cloud_gateway.sites.store import Site
from cloud_gateway.warnings.course import Course, State
from cloud_gateway.warnings.model import Alert, Level
from cloud_gateway.warnings.views import Signed


class Event(msgspec.Struct, frozen=True):
    """A hazard event as its row has it. `holds` is in force, `level` that or what is to come from `onset` on."""

    id: str
    site: str
    hazard: str
    simulated: bool
    holds: Level
    level: Level
    peak: Level
    warning: str | None
    gauge: str
    onset: int
    warned_at: int | None
    gauge_at: int | None
    confirmed: bool
    priority: float
    reasons: tuple[Reason, ...]
    opened_at: int
    changed_at: int
    closed_at: int | None

    @property
    def shown(self) -> Level:
        """What it is shown at: the level it has, or, once it is over, the gravest that it had."""
        return self.peak if self.closed_at is not None else self.level


class Change(msgspec.Struct, frozen=True):
    """One change of an event; `cause` is the id of a warning, or device/rule of our own gauge."""

    event: str
    number: int
    change: str
    level: Level
    at: int
    onset: int
    cause: str


class Word(msgspec.Struct, frozen=True):
    """One message of a warning as its issuer published it, and when it came here."""

    id: str
    warning: str
    source: str
    received_at: int
    signature: str
    alert: Alert


class Warned(msgspec.Struct, frozen=True):
    """A warning with the message that heads it."""

    id: str
    hazard: str
    issuer: str
    state: State
    level: Level
    since: int
    ends: int | None
    unconfirmed_since: int | None
    simulated: bool
    course: Course
    head: Word


class Touched(msgspec.Struct, frozen=True):
    """A site that a warning touches: why, and how sure."""

    warning: str
    site: str
    hazard: str
    why: str
    sure: str
    level: Level
    holds: Level
    detail: str
    distance_m: float
    repaired: bool
    since: int
    until: int | None


class Told(msgspec.Struct, frozen=True):
    """A message to one person about an event; `channel` is its way now, `failed_ways` those that did not bring it."""

    id: str
    event: str
    recipient: str
    name: str
    role: str
    phone: str
    channel: str
    change: str
    level: Level
    step: str
    state: str
    made_at: int
    due_at: int
    sent_at: int | None
    ended_at: int | None
    answer_needed_by: int | None
    error: str
    simulated: bool
    failed_ways: tuple[FailedWay, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """What somebody answered to a message; `by` is "link", or who wrote down a call."""

    message: str
    at: int
    by: str
    choice: str
    note: str


class Person(msgspec.Struct, frozen=True):
    """Somebody who is to be told about a site."""

    id: str
    name: str
    role: str
    least: Level
    hazards: tuple[str, ...]
    contact_checked_at: int | None


class Task(msgspec.Struct, frozen=True):
    """A step of an emergency plan that an event has set off."""

    id: str
    event: str
    owner: str
    text: str
    text_zh: str
    state: str
    due_at: int
    ended_at: int | None
    ended_by: str
    drill: bool


class Handover(msgspec.Struct, frozen=True):
    """A duty engineer's notes to the next one; `events` are those that were open then."""

    id: str
    at: int
    by: str
    text: str
    events: tuple[str, ...]
    taken_by: str | None
    taken_at: int | None


class SourceState(msgspec.Struct, frozen=True):
    """How a source of warnings does."""

    name: str
    answered_at: int | None
    changed_at: int | None
    failures: int
    error: str
    silent_since: int | None


@dataclass(frozen=True)
class Case:
    """Events with all that belongs to them, read in one snapshot."""

    events: Sequence[Event]
    sites: Mapping[str, Site]
    changes: Sequence[Change] = ()
    warnings: Mapping[str, Warned] = field(default_factory=dict)
    words: Sequence[Word] = ()
    touched: Sequence[Touched] = ()
    told: Sequence[Told] = ()
    answers: Sequence[Answer] = ()
    people: Sequence[Person] = ()
    people_of: str = ""  # the site whose people these are
    tasks: Sequence[Task] = ()
    closings: Sequence[Signed] = ()  # of the warnings
