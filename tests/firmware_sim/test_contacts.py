"""How contacts move: schedules, floats, tips."""

from __future__ import annotations

from firmware_sim.contacts import closed_at, float_switch, pulses, spans
from firmware_sim.series import Series


def test_a_scheduled_contact_is_closed_within_its_spans() -> None:
    changes = spans([(10, 20), (30, 40)])
    assert changes == [(10, True), (20, False), (30, True), (40, False)]
    assert [closed_at(changes, t) for t in (9, 10, 19, 20, 35, 40)] == [False, True, True, False, True, False]


def test_spans_that_touch_are_one() -> None:
    assert spans([(10, 20), (20, 30)]) == [(10, True), (30, False)]


def test_a_float_closes_above_one_level_and_opens_below_another() -> None:
    level = Series((0, 1, 2, 3, 4, 5), (0.0, 0.6, 0.5, 0.45, 0.4, 0.6))
    assert float_switch(level, closes_m=0.6, opens_m=0.4) == [(1, True), (4, False), (5, True)]


def test_each_tip_is_one_short_closure() -> None:
    assert pulses([1000, 5000]) == [(1000, True), (1100, False), (5000, True), (5100, False)]


def test_tips_in_a_cloudburst_stay_apart() -> None:
    assert pulses([1000, 1050]) == [(1000, True), (1025, False), (1050, True), (1150, False)]


def test_a_dry_day_has_no_tips() -> None:
    assert pulses([]) == []
