"""What may be answered to a task, as a table: done with its proof, or unsafe and not done, which is a full answer."""

from __future__ import annotations

from collections.abc import Mapping

from cloud_gateway.plans.model import Proof, TaskState

#: From where a task may go by an answer. What was closed as unsafe may have been done before that.
ANSWERS: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.OPEN: frozenset({TaskState.DONE, TaskState.UNSAFE}),
    TaskState.CLOSED_UNSAFE: frozenset({TaskState.DONE, TaskState.UNSAFE}),
}


class AnswerRefused(Exception):
    """An answer does not fit; `code` is stable: task_ended, proof_needed."""

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
