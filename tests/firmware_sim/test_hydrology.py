"""The physical model: rain to tips, to run-off, to level; mass is neither made nor lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.hydrology import Yard, drain_level, excess_mm, pulse_times
from firmware_sim.series import Series

HOUR = 3_600_000
RAIN = Series((0, HOUR, 2 * HOUR), (12.0, 36.0, 0.0))
DRY = Series((0,), (0.0,))
CLOSED = Yard(curve_number=100, outfall_m2=0)


def test_the_bucket_tips_each_time_its_fill_has_fallen() -> None:
    assert pulse_times(RAIN, 4.0, 0, 3 * HOUR) == [
        HOUR // 3,
        2 * HOUR // 3,
        HOUR,
        *(HOUR + n * HOUR // 9 for n in range(1, 10)),
    ]


def test_the_last_intensity_holds_until_the_end_of_the_story() -> None:
    assert pulse_times(Series((0,), (1.0,)), 0.5, 0, 2 * HOUR) == [HOUR // 2, HOUR, 3 * HOUR // 2, 2 * HOUR]


def test_rain_before_the_story_is_not_counted() -> None:
    assert pulse_times(RAIN, 12.0, HOUR, 3 * HOUR) == [HOUR + n * HOUR // 3 for n in (1, 2, 3)]


@given(st.lists(st.floats(0, 500), min_size=1, max_size=20), st.sampled_from([0.1, 0.2, 0.5]))
def test_tips_times_fill_is_the_rain_and_tips_never_go_back(intensities: list[float], fill: float) -> None:
    rain = Series(tuple(n * HOUR for n in range(len(intensities) + 1)), (*intensities, 0.0))
    tips = pulse_times(rain, fill, 0, 30 * HOUR)
    assert len(tips) * fill == pytest.approx(sum(intensities), abs=fill * 1.01)
    assert tips == sorted(tips)


def test_run_off_begins_after_the_initial_loss() -> None:
    # Curve number 80: storage 63.5 mm, so nothing runs off below 12.7 mm.
    assert excess_mm(12.7, 80) == 0
    assert excess_mm(50.0, 80) == pytest.approx((50 - 12.7) ** 2 / (50 + 50.8))
    assert excess_mm(50.0, 100) == 50.0


def test_level_and_volume_are_inverse_below_and_above_the_yard() -> None:
    yard = Yard(sump_m2=10, sump_depth_m=2, area_m2=1000)
    assert yard.level_of(20) == 2.0
    assert yard.level_of(120) == pytest.approx(2.1)
    assert yard.volume_of(2.1) == pytest.approx(120)
    assert yard.volume_of(0.5) == 5


def test_without_an_outfall_all_rain_ends_in_the_drain() -> None:
    level = drain_level(CLOSED, RAIN, None, 0, 24 * HOUR)
    assert CLOSED.volume_of(level.values[-1]) == pytest.approx(0.048 * CLOSED.area_m2, rel=1e-3)


def test_a_dry_story_leaves_the_drain_dry() -> None:
    assert set(drain_level(Yard(), DRY, None, 0, HOUR).values) == {0.0}


def test_the_drain_fills_in_the_rain_and_empties_after_it() -> None:
    yard = Yard(curve_number=98, outfall_m2=0.02)
    level = drain_level(yard, RAIN, None, 0, 12 * HOUR)
    peak = max(level.values)
    assert peak > 0.3
    assert HOUR < level.at_ms[level.values.index(peak)] <= 2.5 * HOUR
    assert level.values[-1] < 0.05


def test_a_sea_above_the_drain_shuts_the_flap_valve() -> None:
    yard = Yard(curve_number=98, outfall_m2=0.02)
    shut = drain_level(yard, RAIN, Series((0,), (5.0,)), 0, 12 * HOUR)
    free = drain_level(yard, RAIN, Series((0,), (-5.0,)), 0, 12 * HOUR)
    assert shut.values[-1] > max(free.values)


def test_a_sea_above_the_sill_floods_the_yard_to_its_own_level() -> None:
    yard = Yard(floor_m=1.0, sill_m=3.0)
    flooded = drain_level(yard, DRY, Series((0, HOUR), (2.0, 4.0)), 0, 2 * HOUR)
    assert flooded.value_at(HOUR // 4) == 0.0
    assert flooded.value_at(HOUR + 20_000) == pytest.approx(3.0, abs=0.01)


def test_a_very_long_story_is_computed_in_bounded_steps() -> None:
    assert len(drain_level(Yard(), DRY, None, 0, 400 * 24 * HOUR).values) <= 50_001
