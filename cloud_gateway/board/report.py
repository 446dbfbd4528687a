"""What an event amounted to: lead time, coverage, who was reached, who acted, who was missed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud_gateway.board.model import Event, Task
from cloud_gateway.board.people import Standing
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.plans.model import TaskState

#: Answers that say that somebody did what could be done: staying away is a full answer.
ACTED = frozenset({Choice.ACTING.value, Choice.UNSAFE.value, Choice.NEED_HELP.value})
ENDED_WELL = frozenset({TaskState.DONE.value, TaskState.UNSAFE.value, TaskState.CLOSED_UNSAFE.value})


@dataclass(frozen=True)
class Figures:
    """Spans are ms, None where an end of them is not known; a negative lead is a delay.

    `warning_lead` is from our taking the first official word in to the onset, `told_lead` from the first message that
    left, `gauge_lead` how much earlier our own gauge reached its threshold than the official word came.
    """

    warning_lead: int | None
    told_lead: int | None
    gauge_lead: int | None
    first_word: int | None
    meant: int
    told: tuple[Standing, ...]
    reached: tuple[Standing, ...]
    acted: tuple[Standing, ...]
    missed: tuple[Standing, ...]
    tasks: int
    tasks_ended: int
    open_tasks: tuple[Task, ...]
    lasted: int | None


def judge_event(event: Event, lines: Sequence[Standing], tasks: Sequence[Task]) -> Figures:
    """The figures of one event; `reached` are those who answered, for a message that left may lie unread."""
    told = tuple(one for one in lines if one.told_at is not None)
    first = min((one.told_at for one in told if one.told_at is not None), default=None)
    real = [task for task in tasks if not task.drill and task.state != TaskState.ROLLED_BACK]
    open_tasks = tuple(task for task in real if task.state not in ENDED_WELL)
    return Figures(
        warning_lead=_span(event.warned_at, event.onset),
        told_lead=_span(first, event.onset),
        gauge_lead=_span(event.gauge_at, event.warned_at),
        first_word=_span(event.opened_at, first),
        meant=len(lines),
        told=told,
        reached=tuple(one for one in lines if one.answer is not None),
        acted=tuple(one for one in lines if one.answer is not None and one.answer.choice in ACTED),
        missed=tuple(one for one in lines if one.told_at is None or one.state == "unanswered"),
        tasks=len(real),
        tasks_ended=len(real) - len(open_tasks),
        open_tasks=open_tasks,
        lasted=_span(event.opened_at, event.closed_at),
    )


def _span(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None else end - start
