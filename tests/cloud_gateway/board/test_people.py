"""How each person stands to an event, and what the report makes of it."""

from __future__ import annotations

import pytest

from cloud_gateway.board.model import Answer, Event, Person, Task, Told
from cloud_gateway.board.people import Standing, Tally, by_message, standings, tally
from cloud_gateway.board.report import Figures, judge_event
from cloud_gateway.warnings.model import Level

HOUR = 3_600_000
AT = 1_784_505_600_000
PERSON = Person("lin", "Lin", "customer", Level.MINOR, (), None)


def event(**more: object) -> Event:
    facts: dict[str, object] = {
        "id": "e1", "site": "s1", "hazard": "typhoon", "simulated": False, "holds": Level.SEVERE,
        "level": Level.SEVERE, "peak": Level.SEVERE, "warning": "w1", "gauge": "", "onset": AT + 6 * HOUR,
        "warned_at": AT, "gauge_at": None, "confirmed": False, "priority": 9.0, "reasons": (), "opened_at": AT,
        "changed_at": AT, "closed_at": None,
    }  # fmt: skip
    return Event(**facts | more)  # type: ignore[arg-type]  # Event's own


def told(state: str, **more: object) -> Told:
    facts: dict[str, object] = {
        "id": "m1", "event": "e1", "recipient": "lin", "name": "Lin", "role": "customer", "phone": "",
        "channel": "mail", "change": "raised", "level": Level.SEVERE, "step": "", "state": state, "made_at": AT,
        "due_at": AT, "sent_at": None if state in {"queued", "failed"} else AT + HOUR, "ended_at": None,
        "answer_needed_by": None, "error": "", "simulated": False,
    }  # fmt: skip
    return Told(**facts | more)  # type: ignore[arg-type]  # Told's own


def task(state: str, **more: object) -> Task:
    facts = {"id": "t", "event": "e1", "owner": "customer", "text": "", "text_zh": "", "state": state, "due_at": AT}
    return Task(**facts | {"ended_at": None, "ended_by": "", "drill": False} | more)  # type: ignore[arg-type]


def answer(choice: str, message: str = "m1", at: int = AT + 2 * HOUR) -> Answer:
    return Answer(message, at, "link", choice, "")


def stand(messages: list[Told], answers: list[Answer] = [], people: list[Person] = [PERSON]) -> list[Standing]:  # noqa: B006  # only read
    return standings(event(), people, messages, by_message(answers))


def judge(messages: list[Told], answers: list[Answer], tasks: list[Task]) -> Figures:
    return judge_event(event(), stand(messages, answers), tasks)


ASKED = {"answer_needed_by": AT + 3 * HOUR}


@pytest.mark.parametrize(
    ("messages", "answers", "state"),
    [
        ([], [], "missed"),
        ([told("queued")], [], "pending"),
        ([told("failed")], [], "failed"),
        ([told("superseded")], [], "missed"),
        ([told("sent")], [], "told"),
        ([told("failed"), told("delivered", id="m2")], [], "told"),
        ([told("sent", **ASKED)], [], "unanswered"),
        ([told("queued", **ASKED)], [], "pending"),
        ([told("answered", **ASKED)], [answer("acting")], "answered"),
        ([told("sent", **ASKED), told("answered", id="m2")], [answer("unsafe", "m2")], "answered"),
    ],
    ids=[
        "nothing was made", "not sent yet", "could not be sent", "overtaken", "sent", "another way worked",
        "asked and silent", "question not sent yet", "answered", "answered another message",
    ],
)  # fmt: skip
def test_person_stands(messages: list[Told], answers: list[Answer], state: str) -> None:
    assert [line.state for line in stand(messages, answers)] == [state]


@pytest.mark.parametrize(
    "person",
    [Person("wu", "Wu", "branch", Level.EXTREME, (), None), Person("wu", "Wu", "branch", Level.MINOR, ("hail",), None)],
    ids=["only told of graver ones", "only told of other hazards"],
)
def test_who_is_not_meant_is_not_missed(person: Person) -> None:
    assert stand([], [], [person]) == []


def test_silent_come_first_and_wait_since_the_oldest_question() -> None:
    early = told("sent", id="m0", recipient="wu", sent_at=AT, **ASKED)
    lines = stand([told("answered"), told("sent", id="m2", recipient="hu", **ASKED), early], [answer("acting")])
    assert [line.person for line in lines] == ["hu", "wu", "lin"]
    assert tally(lines) == Tally(3, 3, 1, 2, 0, AT)


def test_report_counts_persons_and_leads() -> None:
    figures = judge(
        [told("answered")], [answer("unsafe")], [task("unsafe-not-done"), task("open"), task("rolled-back")]
    )
    leads = (figures.warning_lead, figures.told_lead, figures.first_word, figures.gauge_lead)
    assert leads == (6 * HOUR, 5 * HOUR, HOUR, None)
    assert (figures.meant, len(figures.told), len(figures.acted), len(figures.missed)) == (1, 1, 1, 0)
    assert (figures.tasks, figures.tasks_ended) == (2, 1)


@pytest.mark.parametrize(
    ("messages", "answers", "figures"),
    [
        ([told("sent", **ASKED)], [], (1, 0, 0, 1)),
        ([told("failed")], [], (0, 0, 0, 1)),
        ([told("answered")], [answer("not-mine")], (1, 1, 0, 0)),
        ([told("sent")], [], (1, 0, 0, 0)),
    ],
    ids=["silent", "not reached", "not responsible", "told and not asked"],
)
def test_report_tells_reached_acted_missed(
    messages: list[Told], answers: list[Answer], figures: tuple[int, int, int, int]
) -> None:
    found = judge(messages, answers, [])
    assert (len(found.told), len(found.reached), len(found.acted), len(found.missed)) == figures


def test_drill_counts_in_no_figure() -> None:
    assert judge([], [], [task("open", drill=True)]).tasks == 0


def test_gauge_that_was_earlier_has_a_lead() -> None:
    assert judge_event(event(gauge_at=AT - HOUR), [], []).gauge_lead == HOUR


def test_warning_after_the_onset_is_a_delay() -> None:
    assert judge_event(event(warned_at=AT + 7 * HOUR), [], []).warning_lead == -HOUR
