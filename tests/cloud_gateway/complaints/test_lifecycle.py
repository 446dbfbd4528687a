"""Deadlines by dated rules in local days, and the course of a complaint."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from cloud_gateway.complaints.deadlines import (
    COMPLAINT_RULES,
    FOLLOW_UP_RULES,
    NoRule,
    local_day,
    rule_named,
    rule_on,
)
from cloud_gateway.complaints.followups import is_followed
from cloud_gateway.complaints.lifecycle import NEXT, CannotFollow, Course, State, Step, begin, days_left, possible, take
from cloud_gateway.complaints.statistics import Counted, Line, Quarter, compile_quarter, quarter_of, read_quarter

(RULE,) = COMPLAINT_RULES
DAY = date(2026, 11, 2)
SHANGHAI = "Asia/Shanghai"


def after(*steps: tuple[Step, int]) -> Course:
    """The case after steps, each so many days after it was received."""
    course = begin(DAY, RULE)
    for step, days in steps:
        course = take(course, step, DAY + timedelta(days=days), RULE)
    return course


ASSIGNED = (Step.ASSIGN, 0)
ANSWERED = (Step.ANSWER, 10)


@pytest.mark.parametrize(
    ("steps", "days"),
    [
        ([], 15),
        ([ASSIGNED], 15),
        ([ASSIGNED, (Step.CALL_COMPLEX, 15)], 30),
        ([ASSIGNED, (Step.CALL_COMPLEX, 3), (Step.EXTEND, 30)], 60),
        ([ASSIGNED, ANSWERED, (Step.REOPEN, 20)], 35),
        ([ASSIGNED, (Step.CALL_COMPLEX, 3), (Step.ANSWER, 20), (Step.REOPEN, 25), (Step.CALL_COMPLEX, 26)], 55),
        ([ASSIGNED, ANSWERED, (Step.ASK_REVIEW, 40)], 70),
        ([ASSIGNED, ANSWERED, (Step.CONFIRM, 12), (Step.ASK_REVIEW, 13)], 43),
    ],
    ids=["simple", "assigned", "complex", "extended", "reopened", "reopened-complex", "review", "review-after-yes"],
)
def test_last_day_is_counted_from_the_day_of_receipt(steps: list[tuple[Step, int]], days: int) -> None:
    assert after(*steps).due == DAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([ASSIGNED, (Step.CALL_COMPLEX, 16)], "too_late"),
        ([ASSIGNED, (Step.CALL_COMPLEX, 1), (Step.CALL_COMPLEX, 2)], "complex_already"),
        ([ASSIGNED, (Step.EXTEND, 1)], "not_complex"),
        ([ASSIGNED, (Step.CALL_COMPLEX, 1), (Step.EXTEND, 31)], "too_late"),
        ([ASSIGNED, (Step.CALL_COMPLEX, 1), (Step.EXTEND, 2), (Step.EXTEND, 3)], "extended_already"),
        ([ASSIGNED, ANSWERED, (Step.ASK_REVIEW, 41)], "too_late"),
        ([(Step.ANSWER, 1)], "cannot_follow"),
        ([ASSIGNED, ANSWERED, (Step.ANSWER, 11)], "cannot_follow"),
    ],
)
def test_a_term_is_not_made_longer_by_hand(steps: list[tuple[Step, int]], code: str) -> None:
    with pytest.raises(CannotFollow) as refused:
        after(*steps)
    assert refused.value.code == code


@pytest.mark.parametrize(("state", "step"), sorted(set(product(State, Step)) - set(NEXT)))
def test_no_other_step_than_those_of_the_table_is_taken(state: State, step: Step) -> None:
    with pytest.raises(CannotFollow):
        take(replace(begin(DAY, RULE), state=state), step, DAY, RULE)


def test_what_is_offered_can_be_taken_that_day() -> None:
    simple = after(ASSIGNED)
    assert possible(simple, DAY, RULE) == [Step.ASSIGN, Step.CALL_COMPLEX, Step.ANSWER, Step.WITHDRAW]
    assert Step.EXTEND in possible(take(simple, Step.CALL_COMPLEX, DAY, RULE), DAY, RULE)
    assert Step.CALL_COMPLEX not in possible(simple, DAY + timedelta(days=16), RULE)


def test_nothing_is_due_while_the_customer_has_the_word() -> None:
    assert days_left(after(ASSIGNED), DAY + timedelta(days=16)) == -1
    assert days_left(after(ASSIGNED, ANSWERED), DAY) is None


def test_days_are_those_of_the_station() -> None:
    at = 1_793_637_000_000  # 2026-11-02 16:30 UTC, the next day in Shanghai
    assert [local_day(at, zone) for zone in (SHANGHAI, "UTC")] == [date(2026, 11, 3), DAY]


def test_a_case_keeps_the_rule_it_was_counted_by() -> None:
    later = replace(RULE, version="later", since=date(2027, 1, 1), simple_days=10)
    assert rule_on(date(2026, 12, 31), [later, RULE]) == RULE
    assert rule_on(date(2027, 1, 1), [later, RULE]) == later
    assert rule_named(RULE.version) == RULE


@pytest.mark.parametrize("rule", [*COMPLAINT_RULES, *FOLLOW_UP_RULES], ids=lambda rule: rule.version)
def test_every_rule_names_its_source_and_its_standing(rule: object) -> None:
    assert getattr(rule, "source", "") and getattr(rule, "standing", "")


def test_a_day_before_all_rules_is_refused() -> None:
    with pytest.raises(NoRule):
        rule_on(date(2020, 2, 29))


@pytest.mark.parametrize(
    ("scale", "bad"), [(3, [True, False, False]), (5, [True, True, False, False, False])], ids=["three", "five"]
)
def test_the_bottom_of_three_and_the_bottom_two_of_five_are_bad(scale: int, bad: list[bool]) -> None:
    assert [is_followed(scale, score) for score in range(1, scale + 1)] == bad


def test_quarter_counts_by_kind_against_the_one_before() -> None:
    cases = [
        Counted("waiting", DAY, date(2026, 11, 17), date(2026, 11, 17)),
        Counted("waiting", DAY, date(2026, 11, 17), date(2026, 11, 18)),
        Counted("waiting", date(2026, 12, 20), date(2027, 1, 4), None),
        Counted("other", date(2026, 10, 1), date(2026, 10, 16), None),
        Counted("waiting", date(2026, 9, 30), date(2026, 10, 15), None),
        Counted("waiting", date(2026, 7, 1), date(2026, 7, 16), None),
        Counted("waiting", date(2026, 6, 30), date(2026, 7, 15), None),
    ]
    assert compile_quarter(cases, Quarter(2026, 4), date(2026, 12, 31)) == [
        Line("waiting", 3, 2, share=750, change=500, judged=2, in_time=1),
        Line("other", 1, 0, share=250, change=None, judged=1, in_time=0),
    ]


def test_quarters_are_read_and_follow_each_other() -> None:
    assert read_quarter("2026-Q1").before == Quarter(2025, 4)
    assert [str(quarter_of(date(2026, month, 1))) for month in (1, 4, 9, 12)] == [
        "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["2026", "2026-Q5", "26-Q1", "2026-q1", "-Q1", "0001-Q1", "9999-Q4"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no quarter"):
        read_quarter(text)
