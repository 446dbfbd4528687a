"""What follows a bad rating: which rating is bad, and the short course of its follow-up. Pure.

A bad rating is no complaint. Somebody speaks with the customer where that is possible; it becomes a complaint only when
the customer makes it one.
"""

from __future__ import annotations

from enum import StrEnum

from edge_agent.web.words import _

#: The worst scores of a scale that are followed up: the bottom of three, the bottom two of five.
WORST = {3: 1, 5: 2}


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


def is_bad(scale: int, score: int) -> bool:
    """Whether a rating is followed up. Raises ValueError for what is no rating."""
    if scale not in WORST or not 1 <= score <= scale:
        raise ValueError(f"{score} of {scale} is no rating")
    return score <= WORST[scale]
