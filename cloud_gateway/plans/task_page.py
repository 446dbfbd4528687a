"""Composes the lists of tasks and the page of one task, with what may be answered and why not more. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud_gateway.board.labels import ROLES, TASK_STATES, BoardLabels
from cloud_gateway.devices.condition import Tone
from cloud_gateway.plans.answering import ANSWERS, takes_photo
from cloud_gateway.plans.labels import DANGERS, MEANINGS, NO_PHOTO, STAY_IN, TAKEN_BACK_BY_DRILL, TASK_TONES
from cloud_gateway.plans.model import Proof, Standing, Step, TaskState
from cloud_gateway.plans.plan_page import pick_text
from cloud_gateway.plans.safety import find_danger, is_unsafe, proof_asked
from cloud_gateway.plans.store_pages import TaskFacts
from edge_agent.web.times import short_time
from edge_agent.web.words import _


@dataclass(frozen=True)
class TaskCard:
    """A task in a list. `mark` is drill, simulated or "": such a task never looks like a real one."""

    id: str
    text: str
    site: str
    code: str
    zone: str
    hazard: str
    event: str
    plan: str
    owner: str
    state: TaskState
    tone: Tone
    word: str
    late: bool
    due_at: int
    unsafe_at: int | None
    ended_at: int | None
    ended_by: str
    note: str
    photo: str
    mark: str
    over: bool


@dataclass(frozen=True)
class TasksPage:
    """Tasks of one event or drill, or the open ones of everybody or of one owner."""

    open: tuple[TaskCard, ...]
    ended: tuple[TaskCard, ...]
    exercised: tuple[TaskCard, ...]
    owners: tuple[tuple[str, str], ...]
    owner: str
    event: str
    more: bool
    now: int

    @property
    def all(self) -> tuple[TaskCard, ...]:
        """Every task that the page shows."""
        return (*self.open, *self.ended, *self.exercised)

    @property
    def is_drill(self) -> bool:
        """Whether the page is that of a drill."""
        return bool(self.event) and any(card.mark == "drill" for card in self.all)

    @property
    def simulated(self) -> bool:
        """Whether the page has to say SIMULATED."""
        return any(card.mark == "simulated" for card in self.all)


@dataclass(frozen=True)
class TaskPage:
    """One task. `danger` says why nobody goes out or takes a photo now, `asked` which proof "done" needs now."""

    card: TaskCard
    meaning: str
    danger: tuple[str, ...]
    asked: Proof
    takes_photo: bool
    answerable: bool
    now: int


def compose_event_tasks(labels: BoardLabels, tasks: Sequence[TaskFacts], event: str, now: int) -> TasksPage:
    """The tasks of one event or drill: what is open first, the latest of the others next."""
    cards = [make_card(labels, facts, now) for facts in tasks]
    opened = sorted((card for card in cards if card.state is TaskState.OPEN), key=lambda card: card.due_at)
    ended = reversed([card for card in cards if card.state is not TaskState.OPEN])
    return TasksPage(tuple(opened), tuple(ended), (), (), "", event, False, now)


def compose_open_tasks(
    labels: BoardLabels,
    tasks: Sequence[TaskFacts],
    owners: Sequence[tuple[str, str]],
    owner: str,
    most: int,
    now: int,
) -> TasksPage:
    """What is open, real tasks apart from drills and what is simulated."""
    cards = [make_card(labels, facts, now) for facts in tasks[:most]]
    return TasksPage(
        open=tuple(card for card in cards if not card.mark),
        ended=(),
        exercised=tuple(card for card in cards if card.mark),
        owners=tuple((name, labels.of(ROLES, shown or name)) for name, shown in owners),
        owner=owner,
        event="",
        more=len(tasks) > most,
        now=now,
    )


def compose_task(labels: BoardLabels, facts: TaskFacts, step: Step, standing: Standing, now: int) -> TaskPage:
    """The page of one task as its event stands now."""
    card = make_card(labels, facts, now)
    answerable = card.state in ANSWERS
    is_end = facts.is_drill and facts.over and card.state is TaskState.ROLLED_BACK
    return TaskPage(
        card=card,
        meaning=labels.text(TAKEN_BACK_BY_DRILL if is_end else MEANINGS[card.state]) if MEANINGS[card.state] else "",
        danger=_danger(labels, facts, step, standing, now) if answerable else (),
        asked=proof_asked(step, standing, now) if card.state is TaskState.OPEN else Proof.NONE,
        takes_photo=answerable and takes_photo(step, standing, now),
        answerable=answerable,
        now=now,
    )


def make_card(labels: BoardLabels, facts: TaskFacts, now: int) -> TaskCard:
    """A task in words; a late one is bad."""
    task, site = facts.task, facts.site
    late = task.state is TaskState.OPEN and task.due_at < now
    word = labels.text(_("late")) if late else labels.of(TASK_STATES, task.state)
    return TaskCard(
        id=task.id,
        text=pick_text(labels, task.text, task.text_zh),
        site=labels.site(site),
        code=site.code,
        zone=site.zone,
        hazard=labels.hazard(facts.hazard),
        event=task.event,
        plan=task.plan,
        owner=labels.of(ROLES, facts.owner or task.owner),
        state=task.state,
        tone=Tone.BAD if late else TASK_TONES.get(task.state, Tone.OFF),
        word=word,
        late=late,
        due_at=task.due_at,
        unsafe_at=task.unsafe_at if task.unsafe_at else None,
        ended_at=task.ended_at,
        ended_by=task.ended_by,
        note=task.note,
        photo=task.photo,
        mark="drill" if facts.is_drill else "simulated" if facts.simulated or site.simulated else "",
        over=facts.over,
    )


def _danger(labels: BoardLabels, facts: TaskFacts, step: Step, standing: Standing, now: int) -> tuple[str, ...]:
    """What is not done now, and why; nothing where nothing is forbidden."""
    danger = find_danger(step, standing, now)
    forbidden = [STAY_IN] if is_unsafe(step, standing, now) else []
    forbidden += [NO_PHOTO] if step.proof is Proof.PHOTO else []
    if danger is None or not forbidden:
        return ()
    begins = short_time(standing.onset, facts.site.zone)
    why = labels.text(DANGERS[danger], time=begins, lead=labels.age(step.safe_lead_s * 1000))
    return (why, *(labels.text(one) for one in forbidden))
