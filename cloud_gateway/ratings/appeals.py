"""A clerk's appeal against a rating: who may rule on it, and what an upheld one changes; pure.

The rating stays shown and counted whatever the ruling is: an appeal can only put a mark and a reason beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from cloud_gateway.ratings.replies import Outcome
from edge_agent.web.words import _


class Appeal(NamedTuple):
    """An appeal. `clerk_staff` is the clerk's own sign-in, empty without one; `manager` that of his manager."""

    place: int
    rating: int
    clerk: str
    clerk_staff: str
    manager: str
    filed_by: str
    ruled: bool


class Bias(StrEnum):
    """Why somebody may not rule."""

    RULED = "ruled"
    CLERK = "clerk"
    MANAGER = "manager"
    FILER = "filer"


class Mark(StrEnum):
    """What stands beside a rating that a clerk has appealed."""

    NONE = ""
    PENDING = "pending"
    UPHELD = "upheld"
    REJECTED = "rejected"


BIASES: dict[Bias, str] = {
    Bias.RULED: _("Somebody has ruled on this appeal already."),
    Bias.CLERK: _("Nobody rules on his own appeal."),
    Bias.MANAGER: _("The clerk's manager may not rule on it."),
    Bias.FILER: _("Who wrote the appeal down may not rule on it."),
}
MARKS: dict[Mark, tuple[str, str]] = {
    Mark.PENDING: ("late", _("A clerk has appealed")),
    Mark.UPHELD: ("off", _("Appeal upheld: the rating stays and counts")),
    Mark.REJECTED: ("off", _("Appeal rejected")),
}


def find_bias(appeal: Appeal, reviewer: str) -> Bias | None:
    """Why the member of staff `reviewer` (name) may not rule on the appeal; None when he may."""
    rules = (
        (appeal.ruled, Bias.RULED),
        (reviewer in (appeal.clerk, appeal.clerk_staff), Bias.CLERK),
        (reviewer == appeal.manager, Bias.MANAGER),
        (reviewer == appeal.filed_by, Bias.FILER),
    )
    return next((bias for applies, bias in rules if applies), None)


def mark_of(appealed: bool, outcomes: Sequence[str]) -> Mark:
    """The mark of a rating, from whether it was appealed and the outcomes of rulings."""
    if not appealed:
        return Mark.NONE
    return Mark(Outcome(outcomes[-1]).value) if outcomes else Mark.PENDING
