"""Times of warnings: read to the millisecond, mended where the mistake is known, never a crash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_gateway.warnings.moments import parse_moment, parse_rfc822_moment

MORNING = 1_784_505_600_000  # 2026-07-20T00:00:00Z
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("text", "at"),
    [
        pytest.param("2026-07-20T08:00:00+08:00", MORNING, id="offset ahead"),
        pytest.param("2026-07-19T17:00:00-07:00", MORNING, id="offset behind"),
        pytest.param("2026-07-20T00:00:00-00:00", MORNING, id="UTC as CAP writes it"),
        pytest.param("2026-07-20T00:00:00Z", MORNING, id="Z"),
        pytest.param("2026-07-20T08:00:00+0800", MORNING, id="offset without colon"),
        pytest.param(" 2026-07-20 08:00 +08:00\n", MORNING, id="spaces, no seconds"),
        pytest.param("2026-07-20T00:00:00.1239Z", MORNING + 123, id="fraction"),
        pytest.param("2026-07-19T24:00:00Z", MORNING, id="end of the day before"),
        pytest.param("2026-07-19T23:59:60Z", MORNING - 1000, id="leap second"),
    ],
)
def test_a_time_is_read_to_ms_utc(text: str, at: int) -> None:
    assert parse_moment("sent", text) == (at, None)


@pytest.mark.parametrize(
    ("text", "at", "code", "grade"),
    [
        pytest.param("2026-07-20T00:00:00", MORNING, "no_offset", "doubtful", id="no offset"),
        pytest.param("2569-07-20T07:00:00+07:00", MORNING, "buddhist_year", "repaired", id="Buddhist era"),
        pytest.param("2567-02-29T00:00:00Z", 1_709_164_800_000, "buddhist_year", "repaired", id="its leap day"),
        pytest.param("9999-12-31T23:59:59Z", None, "year_out_of_range", "doubtful", id="year 9999"),
        pytest.param("0001-01-01T00:00:00+14:00", None, "year_out_of_range", "doubtful", id="year 1"),
        pytest.param("2026-02-30T00:00:00Z", None, "bad_time", "doubtful", id="30 February"),
        pytest.param("2026-07-20T25:00:00Z", None, "bad_time", "doubtful", id="hour 25"),
        pytest.param("2026-07-20T00:00:61Z", None, "bad_time", "doubtful", id="second 61"),
        pytest.param("2026-07-20T00:00:00+23:00", None, "bad_time", "doubtful", id="offset of no place"),
        pytest.param("2026-07-20T00:00:00+08:60", None, "bad_time", "doubtful", id="sixty minutes"),
        pytest.param("2026-07-20", None, "bad_time", "doubtful", id="day only"),
        pytest.param("tomorrow", None, "bad_time", "doubtful", id="word"),
        pytest.param("٢٠٢٦-07-20T00:00:00Z", None, "bad_time", "doubtful", id="other digits"),
        pytest.param("2" * 100_000, None, "bad_time", "doubtful", id="very long"),
    ],
)
def test_what_is_wrong_with_a_time_is_found(text: str, at: int | None, code: str, grade: str) -> None:
    read, finding = parse_moment("sent", text)
    assert finding is not None
    assert (read, finding.code, finding.field, finding.grade) == (at, code, "sent", grade)
    assert len(finding.text) < 200


def test_no_text_is_no_time_and_no_finding() -> None:
    assert parse_moment("expires", "  ") == (None, None)


def test_a_buddhist_year_that_is_far_from_the_message_is_left_out() -> None:
    read, finding = parse_moment("expires", "2600-07-20T00:00:00Z", near=MORNING)
    assert finding is not None
    assert (read, finding.code) == (None, "year_out_of_range")


def test_a_buddhist_year_near_the_message_is_mended() -> None:
    assert parse_moment("expires", "2569-07-20T00:00:00Z", near=MORNING - HOUR)[0] == MORNING


def test_a_feed_whose_offset_is_known_needs_to_write_none() -> None:
    assert parse_moment("issued", "2026-07-20 08:00:00", offset_min=480) == (MORNING, None)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        pytest.param("Mon, 20 Jul 2026 00:00:00 GMT", MORNING, id="GMT"),
        pytest.param("Mon, 20 Jul 2026 08:00:00 +0800", MORNING, id="offset"),
        pytest.param("20 Jul 2026 00:00 -0000", MORNING, id="short"),
        pytest.param("2026-07-20T08:00:00+08:00", MORNING, id="as in Atom"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_time_of_rss_is_read(text: str, at: int | None) -> None:
    assert parse_rfc822_moment("updated", text) == (at, None)


@pytest.mark.parametrize("text", ["soon", "1", "Mon, 99 Jul 2026 00:00:00 GMT", "Mon, 20 Jul 99999999999 00:00:00 GMT"])
def test_a_bad_time_of_rss_is_a_finding(text: str) -> None:
    read, finding = parse_rfc822_moment("updated", text)
    assert finding is not None
    assert (read, finding.code) == (None, "bad_time")


@given(st.text(max_size=80) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([+-]\d\d:\d\d)?"))
def test_no_text_crashes_the_reading_of_times(text: str) -> None:
    assert len(parse_moment("sent", text)) == 2
    assert len(parse_rfc822_moment("sent", text)) == 2
