"""Fair assignment: the least loaded who may, never somebody with an interest, the same facts the same hands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_gateway.assignment import Absence, Bar, Work, Worker, choose_worker, deal_out, find_bar

DAY = date(2026, 11, 23)
NAMES = ["chen", "li", "wang", "zhao"]
MATTERS = ["clerk-07", "clerk-08", "case-1"]
matters = st.frozensets(st.sampled_from(MATTERS))
skills = st.frozensets(st.sampled_from(["claims", "motor"]))
works = st.lists(
    st.builds(Work, st.integers(0, 10**6).map(str), st.integers(1, 9), st.sampled_from(["", "claims"]), matters),
    max_size=30,
    unique_by=lambda one: one.id,
)
workers = st.lists(
    st.builds(Worker, st.sampled_from(NAMES), st.integers(0, 20), skills, matters), unique_by=lambda one: one.id
)


def free(*loads: int) -> list[Worker]:
    return [Worker(name, load) for name, load in zip(NAMES, loads, strict=False)]


def test_least_loaded_takes_it() -> None:
    assert choose_worker(Work("a"), free(3, 1, 2), DAY) == Worker("li", 1)


def test_tie_goes_to_who_was_given_nothing_for_longest_then_to_the_first_id() -> None:
    pair = [Worker("li", given_at=5), Worker("chen", given_at=9), Worker("zhao", given_at=5)]
    assert choose_worker(Work("a"), pair, DAY) == pair[0]


@pytest.mark.parametrize(
    ("worker", "bar"),
    [
        (Worker("li", skills=frozenset({"claims"})), None),
        (Worker("li"), Bar.SKILL),
        (Worker("li", skills=frozenset({"claims"}), interests=frozenset({"clerk-07"})), Bar.INTEREST),
        (Worker("li", skills=frozenset({"claims"}), absences=(Absence(DAY, DAY),)), Bar.ABSENT),
        (Worker("li", skills=frozenset({"claims"}), absences=(Absence(date(2026, 11, 1), date(2026, 11, 22)),)), None),
    ],
    ids=["may", "no-skill", "interested", "away", "back"],
)
def test_who_may_take_a_piece_of_work(worker: Worker, bar: Bar | None) -> None:
    assert find_bar(worker, Work("a", 1, "claims", frozenset({"clerk-07"})), DAY) == bar


def test_work_that_nobody_may_take_is_named() -> None:
    concerned = Work("a", concerns=frozenset({"clerk-07"}))
    (dealt,) = deal_out([concerned], [Worker("li", interests=frozenset({"clerk-07"}))], DAY, 0)
    assert dealt.worker is None


@settings(max_examples=25, deadline=None)
@given(works, workers)
def test_nobody_with_an_interest_is_ever_given_the_work(some: list[Work], people: list[Worker]) -> None:
    interests = {one.id: one.interests for one in people}
    concerns = {one.id: one.concerns for one in some}
    dealt = [(interests[one.worker], concerns[one.work]) for one in deal_out(some, people, DAY, 0) if one.worker]
    assert all(not interest & concern for interest, concern in dealt)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(1, 4))
def test_loads_differ_by_no_more_than_the_heaviest_piece(weights: list[int], count: int) -> None:
    pieces = {f"{number:02}": weight for number, weight in enumerate(weights)}
    dealt = deal_out([Work(name, weight) for name, weight in pieces.items()], free(*[0] * count), DAY, 0)
    loads = [sum(pieces[one.work] for one in dealt if one.worker == name) for name in NAMES[:count]]
    assert max(loads) - min(loads) <= max(weights)


@settings(max_examples=25, deadline=None)
@given(works, workers)
def test_the_order_in_which_facts_are_told_changes_nothing(some: list[Work], people: list[Worker]) -> None:
    assert deal_out(some, people, DAY, 7) == deal_out(some[::-1], people[::-1], DAY, 7)


def test_equal_weights_go_round() -> None:
    people = [replace(one, given_at=index) for index, one in enumerate(free(0, 0, 0))]
    dealt = deal_out([Work(str(number)) for number in range(6)], people, DAY, 100)
    assert [one.worker for one in dealt] == ["chen", "li", "wang"] * 2
