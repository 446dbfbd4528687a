"""When nobody is sent out any more, and no photo is asked for: people come before goods."""

from __future__ import annotations

from enum import StrEnum

from cloud_gateway.plans.model import Proof, Standing, Step
from cloud_gateway.warnings.model import Level

#: The red typhoon signal announces what comes within 6 h (CMA Order No. 16 of 2007): so long before a red onset, of
#: whatever hazard, everybody is in at the latest.
RED_LEAD_S = 6 * 3600
ALREADY = 0


class Danger(StrEnum):
    """Why nobody goes out for a step, or takes a photo of it."""

    RED = "red"
    RED_NEAR = "red-near"
    BEGUN = "begun"
    NEAR = "near"


def unsafe_from(step: Step, standing: Standing) -> int | None:
    """From when (ms UTC) nobody goes out for a step; None: never as things stand, or nobody has to go out."""
    return _danger_from(step, standing) if step.goes_out else None


def is_unsafe(step: Step, standing: Standing, now: int) -> bool:
    """Whether nobody may go out for it at `now`."""
    begins = unsafe_from(step, standing)
    return begins is not None and now >= begins


def proof_asked(step: Step, standing: Standing, now: int) -> Proof:
    """What is asked as proof at `now`: no photo while taking it would put anybody in danger."""
    is_danger = find_danger(step, standing, now) is not None
    return Proof.NONE if is_danger and step.proof is Proof.PHOTO else step.proof


def find_danger(step: Step, standing: Standing, now: int) -> Danger | None:
    """What forbids to go out for a step, and to take a photo of it, at `now`; None: nothing does."""
    begins = _danger_from(step, standing)
    if begins is None or now < begins:
        return None
    if standing.holds >= Level.EXTREME:
        return Danger.RED
    if standing.holds and step.safe_lead_s:
        return Danger.BEGUN
    is_red = standing.level >= Level.EXTREME and now >= standing.onset - RED_LEAD_S * 1000
    return Danger.RED_NEAR if is_red else Danger.NEAR


def _danger_from(step: Step, standing: Standing) -> int | None:
    if standing.closed or not standing.level:
        return None
    if standing.holds >= Level.EXTREME or (standing.holds and step.safe_lead_s):
        return ALREADY
    lead_s = max(step.safe_lead_s, RED_LEAD_S if standing.level >= Level.EXTREME else 0)
    return standing.onset - lead_s * 1000 if lead_s else None
