"""Star levels do not flicker, and patterns that no customer makes are flagged."""

from __future__ import annotations

import pytest

from cloud_gateway.ratings.anomalies import Anomaly, Flag, Given, Press, find_anomalies
from cloud_gateway.ratings.overview import Caution, ServedFigure, find_cautions, own_counts
from cloud_gateway.ratings.stars import LEAST, Stars, judge_level, judge_stars

OPENS, CLOSES, NOON = 510, 1050, 720
MINUTE = 60_000


@pytest.mark.parametrize(
    ("current", "index", "level"),
    [
        (None, 930, 5),
        (None, 929, 4),
        (None, 499, 1),
        (4, 944, 4),
        (4, 945, 5),
        (5, 915, 5),
        (5, 914, 4),
        (5, 100, 1),
        (1, 1000, 5),
    ],
    ids=["first-at", "first-below", "lowest", "not-yet-up", "up", "still", "down", "far-down", "far-up"],
)
def test_a_level_changes_only_beyond_its_margin(current: int | None, index: int, level: int) -> None:
    assert judge_level(current, index) == level


def test_a_clerk_with_few_ratings_has_no_level() -> None:
    counts = {3: {"a": [0, 0, LEAST - 1], "b": [0, 0, LEAST]}}
    judged = judge_stars({"a": 5, "b": None, "c": None}, counts)
    assert judged == {"a": Stars(None, LEAST - 1), "b": Stars(5, LEAST), "c": Stars(None, 0)}


def test_a_level_is_made_of_one_scale_only() -> None:
    counts = {3: {"a": [30, 0, 0]}, 5: {"a": [0, 0, 0, 0, 40]}}
    assert judge_stars({"a": None}, counts) == {"a": Stars(5, 40)}


def press(at: int, reason: str = "", *, button: int = 3, minute: int = NOON, present: bool | None = True) -> Press:
    return Press(at, minute, "1", button, not reason, reason, present)


def codes(presses: list[Press], given: list[Given] | None = None) -> list[Anomaly]:
    return [flag.code for flag in find_anomalies(presses, given or [], OPENS, CLOSES)]


@pytest.mark.parametrize(
    ("presses", "found"),
    [
        ([press(i * MINUTE, "no-window") for i in range(3)], [Anomaly.NO_CUSTOMER]),
        ([press(i * MINUTE, "staff-card") for i in range(3)], [Anomaly.NO_CUSTOMER]),
        ([press(i * MINUTE, present=False) for i in range(3)], [Anomaly.NO_CUSTOMER]),
        ([press(i * 6 * MINUTE, "no-window") for i in range(3)], []),
        ([press(i * MINUTE) for i in range(30)], []),
        ([press(i * MINUTE, "repeat") for i in range(9)], []),
        ([press(i, minute=CLOSES + 30) for i in range(3)], [Anomaly.AFTER_HOURS]),
        ([press(i, minute=CLOSES + 29) for i in range(3)], []),
        ([press(i, minute=OPENS - 31) for i in range(3)], [Anomaly.AFTER_HOURS]),
        ([press(i, "chatter", button=1) for i in range(5)], [Anomaly.WORN_KEY]),
        ([press(i, "stuck", button=1 + i % 2) for i in range(10)], []),
    ],
    ids=[
        "nobody-served", "own-card", "nobody-there", "far-apart", "a-busy-counter", "repeats", "after-closing",
        "just-closed", "before-opening", "loose-key", "two-keys",
    ],
)  # fmt: skip
def test_what_presses_are_flagged(presses: list[Press], found: list[Anomaly]) -> None:
    assert codes(presses) == found


def given_by(clerk: str, n: int, answered_ms: int, score: int = 3, counter: str = "1") -> list[Given]:
    return [Given(counter, clerk, 3, score, answered_ms)] * n


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (given_by("a", 10, 1499), [Anomaly.ALWAYS_GOOD_AT_ONCE]),
        (given_by("a", 10, 1500), []),
        (given_by("a", 9, 100), []),
        (given_by("a", 10, 100, score=2), []),
        (given_by("a", 10, 100) + given_by("a", 3, 9000), []),
    ],
    ids=["at-once", "in-time", "few", "not-the-best", "mixed"],
)
def test_what_ratings_are_flagged(given: list[Given], found: list[Anomaly]) -> None:
    assert codes([], given) == found


def test_a_key_that_is_never_pressed_at_one_counter_is_told_of() -> None:
    others = given_by("b", 90, 5000, counter="2") + given_by("b", 10, 5000, score=1, counter="2")
    flags = find_anomalies([], given_by("a", 100, 5000) + others, OPENS, CLOSES)
    assert Flag(Anomaly.SILENT_KEY, "1", "", 1, 0, 100) in flags
    assert Flag(Anomaly.SILENT_KEY, "1", "", 2, 0, 100) not in flags


@pytest.mark.parametrize(
    ("n", "services", "found"),
    [
        (19, None, [Caution.FEW]),
        (20, None, []),
        (25, ServedFigure(100, 95, 25, {}, None), []),
        (25, ServedFigure(100, 89, 25, {}, None), [Caution.MANY_NOT_INVITED]),
    ],
    ids=["few", "enough", "invited", "not-invited"],
)
def test_what_a_figure_is_cautioned_for(n: int, services: ServedFigure | None, found: list[Caution]) -> None:
    assert find_cautions(n, services) == found


@pytest.mark.parametrize(
    ("entries", "shown"),
    [
        ([[(3, 3)] * 2, [(3, 1)] * 2], {}),
        ([[(3, 3)] * 2, [(3, 1)] * 3, [(3, 2)]], {3: [3, 0, 2]}),
        ([[(3, 3)] * 5, [(3, 1)] * 4], {3: [0, 0, 5]}),
        ([[(3, 3)] * 5 + [(5, 5)] * 4], {3: [0, 0, 5]}),
        ([[(3, 3)] * 5 + [(5, 5)] * 4, [(5, 1)]], {3: [0, 0, 5], 5: [1, 0, 0, 0, 4]}),
    ],
    ids=["too-few", "added-up", "rest-waits", "each-scale-by-itself", "two-scales"],
)
def test_a_clerk_sees_his_own_only_k_at_a_time(
    entries: list[list[tuple[int, int]]], shown: dict[int, list[int]]
) -> None:
    assert own_counts(entries, 5) == shown
