"""What follows a bad rating: which rating is bad, and the short course of its follow-up. Pure.

A bad rating is no complaint. Somebody speaks with the customer where that is possible; it becomes a complaint only when
the customer makes it one.
"""

from __future__ import annotations

from enum import StrEnum

from cloud_gateway.ratings.model import BAD_UPTO
from edge_agent.web.words import _


class Outcome(StrEnum):
    """How a follow-up ended."""

    SETTLED = "settled"
    LEFT = "left"
    NO_REPLY = "no-reply"
    DECLINED = "declined"
    COMPLAINT = "complaint"


#: What the buttons say; a complaint has its own form, because the customer makes it.
OUTCOMES: dict[Outcome, str] = {
    Outcome.SETTLED: _("Spoken with, settled"),
    Outcome.LEFT: _("The customer had left"),
    Outcome.NO_REPLY: _("Could not be reached"),
    Outcome.DECLINED: _("Did not want to talk"),
}


def is_followed(scale: int, score: int) -> bool:
    """Whether a rating is bad enough to be followed up. Raises ValueError for what is no rating."""
    if scale not in BAD_UPTO or not 1 <= score <= scale:
        raise ValueError(f"{score} of {scale} is no rating")
    return score <= BAD_UPTO[scale]
