"""What the pages say of states, steps, outcomes and days left; message ids with the tone of each."""

from __future__ import annotations

from cloud_gateway.complaints.kinds import CHANNELS, KINDS
from cloud_gateway.complaints.lifecycle import State, Step
from cloud_gateway.devices.condition import Tone
from edge_agent.web.words import _

STATES: dict[State, tuple[Tone, str]] = {
    State.RECEIVED: (Tone.BAD, _("has no handler")),
    State.ASSIGNED: (Tone.LATE, _("being handled")),
    State.ANSWERED: (Tone.OFF, _("answered, the customer has the word")),
    State.CONFIRMED: (Tone.OK, _("confirmed by the customer")),
    State.REVIEW: (Tone.LATE, _("under review")),
    State.REVIEWED: (Tone.OK, _("review decided")),
    State.WITHDRAWN: (Tone.OFF, _("withdrawn")),
}
STEPS: dict[Step, str] = {
    Step.RECEIVE: _("Received"),
    Step.ASSIGN: _("Given to a handler"),
    Step.CALL_COMPLEX: _("Called complex"),
    Step.EXTEND: _("Given more time"),
    Step.ANSWER: _("Answered"),
    Step.CONFIRM: _("Confirmed by the customer"),
    Step.REOPEN: _("Reopened by the customer"),
    Step.ASK_REVIEW: _("Review asked for by the customer"),
    Step.DECIDE_REVIEW: _("Review decided"),
    Step.WITHDRAW: _("Withdrawn by the customer"),
}
#: What the button of a step says.
DEEDS: dict[Step, str] = {
    Step.ASSIGN: _("Give it to somebody else"),
    Step.CALL_COMPLEX: _("Call it complex: 30 days in all"),
    Step.EXTEND: _("Take 30 days more"),
    Step.ANSWER: _("Give the answer"),
    Step.CONFIRM: _("The customer confirms"),
    Step.REOPEN: _("The customer has it reopened"),
    Step.ASK_REVIEW: _("The customer asks for a review"),
    Step.DECIDE_REVIEW: _("Decide the review"),
    Step.WITHDRAW: _("The customer withdraws it"),
}
#: Steps that need no words of their own.
SILENT = frozenset({Step.ASSIGN, Step.CONFIRM, Step.WITHDRAW})
ACTIONS: dict[str, tuple[Tone, str]] = {
    "open": (Tone.LATE, _("to be done")),
    "done": (Tone.LATE, _("done, effect to be checked")),
    "effective": (Tone.OK, _("has helped")),
    "not-effective": (Tone.BAD, _("has not helped")),
}
#: The levels of a rating, the worst first.
LEVELS: dict[int, tuple[str, ...]] = {
    3: (_("Not satisfied"), _("Fairly satisfied"), _("Satisfied")),
    5: (
        _("Very dissatisfied"),
        _("Dissatisfied"),
        _("Fairly satisfied"),
        _("Satisfied"),
        _("Very satisfied"),
    ),
}
CALL_STATES: dict[str, tuple[Tone, str]] = {
    "open": (Tone.LATE, _("to be called")),
    "reached": (Tone.OK, _("reached")),
    "wrong-number": (Tone.BAD, _("wrong number")),
}
RATING_CHANNELS = {"counter": _("Counter"), "phone": _("Telephone"), "web": _("Web")}
KIND_NAMES = {kind.code: kind.name for kind in KINDS}
CHANNEL_NAMES = dict(CHANNELS)
