"""The tasks that a message names: the steps of a site's plan that its hazard sets off and that are not ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cloud_gateway.outreach.facts import TaskFact
from cloud_gateway.plans.execution import due_at, is_set_off
from cloud_gateway.plans.model import Standing, Step, TaskState
from cloud_gateway.plans.safety import is_unsafe


class KnownTask(NamedTuple):
    """A task of a step as it stands already; `due_at` in ms UTC."""

    state: TaskState
    due_at: int


def tasks_to_tell(
    steps: Iterable[Step], standing: Standing, known: Mapping[str, KnownTask], at: int
) -> tuple[TaskFact, ...]:
    """By when they are due. Messages and tasks are made apart, so a step may have no task yet.

    Its deadline is then counted from `at` (ms UTC), when the event changed; `known` are tasks by step. What was done,
    or answered, is not told again.
    """
    found = [
        TaskFact(
            text=step.text,
            text_zh=step.text_zh,
            owner=step.owner,
            due_at=known[step.name].due_at if _is_open(known.get(step.name)) else due_at(step, standing, at),
            unsafe=is_unsafe(step, standing, at),
        )
        for step in steps
        if is_set_off(step, standing) and not _is_ended(known.get(step.name))
    ]
    return tuple(sorted(found, key=lambda task: (task.unsafe, task.due_at)))


def _is_open(task: KnownTask | None) -> bool:
    return task is not None and task.state is TaskState.OPEN


def _is_ended(task: KnownTask | None) -> bool:
    return task is not None and task.state in {TaskState.DONE, TaskState.UNSAFE}
