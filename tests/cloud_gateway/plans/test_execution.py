"""What a plan asks for at each level, what is taken back, and when nobody is sent out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_gateway.plans.answering import AnswerRefused, Said, check_answer, give_answer
from cloud_gateway.plans.execution import tasks_for
from cloud_gateway.plans.model import Proof, Standing, Step, Task, TaskState
from cloud_gateway.plans.safety import RED_LEAD_S, Danger, find_danger, is_unsafe, proof_asked
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.plans.pieces import CALL, DRAINS, HOUR, LEAVE, LIFT, LOOK, NOW, PLAN, STEPS, standing

NONE, BLUE, YELLOW, ORANGE, RED = Level
KNOWN = {(PLAN.id, step.name): step for step in STEPS}
OPEN, DONE, UNSAFE, BACK, CLOSED = TaskState


class Book:
    """An event's tasks as they go on."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.ids = count(1)

    def see(self, at: Standing, now: int = NOW) -> dict[str, TaskState]:
        """Settle; the newest state of each step that has a task."""
        decision = tasks_for(PLAN, at, self.tasks, KNOWN, now, lambda: str(next(self.ids)))
        changed = {task.id: task for task in decision.changed}
        self.tasks = [changed.get(task.id, task) for task in self.tasks] + list(decision.made)
        return {task.step: task.state for task in self.tasks}

    def end(self, step: Step, state: TaskState) -> None:
        """Somebody answers."""
        self.tasks = [
            msgspec.structs.replace(task, state=state) if task.step == step.name and task.state is OPEN else task
            for task in self.tasks
        ]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (standing(NONE), {}),
        (standing(NONE, BLUE, onset=NOW + 9 * HOUR), {DRAINS: OPEN}),
        (standing(NONE, ORANGE, onset=NOW + 9 * HOUR), {DRAINS: OPEN}),
        (standing(NONE, RED, onset=NOW + 9 * HOUR), {DRAINS: OPEN}),
        (standing(NONE, RED, onset=NOW + 5 * HOUR), {DRAINS: CLOSED}),
        (standing(NONE, BLUE, onset=NOW + HOUR), {DRAINS: CLOSED}),
        (standing(BLUE), {DRAINS: CLOSED}),
        (standing(YELLOW), {DRAINS: CLOSED, LIFT: OPEN}),
        (standing(ORANGE), {DRAINS: CLOSED, LIFT: OPEN, LOOK: OPEN, CALL: OPEN}),
        (standing(ORANGE, RED, onset=NOW + HOUR), {DRAINS: CLOSED, LIFT: OPEN, LOOK: CLOSED, CALL: OPEN}),
        (standing(RED), {DRAINS: CLOSED, LIFT: OPEN, LOOK: CLOSED, CALL: OPEN, LEAVE: OPEN}),
        (standing(NONE, closed=True), {}),
    ],
    ids=[
        "nothing", "blue to come", "orange to come", "red to come", "red to come soon", "blue to come within safe lead",
        "blue", "yellow", "orange", "red to come soon beside orange", "red", "all clear",
    ],
)  # fmt: skip
def test_level_sets_off_its_steps_and_the_lower_ones(at: Standing, expected: dict[Step, TaskState]) -> None:
    assert Book().see(at) == {step.name: state for step, state in expected.items()}


