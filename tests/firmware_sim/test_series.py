"""Series from CSV files: what is read, and how each mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_sim.series import Series, SeriesError, parse_time, read_series

HEAD = "# a comment\nat,level\n"
ROWS = HEAD + "1989-09-20T04:00:00Z,2.0\n1989-09-20T05:00:00Z,3.0\n"
FOUR = 622267200000


def _write(folder: Path, text: str) -> Path:
    path = folder / "series.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_series_gives_its_figures_at_their_hours_and_straight_lines_between(tmp_path: Path) -> None:
    series = read_series(_write(tmp_path, ROWS), "level")
    assert series == Series((FOUR, FOUR + 3_600_000), (2.0, 3.0))
    assert series.value_at(FOUR) == 2.0
    assert series.value_at(FOUR + 3_600_000) == 3.0
    assert series.value_at(FOUR + 900_000) == 2.25


def test_a_series_keeps_its_ends(tmp_path: Path) -> None:
    series = read_series(_write(tmp_path, ROWS), "level")
    assert (series.value_at(0), series.value_at(2**50)) == (2.0, 3.0)


def test_a_step_series_holds_until_its_next_row(tmp_path: Path) -> None:
    series = read_series(_write(tmp_path, ROWS), "level")
    assert series.step_at(FOUR + 3_599_999) == 2.0
    assert series.step_at(FOUR + 3_600_000) == 3.0


def test_windows_files_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_bytes(b"\xef\xbb\xbf" + ROWS.removeprefix("# a comment\n").replace("\n", "\r\n").encode())
    assert read_series(path, "level").values == (2.0, 3.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("at,stage\n1989-09-20T04:00:00Z,1\n", "column 'level'; the header has: at, stage", id="column"),
        pytest.param("at,level,level\n", "no single column 'level'", id="column twice"),
        pytest.param("when,level\n", "no single column 'at'", id="no time column"),
        pytest.param("", "no single column 'at'; the header has: nothing", id="empty file"),
        pytest.param(HEAD, "has no rows", id="no rows"),
        pytest.param(HEAD + "20 September,1\n", "line 3: '20 September' is not a time", id="not a time"),
        pytest.param(HEAD + "1989-09-20T04:00:00,1\n", "line 3: .* is not a time", id="no zone"),
        pytest.param(ROWS + "1989-09-20T05:00:00Z,1\n", "line 5: is not later", id="time twice"),
        pytest.param(ROWS + "1989-09-20T04:30:00Z,1\n", "line 5: is not later", id="unsorted"),
        pytest.param(HEAD + "1989-09-20T04:00:00Z,high\n", "line 3: level: 'high' is not", id="not a number"),
        pytest.param(HEAD + "1989-09-20T04:00:00Z,nan\n", "line 3: level: 'nan' is not", id="NaN"),
        pytest.param(HEAD + "1989-09-20T04:00:00Z,-inf\n", "line 3: level: '-inf' is not", id="infinity"),
        pytest.param(HEAD + "1989-09-20T04:00:00Z,1e300\n", "line 3: level: '1e300' is not", id="absurd"),
        pytest.param(HEAD + "1989-09-20T04:00:00Z\n", "line 3: has 1 fields, the header 2", id="too few fields"),
        pytest.param(HEAD + '1989-09-20T04:00:00Z,"1\n', "is not CSV", id="open quote"),
    ],
)
def test_each_mistake_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SeriesError, match=told) as caught:
        read_series(_write(tmp_path, text), "level")
    assert caught.value.remedy


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_bytes(b"at,level\n\xff\xfe\x00")
    with pytest.raises(SeriesError, match="not text in UTF-8"):
        read_series(path, "level")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match="cannot be read"):
        read_series(tmp_path / "nothing.csv", "level")


def test_times_with_another_zone_are_the_same_instant() -> None:
    assert parse_time("1989-09-20T00:00:00-04:00") == parse_time("1989-09-20T04:00:00Z") == FOUR
