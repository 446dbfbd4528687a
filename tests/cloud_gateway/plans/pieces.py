"""A plan with one step of every kind, and standings, for tests of plans."""

from __future__ import annotations

from cloud_gateway.plans.model import Plan, Proof, Standing, Step
from cloud_gateway.warnings.model import Level

HOUR = 3_600_000
NOW = 1_790_000_000_000

DRAINS = Step(
    "clear-drains", "Clear the drains", "疏通排水沟", "customer", Level.MINOR,
    lead_s=4 * 3600, outdoor=True, safe_lead_s=2 * 3600, proof=Proof.PHOTO,
)  # fmt: skip
LIFT = Step("lift-goods", "Lift the goods", "垫高货物", "customer", Level.MODERATE, deadline_s=7200, proof=Proof.PHOTO)
LOOK = Step("look", "Look at the dyke", "巡查围堰", "branch", Level.SEVERE, deadline_s=3600, inspection=True)
CALL = Step("call-crew", "Call in the crew", "召集人员", "branch", Level.SEVERE, deadline_s=1800, proof=Proof.NOTE)
LEAVE = Step("leave", "Everybody leaves", "全员撤离", "customer", Level.EXTREME, deadline_s=900)
STEPS = (DRAINS, LIFT, LOOK, CALL, LEAVE)
PLAN = Plan("plan-1", "site-1", "rainstorm", 1, STEPS, NOW + 1000 * HOUR, NOW - HOUR, "demo")


def standing(
    holds: Level, level: Level | None = None, *, onset: int = NOW - HOUR, closed: bool = False, number: int = 1
) -> Standing:
    """Of one event: in force, or with `level` to come at `onset`."""
    return Standing("event-1", holds, holds if level is None else level, onset, number, closed)