@pytest.mark.parametrize(
    ("at", "step", "due"),
    [
        (standing(NONE, BLUE, onset=NOW + 9 * HOUR), DRAINS, NOW + 5 * HOUR),
        (standing(NONE, RED, onset=NOW + 9 * HOUR), DRAINS, NOW + 3 * HOUR),
        (standing(NONE, BLUE, onset=NOW + 3 * HOUR), DRAINS, NOW),
        (standing(YELLOW), LIFT, NOW + 2 * HOUR),
        (standing(RED), LEAVE, NOW + HOUR // 4),
    ],
    ids=["before the onset", "before nobody goes out", "lead has passed", "after it was set off", "in a quarter"],
)
def test_tasks_have_their_deadline(at: Standing, step: Step, due: int) -> None:
    book = Book()
    book.see(at)
    assert {task.due_at for task in book.tasks if task.step == step.name} == {due}


def test_upgrade_adds_what_is_not_there() -> None:
    book = Book()
    book.see(standing(YELLOW))
    book.end(LIFT, DONE)
    book.see(standing(ORANGE, number=2))
    assert [(task.step, task.number) for task in book.tasks] == [
        ("clear-drains", 1),
        ("lift-goods", 1),
        ("look", 2),
        ("call-crew", 2),
    ]


def test_downgrade_takes_back_what_is_open_and_an_upgrade_asks_again() -> None:
    book = Book()
    book.see(standing(ORANGE))
    book.end(CALL, DONE)
    assert book.see(standing(YELLOW)) == {
        "clear-drains": CLOSED,
        "lift-goods": OPEN,
        "look": BACK,
        "call-crew": DONE,
    }
    assert book.see(standing(ORANGE))["look"] is OPEN
    assert [task.state for task in book.tasks if task.step == "look"] == [BACK, OPEN]
    assert [task.state for task in book.tasks if task.step == "call-crew"] == [DONE]


def test_all_clear_takes_back_everything_that_is_open() -> None:
    book = Book()
    book.see(standing(RED))
    assert OPEN not in book.see(standing(NONE, closed=True)).values()


def test_red_closes_an_open_inspection_and_orange_asks_for_it_again() -> None:
    book = Book()
    assert book.see(standing(ORANGE))["look"] is OPEN
    assert book.see(standing(RED))["look"] is CLOSED
    assert book.see(standing(ORANGE))["look"] is OPEN


def test_unsafe_is_a_full_answer_and_not_asked_again() -> None:
    book = Book()
    book.see(standing(ORANGE))
    book.end(LOOK, UNSAFE)
    book.see(standing(YELLOW))
    assert book.see(standing(ORANGE))["look"] is UNSAFE
    assert len([task for task in book.tasks if task.step == "look"]) == 1


def test_time_alone_closes_what_is_outdoors() -> None:
    book = Book()
    at = standing(NONE, BLUE, onset=NOW + 9 * HOUR)
    book.see(at)
    assert [task.unsafe_at for task in book.tasks] == [NOW + 7 * HOUR]
    assert book.see(at, NOW + 7 * HOUR - 1) == {"clear-drains": OPEN}
    assert book.see(at, NOW + 7 * HOUR) == {"clear-drains": CLOSED}


def test_onset_that_moves_moves_the_time_of_safety() -> None:
    book = Book()
    book.see(standing(NONE, BLUE, onset=NOW + 9 * HOUR))
    book.see(standing(NONE, BLUE, onset=NOW + 5 * HOUR))
    assert [task.unsafe_at for task in book.tasks] == [NOW + 3 * HOUR]


levels = st.sampled_from(list(Level))
courses = st.lists(st.tuples(levels, levels, st.integers(-9, 30), st.booleans()), max_size=8)


@given(courses)
def test_nobody_is_ever_sent_out_into_danger_and_the_same_again_adds_nothing(
    course: list[tuple[Level, Level, int, bool]],
) -> None:
    book = Book()
    for holds, level, hours, closed in course:
        at = standing(holds, max(holds, level), onset=NOW + hours * HOUR, closed=closed)
        states = book.see(at)
        assert open_in_danger(book.tasks, at) == []
        assert book.see(at) == states and len({task.id for task in book.tasks}) == len(book.tasks)


def open_in_danger(tasks: Iterable[Task], at: Standing) -> list[str]:
    red = at.holds is RED or (at.level is RED and at.onset - RED_LEAD_S * 1000 <= NOW)
    return [
        task.step
        for task in tasks
        if task.state is OPEN
        and (task.outdoor or task.inspection)
        and (red or (task.safe_lead_s and at.onset - task.safe_lead_s * 1000 <= NOW and at.level))
    ]


@pytest.mark.parametrize(
    ("step", "at", "asked"),
    [
        (LIFT, standing(ORANGE), Proof.PHOTO),
        (LIFT, standing(RED), Proof.NONE),
        (LIFT, standing(ORANGE, RED, onset=NOW + HOUR), Proof.NONE),
        (CALL, standing(RED), Proof.NOTE),
        (DRAINS, standing(NONE, BLUE, onset=NOW + 3 * HOUR), Proof.PHOTO),
        (DRAINS, standing(NONE, BLUE, onset=NOW + HOUR), Proof.NONE),
    ],
    ids=["orange", "red", "red is near", "a note is always safe", "in time", "within the safe lead time"],
)
def test_no_photo_is_asked_for_in_danger(step: Step, at: Standing, asked: Proof) -> None:
    assert proof_asked(step, at, NOW) is asked


def test_whoever_stays_inside_is_not_held_back() -> None:
    assert not is_unsafe(LEAVE, standing(RED), NOW)


@pytest.mark.parametrize(
    ("state", "answer", "asked", "note", "photo"),
    [
        (OPEN, DONE, Proof.NONE, "", ""),
        (OPEN, DONE, Proof.NOTE, "done at noon", ""),
        (OPEN, DONE, Proof.PHOTO, "", "ab"),
        (OPEN, UNSAFE, Proof.PHOTO, "", ""),
        (CLOSED, DONE, Proof.PHOTO, "", ""),
        (CLOSED, UNSAFE, Proof.NONE, "", ""),
    ],
    ids=["done", "with note", "with photo", "unsafe needs no proof", "done before it was closed", "closed and unsafe"],
)
def test_answer_is_taken(state: TaskState, answer: TaskState, asked: Proof, note: str, photo: str) -> None:
    check_answer(state, answer, asked, note, photo)


@pytest.mark.parametrize(
    ("state", "answer", "asked", "note", "code"),
    [
        (OPEN, DONE, Proof.PHOTO, "I swear", "proof_needed"),
        (OPEN, DONE, Proof.NOTE, "", "proof_needed"),
        (DONE, UNSAFE, Proof.NONE, "", "task_ended"),
        (UNSAFE, DONE, Proof.NONE, "", "task_ended"),
        (BACK, DONE, Proof.NONE, "", "task_ended"),
        (OPEN, BACK, Proof.NONE, "", "task_ended"),
    ],
    ids=["no photo", "no note", "done", "unsafe", "taken back", "not for people"],
)
def test_answer_is_refused(state: TaskState, answer: TaskState, asked: Proof, note: str, code: str) -> None:
    with pytest.raises(AnswerRefused) as refused:
        check_answer(state, answer, asked, note, "")
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("step", "at", "danger"),
    [
        (LIFT, standing(ORANGE), None),
        (LIFT, standing(RED), Danger.RED),
        (LIFT, standing(ORANGE, RED, onset=NOW + HOUR), Danger.RED_NEAR),
        (DRAINS, standing(YELLOW), Danger.BEGUN),
        (DRAINS, standing(NONE, BLUE, onset=NOW + HOUR), Danger.NEAR),
        (DRAINS, standing(NONE, RED, onset=NOW + HOUR), Danger.RED_NEAR),
        (DRAINS, standing(RED, closed=True), None),
    ],
    ids=["none", "red", "red is near", "it has begun", "within the safe lead time", "red before that", "all clear"],
)
def test_danger_has_its_reason(step: Step, at: Standing, danger: Danger | None) -> None:
    assert find_danger(step, at, NOW) is danger


def test_photo_is_refused_in_danger_unless_it_was_given_before() -> None:
    book = Book()
    book.see(standing(ORANGE))
    (lift,) = (task for task in book.tasks if task.step == LIFT.name)
    said = Said(DONE, "", "ab")
    with pytest.raises(AnswerRefused, match="people come before goods") as refused:
        give_answer(lift, LIFT, standing(RED), said, "demo", NOW)
    done = give_answer(lift, LIFT, standing(ORANGE), said, "demo", NOW)
    assert (refused.value.code, done.state, done.ended_by) == ("no_photo_now", DONE, "demo")
    assert give_answer(done, LIFT, standing(RED), said, "another", NOW) is done
