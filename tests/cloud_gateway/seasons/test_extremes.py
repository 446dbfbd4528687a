"""Extremes of months and years of a record."""

from __future__ import annotations

import pytest

from cloud_gateway.seasons.extremes import MonthExtreme, Value, annual_maxima, monthly_extremes

MONTHS = [Value(f"2001-{month:02}", float(month)) for month in range(1, 13)]
DAYS = [Value(f"2003-{month:02}-{day:02}", float(month + day)) for month in range(1, 13) for day in range(1, 26)]

YEARS = [
    pytest.param([], {}, id="nothing"),
    pytest.param([Value("1998", 4.5), Value("1997", 3.0)], {1997: 3.0, 1998: 4.5}, id="values of years"),
    pytest.param(MONTHS, {2001: 12.0}, id="twelve months"),
    pytest.param(MONTHS[1:], {}, id="a month is missing"),
    pytest.param([*MONTHS[1:], Value("2001", 30.0)], {2001: 30.0}, id="the year's value fills a missing month"),
    pytest.param(DAYS, {2003: 37.0}, id="25 days of each month"),
    pytest.param(DAYS[1:], {}, id="24 days of a month"),
]


@pytest.mark.parametrize(("values", "expected"), YEARS)
def test_a_year_counts_when_it_is_covered(values: list[Value], expected: dict[int, float]) -> None:
    assert annual_maxima(values) == expected


def test_each_month_has_its_highest_value_and_when_it_was() -> None:
    values = [Value("1998-07", 4.0), Value("2001-07-21", 6.5), Value("2005-07", 6.5), Value("2001-01", 1.0)]
    assert monthly_extremes([*values, Value("1999", 9.0)]) == [
        MonthExtreme(1, 1.0, "2001-01", 1),
        MonthExtreme(7, 6.5, "2001-07-21", 3),
    ]
