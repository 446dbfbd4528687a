"""China's signals: colours, levels that count in opposite directions, pairs that nobody defined."""

from __future__ import annotations

import itertools

import pytest

from cloud_gateway.warnings.chinese.nmc import NMC_LEVELS
from cloud_gateway.warnings.chinese.two_digit import TWO_DIGIT_LEVELS
from cloud_gateway.warnings.hazards import HAZARDS
from cloud_gateway.warnings.model import LEVEL_OF_COLOR, LEVEL_OF_SEVERITY, Color
from cloud_gateway.warnings.signals import SEVERITY_OF_COLOR, SIGNALS, find_impossible, read_color, shown_h


def test_pictures_count_from_the_gravest() -> None:
    assert [NMC_LEVELS[level] for level in ("001", "002", "003", "004")] == ["red", "orange", "yellow", "blue"]


def test_two_digits_count_from_the_slightest() -> None:
    assert [TWO_DIGIT_LEVELS[level] for level in ("01", "02", "03", "04")] == ["blue", "yellow", "orange", "red"]


@pytest.mark.parametrize(
    ("hazard", "color", "adcode", "is_doubtful"),
    [
        ("hail", Color.BLUE, "310000", True),
        ("hail", Color.ORANGE, "310000", False),
        ("frost", Color.RED, "310000", True),
        ("drought", Color.YELLOW, "310000", True),
        ("rainstorm", Color.BLUE, "310000", False),
        ("lightning", Color.BLUE, "310000", True),
        ("lightning", Color.BLUE, "110108", False),
        ("typhoon", Color.WHITE, "440300", False),
        ("typhoon", Color.WHITE, "310000", True),
        ("thunderstorm", Color.BLUE, "310000", False),
        ("hail", Color.GREEN, "310000", False),
        ("hail", None, "310000", False),
    ],
)
def test_a_pair_that_no_rule_knows_is_marked(hazard: str, color: Color | None, adcode: str, is_doubtful: bool) -> None:
    codes = [finding.code for finding in find_impossible(hazard, color, adcode)]
    assert codes == ["impossible_signal"] * is_doubtful


@pytest.mark.parametrize(
    ("hazard", "color", "hours"),
    [
        ("rainstorm", Color.BLUE, 12),
        ("rainstorm", Color.YELLOW, 6),
        ("rainstorm", Color.ORANGE, 3),
        ("rainstorm", Color.RED, 3),
        ("fog", Color.RED, 2),
        ("gale", Color.RED, 24),
        ("cold-wave", Color.BLUE, 48),
        ("tsunami", None, 24),
        ("hail", None, 6),
    ],
)
def test_a_signal_is_shown_as_fresh_for_its_usual_time(hazard: str, color: Color | None, hours: int) -> None:
    assert shown_h(hazard, color) == hours


def test_no_graver_colour_of_a_hazard_gives_more_time() -> None:
    ranked = sorted(SIGNALS, key=lambda pair: (pair[0], LEVEL_OF_COLOR[pair[1]]))
    steps = [(one, other) for one, other in itertools.pairwise(ranked) if one[0] == other[0]]
    assert all(SIGNALS[one].window_h >= SIGNALS[other].window_h for one, other in steps)


def test_the_table_names_known_hazards_and_the_four_colours() -> None:
    assert {hazard for hazard, _ in SIGNALS} <= set(HAZARDS)
    assert {color for _, color in SIGNALS} == {Color.BLUE, Color.YELLOW, Color.ORANGE, Color.RED}


def test_severity_and_colour_tell_one_level() -> None:
    assert all(LEVEL_OF_SEVERITY[severity] == LEVEL_OF_COLOR[color] for color, severity in SEVERITY_OF_COLOR.items())


@pytest.mark.parametrize(("word", "color"), [("Blue", Color.BLUE), ("橙色", Color.ORANGE), ("红", Color.RED)])
def test_a_colour_is_read_in_both_languages(word: str, color: Color) -> None:
    assert read_color(word) is color
