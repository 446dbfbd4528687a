"""Composes the page of one hazard event: its course, what the issuer said, the sites beside it, the people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud_gateway.board.board import row_of
from cloud_gateway.board.cards import Card, Desk, issuer_of
from cloud_gateway.board.labels import (
    CHANNELS,
    CHOICES,
    MESSAGE_TYPES,
    ROLES,
    SENDINGS,
    SIGNATURES,
    STATES,
    SURES,
    TASK_STATES,
    WHYS,
)
from cloud_gateway.board.model import Event, Task, Touched, Word
from cloud_gateway.board.people import TONES, Standing
from cloud_gateway.board.report import Figures, judge_event
from cloud_gateway.devices.condition import Tone
from cloud_gateway.outreach.answering import BY_LINK
from cloud_gateway.outreach.model import MessageState
from cloud_gateway.outreach.texts import choose_info
from cloud_gateway.plans.model import TaskState
from cloud_gateway.warnings.model import Info, Status
from cloud_gateway.warnings.views import Signed
from edge_agent.web.words import _

#: What the note of a call begins with that nobody took.
NO_REPLY = "no reply"
#: How the persons' standing is said, in one word.
STANDINGS = {
    "answered": _("answered"),
    "unanswered": _("no answer"),
    "told": _("told"),
    "pending": _("waiting"),
    "failed": _("not reached"),
    "missed": _("not told"),
}


@dataclass(frozen=True)
class Saying:
    """One message of the issuer, its text as it was published; `others` are its other languages and parts."""

    id: str
    warning: str
    issuer: str
    sent: int
    received_at: int
    kind: str
    effect: str
    info: Info | None
    others: tuple[Info, ...]
    note: str
    test: bool
    signature: str
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class ExposedSite:
    """A site that the same warning touches, in the order in which sites are called."""

    card: Card
    why: str
    sure: str
    detail: str
    repaired: bool
    reasons: tuple[tuple[str, float], ...]
    is_this: bool


@dataclass(frozen=True)
class PersonRow:
    """Somebody who was told, or should have been."""

    name: str
    role: str
    tone: Tone
    word: str
    ways: str
    told_at: int | None
    asked_at: int | None
    answered_at: int | None
    answer: str
    by: str
    note: str


@dataclass(frozen=True)
class TaskRow:
    """A task of the site's emergency plan."""

    text: str
    owner: str
    tone: Tone
    word: str
    due_at: int
    ended_at: int | None
    drill: bool


@dataclass(frozen=True)
class EventPage:
    """Everything that the page and the report of an event show. `endless` is a warning that may be ended by hand."""

    card: Card
    sayings: tuple[Saying, ...]
    sites: tuple[ExposedSite, ...]
    people: tuple[PersonRow, ...]
    missed: tuple[str, ...]
    tasks: tuple[TaskRow, ...]
    figures: Figures
    closings: tuple[Signed, ...]
    endless: str
    now: int


def compose_event(desk: Desk, event: Event) -> EventPage:
    """The page of `event`; the desk's case has it, the events beside it, and the people of its site."""
    lines = desk.standings(event)
    tasks = [task for task in desk.case.tasks if task.event == event.id]
    figures = judge_event(event, lines, tasks)
    touched = {(one.warning, one.site, one.hazard): one for one in desk.case.touched}
    return EventPage(
        card=desk.card(event),
        sayings=tuple(_saying(desk, event, word) for word in reversed(desk.case.words)),
        sites=tuple(
            _exposed(desk, event, one, touched.get((one.warning or "", one.site, one.hazard)))
            for one in desk.case.events
        ),
        people=tuple(_person(desk, line) for line in lines),
        missed=tuple(line.name for line in figures.missed),
        tasks=tuple(task_row(desk, task) for task in tasks),
        figures=figures,
        closings=tuple(desk.case.closings),
        endless=_endless(desk, event),
        now=desk.now,
    )


def _endless(desk: Desk, event: Event) -> str:
    warned = desk.warned(event)
    return warned.id if warned is not None and event.closed_at is None and row_of(desk, warned).endless else ""


