"""The arithmetic of figures: against exact fractions and the closed form, and at its edges."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_gateway.ratings.figures import WEIGHT, Score, lower_median, shrink_score, wilson

counts = st.integers(0, 5000)


@st.composite
def cells(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """A cell of a scale, and the table that it is a part of."""
    own = draw(st.sampled_from([3, 5]).flatmap(lambda s: st.lists(counts, min_size=s, max_size=s)))
    return own, [n + draw(counts) for n in own]


def posterior_mean(own: list[int], table: list[int]) -> Fraction:
    total, n, s = sum(table), sum(own), len(own)
    prior = [WEIGHT * Fraction(all_ + 1, total + s) for all_ in table]
    return sum((j * (o + p) for j, (o, p) in enumerate(zip(own, prior, strict=True), 1)), Fraction()) / (n + WEIGHT)


@given(cells())
def test_a_score_is_the_mean_of_the_posterior_to_the_nearest_thousandth(cell: tuple[list[int], list[int]]) -> None:
    assert abs(shrink_score(*cell).score - 1000 * posterior_mean(*cell)) <= Fraction(1, 2)


@given(cells())
def test_an_interval_holds_its_score_and_stays_on_the_scale(cell: tuple[list[int], list[int]]) -> None:
    found = shrink_score(*cell)
    assert 1000 <= found.low <= found.score <= found.high <= 1000 * len(cell[0])


def test_the_width_is_that_of_the_posterior() -> None:
    own, table = [2, 6, 32], [20, 60, 320]
    found = shrink_score(own, table)
    q = [(o + WEIGHT * (t + 1) / 403) / 50 for o, t in zip(own, table, strict=True)]
    mean = sum(j * share for j, share in enumerate(q, 1))
    deviation = sqrt((sum(j * j * share for j, share in enumerate(q, 1)) - mean**2) / 51)
    assert found.score - found.low == pytest.approx(1960 * deviation, abs=1)
    assert found.high - found.score == min(3000 - found.score, found.score - found.low)


def test_few_ratings_are_drawn_to_the_mean_of_the_table_and_many_are_not() -> None:
    table = [100, 300, 600]
    assert shrink_score([0, 0, 0], table).score == pytest.approx(2500, abs=5)
    assert shrink_score([3, 0, 0], table).score > 2000
    assert shrink_score([3000, 0, 0], table).score < 1010


def test_a_score_by_hand() -> None:
    assert shrink_score([0, 1, 9], [10, 20, 70]) == Score(2741, 2507, 2975)


@pytest.mark.parametrize(
    ("x", "n", "expected"),
    [
        (0, 10, (0, 0, 278)),
        (10, 10, (1000, 722, 1000)),
        (5, 10, (500, 236, 764)),
        (1, 1, (1000, 206, 1000)),
        (81, 263, (308, 255, 367)),
    ],
    ids=["none", "all", "half", "one-of-one", "81-of-263"],
)
def test_wilson_intervals_as_tables_have_them(x: int, n: int, expected: tuple[int, int, int]) -> None:
    found = wilson(x, n)
    assert (found.share, found.low, found.high) == pytest.approx(expected, abs=1)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval(found: tuple[int, int]) -> None:
    share = wilson(*found)
    assert 0 <= share.low <= share.share <= share.high <= 1000


@pytest.mark.parametrize(
    ("values", "middle"), [([], None), ([7], 7), ([9, 1], 1), ([3, 1, 2], 2)], ids=["none", "one", "two", "three"]
)
def test_the_lower_median(values: list[int], middle: int | None) -> None:
    assert lower_median(values) == middle
