"""What a plan asks for as things stand: tasks to make, to take back and to close as unsafe; decided from that alone.

The same standing again asks for nothing new, so that it may be decided as often as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from cloud_gateway.plans.model import Plan, Standing, Step, Task, TaskState
from cloud_gateway.plans.safety import is_unsafe, unsafe_from


class Decision(msgspec.Struct, frozen=True):
    """New tasks, and known ones as they now are: taken back, closed as unsafe, or unsafe from another time on."""

    made: tuple[Task, ...] = ()
    changed: tuple[Task, ...] = ()


def tasks_for(
    plan: Plan | None,
    standing: Standing,
    tasks: Sequence[Task],
    steps: Mapping[tuple[str, str], Step],
    now: int,
    new_id: Callable[[], str],
) -> Decision:
    """What becomes of an event's tasks. `tasks` are all it has, oldest first; `steps` theirs by (plan, step) name.

    A higher level sets off the lower steps that are not done; a fall takes back what is open and may come again. What
    was done, or answered as unsafe, is not asked again in the same event.
    """
    changed = tuple(_changes(standing, tasks, steps, now))
    newest = {task.step: task for task in (*tasks, *changed)}
    wanted = [step for step in plan.steps if is_set_off(step, standing)] if plan is not None else []
    made = [
        _make(plan, step, standing, now, new_id)
        for step in wanted
        if plan is not None and _is_asked(step, newest.get(step.name), standing, now)
    ]
    return Decision(tuple(made), changed)


def is_set_off(step: Step, standing: Standing) -> bool:
    """Whether a step is to be done as things stand: preparation also for what is only to come."""
    reached = standing.holds if step.lead_s is None else standing.level
    return not standing.closed and reached >= step.level


def due_at(step: Step, standing: Standing, now: int) -> int:
    """By when it is to be done, ms UTC; never after the time from which nobody goes out, unless that has come."""
    due = now + step.deadline_s * 1000
    if step.lead_s is not None:
        due = max(due, standing.onset - step.lead_s * 1000)
    begins = unsafe_from(step, standing)
    return due if begins is None else max(now, min(due, begins))


def _changes(
    standing: Standing, tasks: Iterable[Task], steps: Mapping[tuple[str, str], Step], now: int
) -> Iterator[Task]:
    for task in tasks:
        step = steps[task.plan, task.step]
        if task.state is TaskState.OPEN and (new := _moved(task, step, standing, now)) != task:
            yield new


def _moved(task: Task, step: Step, standing: Standing, now: int) -> Task:
    """An open task as it now is."""
    if not is_set_off(step, standing):
        return msgspec.structs.replace(task, state=TaskState.ROLLED_BACK, ended_at=now)
    if is_unsafe(step, standing, now):
        return msgspec.structs.replace(task, state=TaskState.CLOSED_UNSAFE, ended_at=now)
    return msgspec.structs.replace(task, unsafe_at=unsafe_from(step, standing))


def _is_asked(step: Step, last: Task | None, standing: Standing, now: int) -> bool:
    if last is None or last.state is TaskState.ROLLED_BACK:
        return True
    return last.state is TaskState.CLOSED_UNSAFE and not is_unsafe(step, standing, now)


def _make(plan: Plan, step: Step, standing: Standing, now: int, new_id: Callable[[], str]) -> Task:
    """A task; where nobody may go out it is closed from the start, so that all see what is left undone and why."""
    unsafe = is_unsafe(step, standing, now)
    return Task(
        id=new_id(),
        event=standing.event,
        plan=plan.id,
        step=step.name,
        number=standing.number,
        level=step.level,
        owner=step.owner,
        text=step.text,
        text_zh=step.text_zh,
        outdoor=step.outdoor,
        inspection=step.inspection,
        safe_lead_s=step.safe_lead_s,
        proof_needed=step.proof,
        state=TaskState.CLOSED_UNSAFE if unsafe else TaskState.OPEN,
        made_at=now,
        due_at=due_at(step, standing, now),
        unsafe_at=unsafe_from(step, standing),
        ended_at=now if unsafe else None,
        drill=standing.drill,
    )
