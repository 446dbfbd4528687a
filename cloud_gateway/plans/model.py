"""The nouns of emergency plans: a site's plan against one hazard, its steps, and the tasks that an event sets off."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from cloud_gateway.warnings.model import Level

#: Roles of those who are told (outreach), any of whom may own a step; else a step's owner is the id of a recipient.
OWNERS = ("risk-engineer", "customer", "branch", "rescue")


class Proof(StrEnum):
    """What shows that a task was done."""

    NONE = "none"
    NOTE = "note"
    PHOTO = "photo"


class TaskState(StrEnum):
    """Where a task stands. `UNSAFE` is somebody's full answer; `CLOSED_UNSAFE` says that nobody may go out for it."""

    OPEN = "open"
    DONE = "done"
    UNSAFE = "unsafe-not-done"
    ROLLED_BACK = "rolled-back"
    CLOSED_UNSAFE = "closed-unsafe"


class Step(msgspec.Struct, frozen=True):
    """One thing to do, from `level` on.

    With `lead_s` it is preparation: set off by what is in force or to come, and due so long before the onset. Without,
    it is set off by what is in force, and due `deadline_s` later. A step that is `outdoor` or an `inspection` sends
    somebody out: nobody goes under red, nor from `safe_lead_s` before the onset on; 0 leaves red alone to forbid it.
    """

    name: str
    text: str
    text_zh: str
    owner: str
    level: Level
    deadline_s: int = 0
    lead_s: int | None = None
    outdoor: bool = False
    inspection: bool = False
    safe_lead_s: int = 0
    proof: Proof = Proof.NONE

    @property
    def goes_out(self) -> bool:
        """Whether somebody has to go out for it."""
        return self.outdoor or self.inspection


class Plan(msgspec.Struct, frozen=True):
    """One version of what a site does against a hazard; `review_by` and `made_at` are ms UTC."""

    id: str
    site: str
    hazard: str
    version: int
    steps: tuple[Step, ...]
    review_by: int
    made_at: int
    made_by: str


class Standing(msgspec.Struct, frozen=True):
    """How a hazard stands at a site: `holds` is in force, `level` that or what is to come, from `onset` (ms UTC) on."""

    event: str
    holds: Level
    level: Level
    onset: int
    number: int = 0
    closed: bool = False
    drill: bool = False


class Task(msgspec.Struct, frozen=True):
    """A step that an event or a drill has set off; times are ms UTC, `unsafe_at` is when nobody may go out any more."""

    id: str
    event: str
    plan: str
    step: str
    number: int
    level: Level
    owner: str
    text: str
    text_zh: str
    outdoor: bool
    inspection: bool
    safe_lead_s: int
    proof_needed: Proof
    state: TaskState
    made_at: int
    due_at: int
    unsafe_at: int | None = None
    ended_at: int | None = None
    ended_by: str = ""
    note: str = ""
    photo: str = ""
    drill: bool = False
