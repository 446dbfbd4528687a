"""How wide a chart's intervals are, and where its line is open."""

from __future__ import annotations

import pytest

from cloud_gateway.charts.widths import DAY, HOUR, MINUTE, SECOND, WIDTHS, Coarse, choose_width, open_gaps
from cloud_gateway.readings.rollups import BLOCK_MS
from cloud_gateway.readings.series import Bucket


@pytest.mark.parametrize(
    ("span", "points", "width"),
    [
        pytest.param(HOUR, 1500, 5 * SECOND, id="an hour"),
        pytest.param(DAY, 1440, MINUTE, id="just fits"),
        pytest.param(DAY + 1, 1440, 2 * MINUTE, id="just does not"),
        pytest.param(366 * DAY, 1500, 6 * HOUR, id="a year"),
        pytest.param(7320 * DAY, 1500, 5 * DAY, id="twenty years"),
        pytest.param(1, 10, SECOND, id="no less than a second"),
    ],
)
def test_width_is_the_smallest_that_fits(span: int, points: int, width: int) -> None:
    assert choose_width(span, points) == width


def test_wide_intervals_can_be_read_from_roll_ups() -> None:
    assert [w for w in WIDTHS if w >= BLOCK_MS and w % BLOCK_MS] == []


def bucket(at: int) -> Bucket:
    return Bucket(at, 1.0, 2.0, 3.0, 4)


def test_gap_is_open_where_more_than_two_intervals_are_missing() -> None:
    buckets = [bucket(at) for at in (0, 10_000, 35_000, 60_001)]
    assert [m and m[0] for m in open_gaps(buckets, 1000, 10.0)] == [0, 10_000, 35_000, None, 60_001]


def test_gap_is_measured_by_the_wider_of_interval_and_bucket() -> None:
    assert None not in open_gaps([bucket(0), bucket(10_000)], 5000, 1.0)


def test_down_sampled_values_are_no_gaps() -> None:
    buckets = [bucket(at) for at in (0, HOUR, 4 * HOUR, 4 * HOUR + 10 * MINUTE)]
    found = open_gaps(buckets, MINUTE, 1.0, Coarse(4 * HOUR, HOUR))
    assert [m and m[0] for m in found] == [0, HOUR, None, 4 * HOUR, None, 4 * HOUR + 10 * MINUTE]


def test_stream_that_speaks_only_of_changes_has_no_gap() -> None:
    assert open_gaps([bucket(0), bucket(DAY)], 1000, None) == [(0, 1.0, 2.0, 3.0, 4), (DAY, 1.0, 2.0, 3.0, 4)]
