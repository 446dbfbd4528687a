"""Faults of sensors: data, seeded, and over when they are over."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.contacts import closed_at, spans
from firmware_sim.faults import spoil_contact, spoil_measure
from firmware_sim.forms import Bounce, Drift, Frozen, Noise, Stuck

WHEN = {"name": "fault", "target": "device-1/stream", "at": "1970-01-01T00:00:01Z", "for_s": 9}
FROZEN = Frozen.model_validate({**WHEN, "kind": "frozen"})
DRIFT = Drift.model_validate({**WHEN, "kind": "drift", "per_hour": 3600})
NOISE = Noise.model_validate({**WHEN, "kind": "noise", "deviation": 0.5})
STUCK = Stuck.model_validate({**WHEN, "kind": "stuck", "closed": True})
BOUNCE = Bounce.model_validate({**WHEN, "kind": "bounce", "edges": 5, "within_ms": 12})


def test_a_frozen_sensor_keeps_its_value_until_it_thaws() -> None:
    spoiled = spoil_measure(float, [FROZEN], 1)
    assert [spoiled(at) for at in (999, 1000, 5000, 9999, 10_000)] == [999, 1000, 1000, 1000, 10_000]


def test_a_drifting_sensor_leaves_the_truth_steadily_and_comes_back() -> None:
    spoiled = spoil_measure(lambda _: 7.0, [DRIFT], 1)
    assert [spoiled(at) for at in (500, 1000, 2000, 5000, 10_000)] == [7, 7, 8, 11, 7]


def test_noise_has_its_deviation_and_the_same_seed_makes_the_same_noise() -> None:
    values = [spoil_measure(lambda _: 0.0, [NOISE], 1)(at) for at in range(1000, 3000)]
    again = [spoil_measure(lambda _: 0.0, [NOISE], 1)(at) for at in range(1000, 3000)]
    other = [spoil_measure(lambda _: 0.0, [NOISE], 2)(at) for at in range(1000, 3000)]
    assert values == again != other
    assert statistics.stdev(values) == pytest.approx(0.5, rel=0.1)
    assert spoil_measure(lambda _: 0.0, [NOISE], 1)(10_000) == 0.0


def test_faults_add_up() -> None:
    assert spoil_measure(float, [FROZEN, DRIFT], 1)(3000) == 1002


def test_a_stuck_contact_moves_when_it_comes_loose() -> None:
    truth = spans([(500, 2000), (4000, 6000), (8000, 12_000)])
    assert spoil_contact(truth, [STUCK], 1) == [(500, True), (12_000, False)]
    assert spoil_contact([], [STUCK], 1) == [(1000, True), (10_000, False)]


def test_a_bouncing_contact_makes_several_edges_within_its_time() -> None:
    spoiled = spoil_contact(spans([(2000, 3000)]), [BOUNCE], 1)
    closing = [change for change in spoiled if change[0] < 2500]
    assert [closed for _, closed in closing] == [True, False, True, False, True]
    assert closing[0][0] == 2000
    assert closing[-1][0] <= 2012
    assert len(spoiled) == 10


def test_the_same_seed_bounces_the_same_way() -> None:
    truth = spans([(2000, 3000)])
    assert spoil_contact(truth, [BOUNCE], 1) == spoil_contact(truth, [BOUNCE], 1)
    assert spoil_contact(truth, [BOUNCE], 1) != spoil_contact(truth, [BOUNCE], 2)


@given(st.lists(st.integers(0, 20_000), unique=True, max_size=40).map(sorted), st.integers(0, 99))
def test_bounces_alternate_rise_in_time_and_end_where_the_contact_went(times: list[int], seed: int) -> None:
    truth = [(at, i % 2 == 0) for i, at in enumerate(times)]
    spoiled = spoil_contact(truth, [BOUNCE], seed)
    assert [closed for _, closed in spoiled] == [i % 2 == 0 for i in range(len(spoiled))]
    assert [at for at, _ in spoiled] == sorted({at for at, _ in spoiled})
    assert closed_at(spoiled, 30_000) == closed_at(truth, 30_000)
