"""What may be answered to a task, as a table: done with its proof, or unsafe and not done, which is a full answer."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cloud_gateway.plans.model import Proof, Standing, Step, Task, TaskState
from cloud_gateway.plans.safety import find_danger, proof_asked

#: From where a task may go by an answer. What was closed as unsafe may have been done before that.
ANSWERS: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.OPEN: frozenset({TaskState.DONE, TaskState.UNSAFE}),
    TaskState.CLOSED_UNSAFE: frozenset({TaskState.DONE, TaskState.UNSAFE}),
}


class Said(msgspec.Struct, frozen=True):
    """What somebody says became of a task; `photo` is the SHA-256 of the picture, hex."""

    state: TaskState
    note: str = ""
    photo: str = ""


class AnswerRefused(Exception):
    """An answer does not fit; `code` is stable: task_ended, proof_needed, no_photo_now."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def check_answer(state: TaskState, answer: TaskState, asked: Proof, note: str, photo: str) -> None:
    """See that an answer may be given to a task in `state`. Unsafe needs no proof. Raises AnswerRefused."""
    if answer not in ANSWERS.get(state, ()):
        raise AnswerRefused("task_ended", f"the task is {state.value}")
    if answer is TaskState.UNSAFE or state is TaskState.CLOSED_UNSAFE:
        return
    missing = (asked is Proof.PHOTO and not photo) or (asked is Proof.NOTE and not (note or photo))
    if missing:
        raise AnswerRefused("proof_needed", f"the task needs a {asked.value}")


def give_answer(task: Task, step: Step, standing: Standing, said: Said, by: str, now: int) -> Task:
    """The task as it is after an answer; the same answer again leaves it as it is. Raises AnswerRefused."""
    if (task.state, task.note, task.photo) == (said.state, said.note, said.photo):
        return task
    if said.photo and find_danger(step, standing, now) is not None:
        raise AnswerRefused("no_photo_now", "no photo is taken now: people come before goods")
    check_answer(task.state, said.state, proof_asked(step, standing, now), said.note, said.photo)
    return msgspec.structs.replace(task, ended_at=now, ended_by=by, **msgspec.structs.asdict(said))


def takes_photo(step: Step, standing: Standing, now: int) -> bool:
    """Whether a photo may be handed in: only where the step wants one, and nobody gets into danger for it."""
    return step.proof is Proof.PHOTO and find_danger(step, standing, now) is None
