"""What a chain of messages amounts to: the course of one official warning, as the lifecycle derives it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from cloud_gateway.warnings.model import AlertKey, Finding, Level


class State(StrEnum):
    """Where a warning stands. Only UPDATED to DOWNGRADED and IN_FORCE are in force."""

    SCHEDULED = "scheduled"
    IN_FORCE = "in-force"
    UPDATED = "updated"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    NOT_FOR_PUBLIC = "not-for-public"  # Test, Exercise, System, Draft, Ack, Error: kept, shown to staff, told to nobody


IN_FORCE = frozenset({State.IN_FORCE, State.UPDATED, State.UPGRADED, State.DOWNGRADED})


class Step(msgspec.Struct, frozen=True):
    """One change in a warning's course: when, to what, and which message (or closing) did it."""

    at: int
    state: State
    level: Level
    by: AlertKey


class Closing(msgspec.Struct, frozen=True):
    """A duty engineer's word that a warning without an end is over; signed off by name and reason.

    It ends the messages without an end that its chain had up to `at`; those with an end hold until then.
    """

    member: AlertKey
    at: int
    by: str
    reason: str


class Course(msgspec.Struct, frozen=True):
    """One warning: all messages of its chain and what they amount to at one time.

    `root` is the oldest key known (a head never seen is known by reference only), `head` the newest message that
    counts. `ends` is the hazard's end where one is known; None: it never expires by itself, and from
    `unconfirmed_since` on it is shown as "not confirmed since" while it stays in force. `steps` is in order of time.
    `level` is what holds or is to come: NONE once it is over and for what is not for the public; `steps` tell what was.
    `standing` are all messages that hold or are to (an office may split a warning by area); `turns` the moments ahead
    at which time alone may change the course.
    """

    root: AlertKey
    head: AlertKey
    members: tuple[AlertKey, ...]
    superseded: tuple[AlertKey, ...]
    hazard: str
    issuer: str
    state: State
    level: Level
    since: int
    changed_at: int
    onset: int
    ends: int | None
    unconfirmed_since: int | None
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...] = ()
    standing: tuple[AlertKey, ...] = ()
    turns: tuple[int, ...] = ()

    @property
    def in_force(self) -> bool:
        """Whether the warning holds now."""
        return self.state in IN_FORCE
