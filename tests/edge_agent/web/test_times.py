"""Times and ages as people and programs read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.web.times import age, parse_time, rfc3339, short_time, wall_time

LANDFALL = 622_440_600_000  # 1989-09-22T04:10Z


@given(st.integers(-62_135_510_400_000, 253_402_214_400_000))
def test_rfc3339_reads_back(at: int) -> None:
    assert parse_time(rfc3339(at)) == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1989-09-22T04:10:00Z", LANDFALL),
        ("1989-09-22T00:10:00-04:00", LANDFALL),
        ("1989-09-22T04:10:00.250Z", LANDFALL + 250),
        ("622440600000", LANDFALL),
        ("-1", -1),
    ],
)
def test_times_are_read(text: str, at: int) -> None:
    assert parse_time(text) == at


@pytest.mark.parametrize("text", ["", "now", "1989-09-22", "1989-09-22T04:10:00", "9" * 16, "1e9", "٣"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_time(text)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/New_York", "1989-09-22 00:10 EDT"),
        ("Asia/Shanghai", "1989-09-22 12:10 UTC+8"),
        ("Asia/Kolkata", "1989-09-22 09:40 UTC+5:30"),
        ("UTC", "1989-09-22 04:10 UTC"),
        ("Moon/Crater", "1989-09-22 04:10 UTC"),
        ("", "1989-09-22 04:10 UTC"),
    ],
)
def test_wall_time_is_of_the_zone(zone: str, expected: str) -> None:
    assert wall_time(LANDFALL, zone) == expected


def test_short_time_does_not_break() -> None:
    assert short_time(LANDFALL, "America/New_York") == "9\u201122\u00a000:10"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, (0, "s")), (2, (2, "s")), (119, (119, "s")), (120, (2, "min")), (2520, (42, "min")), (7199, (119, "min")),
        (7200, (2, "h")), (111_600, (31, "h")), (172_800, (2, "d")),
    ],
)  # fmt: skip
def test_age_is_in_the_largest_sensible_unit(seconds: int, expected: tuple[int, str]) -> None:
    assert age(seconds * 1000) == expected