def _saying(desk: Desk, event: Event, word: Word) -> Saying:
    alert, labels = word.alert, desk.labels
    info = choose_info(alert, labels.language, event.hazard)
    warned = desk.case.warnings.get(word.warning)
    steps = [step for step in warned.course.steps if step.by == alert.key] if warned else []
    return Saying(
        id=word.id,
        warning=word.warning,
        issuer=issuer_of(alert, labels.language),
        sent=alert.sent,
        received_at=word.received_at,
        kind=labels.of(MESSAGE_TYPES, alert.msg_type),
        effect=labels.text(STATES[steps[-1].state]) if steps else "",
        info=info,
        others=tuple(one for one in alert.infos if one is not info),
        note=alert.note,
        test=alert.status is not Status.ACTUAL,
        signature=labels.of(SIGNATURES, word.signature) if word.signature != "none" else "",
        doubts=tuple(finding.text for finding in alert.findings if finding.grade == "doubtful"),
    )


def _exposed(desk: Desk, this: Event, one: Event, touched: Touched | None) -> ExposedSite:
    labels = desk.labels
    why = labels.of(WHYS, touched.why if touched else "gauge")
    return ExposedSite(
        card=desk.card(one),
        why=why,
        sure=labels.of(SURES, touched.sure) if touched else "",
        detail=touched.detail if touched else one.gauge,
        repaired=bool(touched and touched.repaired),
        reasons=tuple((labels.reason(reason), reason.weight) for reason in one.reasons),
        is_this=one.id == this.id,
    )


def _person(desk: Desk, line: Standing) -> PersonRow:
    labels, answer = desk.labels, line.answer
    return PersonRow(
        name=line.name,
        role=labels.of(ROLES, line.role),
        tone=TONES[line.state],
        word=labels.text(STANDINGS[line.state]),
        ways=_ways(desk, line),
        told_at=line.told_at,
        asked_at=line.asked_at if line.state == "unanswered" else None,
        answered_at=answer.at if answer else None,
        answer=labels.of(CHOICES, answer.choice) if answer else "",
        by=_by(desk, answer.by) if answer else "",
        note=answer.note if answer else "",
    )


def _by(desk: Desk, by: str) -> str:
    if by == BY_LINK:
        return desk.labels.text(_("by the link"))
    return desk.labels.text(_("by telephone, %(name)s"), name=by)


def _ways(desk: Desk, line: Standing) -> str:
    """By which ways, and how each ended; the newest message of each way speaks for it."""
    labels = desk.labels
    newest = {one.channel: one for one in line.told}
    said = []
    for channel, one in newest.items():
        tried = [way.channel for way in one.failed_ways if way.channel != channel]
        said += [f"{labels.of(CHANNELS, way)}: {labels.of(SENDINGS, MessageState.FAILED)}" for way in tried]
        end = labels.text(_("nobody picked up")) if one.error.startswith(NO_REPLY) else labels.of(SENDINGS, one.state)
        said.append(f"{labels.of(CHANNELS, channel)}: {end}")
    return labels.text(_(", ")).join(said)


def task_row(desk: Desk, task: Task) -> TaskRow:
    """A task in words; late ones are bad."""
    tones = {TaskState.OPEN: Tone.LATE, TaskState.DONE: Tone.OK}
    late = task.state == TaskState.OPEN and task.due_at < desk.now
    tone = Tone.BAD if late else tones.get(TaskState(task.state), Tone.OFF)
    text = (task.text_zh or task.text) if desk.labels.language == "zh-Hans" else (task.text or task.text_zh)
    word = desk.labels.of(TASK_STATES, task.state)
    owner = desk.labels.of(ROLES, task.owner)
    return TaskRow(text, owner, tone, word, task.due_at, task.ended_at, task.drill)


def texts_of(info: Info) -> Sequence[str]:
    """The issuer's own texts, those that there are, unchanged."""
    return [text for text in (info.headline or info.event, info.description, info.instruction) if text.strip()]
