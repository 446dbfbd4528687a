"""L-moments and return levels, against what theory says of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_gateway.seasons.returns import Gumbel, estimate, fit, moments

#: Annual maxima, mm, invented.
RAIN = [61.0, 88.5, 73.2, 102.4, 55.0, 94.1, 131.7, 67.9, 80.3, 76.6, 118.2, 69.4, 84.0, 97.3, 58.8, 109.5]


@pytest.mark.parametrize("n", [3, 10, 51])
def test_l_moments_of_whole_numbers_are_those_of_theory(n: int) -> None:
    found = moments([float(x) for x in range(n, 0, -1)])
    assert found.mean == pytest.approx((n + 1) / 2)
    assert found.scale == pytest.approx((n + 1) / 6)
    assert found.skewness == pytest.approx(0, abs=1e-12)


def test_a_large_gumbel_sample_gives_its_parameters_back() -> None:
    truth, n = Gumbel(80.0, 20.0), 4000
    sample = moments([truth.quantile((i + 0.5) / n) for i in range(n)])
    found = fit(sample)
    assert found.location == pytest.approx(80, rel=2e-3)
    assert found.scale == pytest.approx(20, rel=2e-3)
    assert sample.skewness == pytest.approx(math.log(9 / 8) / math.log(2), abs=2e-3)


@given(st.floats(-1e3, 1e3), st.floats(0.01, 1e3), st.floats(1.01, 1e6))
def test_level_and_return_period_are_each_others_inverse(location: float, scale: float, years: float) -> None:
    gumbel = Gumbel(location, scale)
    assert gumbel.years(gumbel.level(years)) == pytest.approx(years, rel=1e-3)


@given(st.floats(0.1, 100), st.floats(-1000, 1000))
def test_the_unit_of_a_record_changes_nothing_but_the_unit(factor: float, shift: float) -> None:
    plain, moved = moments(RAIN), moments([factor * x + shift for x in RAIN])
    assert moved.mean == pytest.approx(factor * plain.mean + shift, rel=1e-6, abs=1e-6)
    assert moved.scale == pytest.approx(factor * plain.scale, rel=1e-6)
    assert moved.skewness == pytest.approx(plain.skewness, abs=1e-5)


def test_an_estimate_says_how_far_it_can_be_trusted() -> None:
    found = estimate(RAIN)
    assert found is not None
    ten, fifty = found.levels
    assert ten.low < ten.value < ten.high
    assert fifty.low < ten.high < fifty.high
    assert fifty.high - fifty.low > ten.high - ten.low
    assert (found.size, found.fits, ten.beyond, fifty.beyond) == (16, True, False, True)
    assert estimate(list(reversed(RAIN))) == found


@pytest.mark.parametrize(
    "maxima",
    [pytest.param(RAIN[:9], id="nine years"), pytest.param([5.0] * 30, id="all the same"), pytest.param([], id="none")],
)
def test_too_little_is_refused(maxima: list[float]) -> None:
    assert estimate(maxima) is None


def test_a_record_that_is_no_gumbel_sample_is_marked() -> None:
    found = estimate([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.1, 2.2, 95.0])
    assert found is not None and not found.fits
