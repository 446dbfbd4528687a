"""Training with its tests, standards of service on records, and the self-assessment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.complaints import store as complaints
from cloud_gateway.complaints.followups import Outcome
from cloud_gateway.complaints.lifecycle import Step
from cloud_gateway.complaints.model import Deed, NewComplaint
from cloud_gateway.complaints.store_followups import Rated, close, note_contact, open_follow_up
from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence.store import list_entries
from cloud_gateway.training.courses import AnswersMissing, Course, Grade, Result, all_courses, grade, missing_courses
from cloud_gateway.training.standards import (
    BY_HAND,
    CHAPTERS,
    STANDARDS,
    Item,
    Share,
    check_standards,
    judge_item,
    standards_on,
)
from cloud_gateway.training.store import add_result, list_lapsed, may_badge, withdraw
from cloud_gateway.training.store_figures import Answer, add_answer, newest_answers, read_figures
from tests.cloud_gateway.complaints.conftest import NOW, empty_file, house  # noqa: F401  # fixtures

DAY = date(2026, 11, 2)
ZONE = "Asia/Shanghai"
(COURSE,) = all_courses().values()
RIGHT = [question.right for question in COURSE.question]


def wrong(count: int) -> list[int]:
    """All right answers but so many."""
    return [answer if number >= count else (answer + 1) % 3 for number, answer in enumerate(RIGHT)]


def passed(until: date | None) -> Result:
    return Result("07", COURSE.code, "1", 6, 6, DAY, until, "chen")


@pytest.mark.parametrize(
    ("answers", "got"),
    [
        (RIGHT, Grade(6, 6, date(2027, 11, 2))),
        (wrong(1), Grade(5, 6, date(2027, 11, 2))),
        (wrong(2), Grade(4, 6, None)),
    ],
    ids=["all", "enough", "too-few"],
)
def test_test_is_passed_at_its_mark_and_for_its_days(answers: list[int], got: Grade) -> None:
    assert grade(COURSE, answers, DAY) == got


@pytest.mark.parametrize("answers", [[], RIGHT[:-1], [*RIGHT, 0], [9, *RIGHT[1:]], [-1, *RIGHT[1:]]])
def test_every_question_has_one_answer_of_its_own(answers: list[int]) -> None:
    with pytest.raises(AnswersMissing):
        grade(COURSE, answers, DAY)


@pytest.mark.parametrize(
    ("results", "missing"),
    [
        ([], ["counter-service"]),
        ([passed(DAY)], []),
        ([passed(date(2026, 11, 1))], ["counter-service"]),
        ([passed(None)], ["counter-service"]),
        ([passed(date(2027, 1, 1)), passed(None)], []),
    ],
    ids=["never", "last-day", "lapsed", "failed", "failed-again-early"],
)
def test_badge_needs_every_course_on_the_day(results: list[Result], missing: list[str]) -> None:
    assert missing_courses(results, all_courses(), DAY) == missing


def test_course_with_a_mark_above_its_questions_is_refused() -> None:
    with pytest.raises(ValueError, match="pass mark"):
        Course("1", "t", "题", 7, 365, COURSE.question)


async def test_lapsed_and_withdrawn_training_takes_the_badge(house: AsyncEngine) -> None:  # noqa: F811
    async with transaction(house) as connection:
        assert (await list_lapsed(connection, DAY), await may_badge(connection, "07", DAY)) == (set(), True)
        await add_result(connection, "07", COURSE, grade(COURSE, RIGHT, DAY), "chen", DAY, NOW)
        assert await may_badge(connection, "07", DAY)
        assert not await may_badge(connection, "07", date(2027, 11, 3))
        assert await list_lapsed(connection, DAY) == set()
        await withdraw(connection, "07", COURSE.code, "wang", DAY, NOW)
        assert not await may_badge(connection, "07", DAY)
        assert await list_lapsed(connection, DAY) == {"07"}
        entries = [msgspec.json.decode(one.body)["body"] for one in await list_entries(connection, -1, 9)]
    assert [(one["step"], one["valid_until"]) for one in entries] == [("passed", "2027-11-02"), ("withdrawn", "")]


async def test_test_of_an_unknown_clerk_is_refused(house: AsyncEngine) -> None:  # noqa: F811
    async with transaction(house) as connection:
        with pytest.raises(LookupError):
            await add_result(connection, "99", COURSE, Grade(6, 6, DAY), "chen", DAY, NOW)


def test_newest_version_of_a_standard_holds_from_its_day() -> None:
    stricter = replace(STANDARDS[0], version=2, since=date(2027, 1, 1), least=980)
    assert standards_on(date(2026, 12, 31), [STANDARDS[0], stricter]) == [STANDARDS[0]]
    assert standards_on(date(2027, 1, 1), [stricter, STANDARDS[0]]) == [stricter]


@pytest.mark.parametrize(
    ("figure", "share", "met"),
    [(Share(19, 20), 950, True), (Share(9499, 10_000), 950, False), (Share(0, 0), None, None)],
    ids=["met", "just-not", "no-records"],
)
def test_standard_is_judged_by_whole_numbers_and_never_without_records(
    figure: Share, share: int | None, met: bool | None
) -> None:
    (check,) = check_standards([STANDARDS[0]], {"invited": figure})
    assert (check.share, check.met) == (share, met)
    assert judge_item(Item("x", "", "invited", 950), {"invited": figure}) is met


async def test_figures_are_counted_from_the_records(house: AsyncEngine) -> None:  # noqa: F811
    new = NewComplaint("waiting", "counter", "等太久", station="pudong")
    day_ms = 86_400_000
    async with transaction(house) as connection:
        for turn in range(2):
            await complaints.receive(connection, new, "wang", ZONE, NOW + turn)
        await complaints.take_step(connection, "C2026-0001", Deed(Step.ANSWER, "chen", "抱歉"), NOW + 15 * day_ms)
        rated = [Rated(f"{n:064}", "counter", "pudong", "1", "07", 3, 1, NOW, ZONE) for n in range(3)]
        names = [await open_follow_up(connection, one, NOW) or "" for one in rated]
        await note_contact(connection, names[0], NOW + day_ms)
        await close(connection, names[1], Outcome.SETTLED, "", "chen", NOW + 2 * day_ms)
        await close(connection, names[2], Outcome.LEFT, "", "chen", NOW + 2 * day_ms)
    span = (date(2026, 10, 1), date(2026, 12, 31), ZONE)
    async with reading(house) as connection:
        on_time = await read_figures(connection, *span, date(2026, 11, 17))
        later = await read_figures(connection, *span, date(2026, 11, 18))
    assert (on_time["answered-in-time"], later["answered-in-time"]) == (Share(1, 1), Share(1, 2))
    assert (later["contacted-in-time"], later["trained"], later["photos"]) == (Share(1, 2), Share(0, 1), Share(0, 1))


async def test_what_no_data_can_judge_is_said_by_a_person_and_the_newest_counts(
    house: AsyncEngine,  # noqa: F811
) -> None:
    async with transaction(house) as connection:
        for met, at in (("no", 1), ("yes", 2)):
            await add_answer(connection, Answer("owner", met, "看过", at, "chen"))
        assert await newest_answers(connection) == {"owner": Answer("owner", "yes", "看过", 2, "chen")}


def test_assessment_has_six_chapters_and_each_point_once() -> None:
    codes = [item.code for _, _, items in CHAPTERS for item in items]
    assert (len(CHAPTERS), len(set(codes))) == (6, len(codes))
    assert len(BY_HAND) < len(codes)
