"""The words for how an alarm stands."""

from __future__ import annotations

from cloud_gateway.alarms.hand import Hand, Kind, State, Step
from cloud_gateway.alarms.store_hand import Shown
from cloud_gateway.console.labels import Labels
from edge_agent.web.words import _

SHOWN = {
    Shown.OPEN: _("not closed"),
    Shown.MINE: _("mine"),
    Shown.UNASSIGNED: _("nobody's"),
    Shown.ALL: _("all"),
}
#: What the device says of it, where it is not crossed any more.
ENDS = {State.CLEARED: _("cleared"), State.CLOSED: _("closed")}
STEPS = {
    Kind.ACKNOWLEDGED: _("acknowledged it"),
    Kind.ASSIGNED: _("gave it to %(whom)s"),
    Kind.NOTED: _("noted"),
    Kind.CLOSED: _("closed it"),
    Kind.REOPENED: _("opened it again"),
}


def say_holder(labels: Labels, hand: Hand) -> str:
    """Who has an alarm."""
    if hand.state is State.CLOSED:
        return labels.text(_("closed by %(name)s"), name=hand.closed_by)
    if hand.assignee:
        return labels.text(_("with %(name)s"), name=hand.assignee)
    if hand.acknowledged_by:
        return labels.text(_("seen by %(name)s"), name=hand.acknowledged_by)
    return labels.text(_("nobody has it"))


def say_step(labels: Labels, step: Step) -> str:
    """What a person did; their words stand beside it."""
    if step.kind is Kind.ASSIGNED and not step.whom:
        return labels.text(_("gave it back"))
    if step.kind is Kind.CLOSED and step.crossed:
        return labels.text(_("closed it while its threshold was crossed"))
    said = STEPS[step.kind]
    return labels.text(said, whom=step.whom) if step.whom else labels.text(said)
