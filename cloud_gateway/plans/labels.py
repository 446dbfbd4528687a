"""The words of the pages of plans, tasks and the flood network."""

from __future__ import annotations

from cloud_gateway.devices.condition import Tone
from cloud_gateway.plans.model import Proof, TaskState
from cloud_gateway.plans.network import Kind, RequestState
from cloud_gateway.plans.safety import Danger
from cloud_gateway.warnings.model import Level
from edge_agent.web.words import _

#: From which level on; no signal colour is shown for it, a plan is no warning.
LEVELS = {
    Level.MINOR: _("from blue on"),
    Level.MODERATE: _("from yellow on"),
    Level.SEVERE: _("from orange on"),
    Level.EXTREME: _("under red"),
}
DRILL_LEVELS = {Level.MINOR: _("blue"), Level.MODERATE: _("yellow"), Level.SEVERE: _("orange"), Level.EXTREME: _("red")}
PROOFS = {Proof.NONE: _("no proof"), Proof.NOTE: _("proof: note"), Proof.PHOTO: _("proof: photo")}
TASK_TONES = {TaskState.OPEN: Tone.LATE, TaskState.DONE: Tone.OK}
#: What a state means for whoever opens the task.
MEANINGS = {
    TaskState.OPEN: "",
    TaskState.DONE: _("Done. Nothing more is asked."),
    TaskState.UNSAFE: _("Unsafe, not done: that is a full answer. Nobody asks again."),
    TaskState.ROLLED_BACK: _("Taken back, because the warning was lowered or is over. It need not be done."),
    TaskState.CLOSED_UNSAFE: _(
        "Closed, because nobody may go out for it. Leave it undone. If it was done before, say so below."
    ),
}
TAKEN_BACK_BY_DRILL = _("Taken back, because the drill has ended.")
#: Why nobody goes out, and why no photo is taken.
DANGERS = {
    Danger.RED: _("Red is in force."),
    Danger.RED_NEAR: _("Red begins at %(time)s, and from 6 h before it everybody stays in."),
    Danger.BEGUN: _("It has begun, and the time in which this task is safe is over until the all-clear."),
    Danger.NEAR: _("It begins at %(time)s, and the time in which this task is safe ends %(lead)s before."),
}
STAY_IN = _("Nobody goes out for this task now.")
NO_PHOTO = _("No photo is taken now: people come before goods. Answer without one.")
REFUSALS = {
    "task_ended": _("The task has ended meanwhile; your answer was not kept."),
    "needs_photo": _("Add a photo, or answer that it was unsafe and not done."),
    "needs_note": _("Write a note, or answer that it was unsafe and not done."),
    "no_photo_now": NO_PHOTO,
    "no_picture": _("This file is no photo. Choose a JPEG, PNG or WebP picture."),
    "not_kept": _("The photo could not be kept here. Try again, or answer without it and tell operations."),
}
KINDS = {
    Kind.PUMP: _("pumps"),
    Kind.SANDBAGS: _("sandbags"),
    Kind.VEHICLE: _("vehicles"),
    Kind.GENERATOR: _("generators"),
    Kind.CREW: _("crews"),
    Kind.BOAT: _("boats"),
}
REQUEST_STATES = {
    RequestState.ASKED: (Tone.LATE, _("asked for")),
    RequestState.ACCEPTED: (Tone.OK, _("accepted")),
    RequestState.ARRIVED: (Tone.OK, _("arrived")),
    RequestState.DECLINED: (Tone.OFF, _("declined")),
    RequestState.RETURNED: (Tone.OFF, _("handed back")),
}
#: What the buttons of a request say, in the order in which they stand.
MOVES = {
    RequestState.ACCEPTED: _("They accept"),
    RequestState.ARRIVED: _("It has arrived"),
    RequestState.RETURNED: _("Handed back"),
    RequestState.DECLINED: _("They decline"),
}
CONTACTS = {"recipient": _("is told of warnings"), "partner": _("partner of the flood network")}
