"""The edge's decisions, each as a table of what comes in and what is said."""

from __future__ import annotations

import pytest

from edge_agent.rules import NS, Change, Debounce, PulseFilter, Reporter, Rise, Trigger

R, C = Change.RAISED, Change.CLEARED


@pytest.mark.parametrize(
    ("hold_s", "values", "said"),
    [
        pytest.param(0, [1, 2, 3, 2.5, 2, 1], [None, None, R, None, C, None], id="raised at above, cleared at clear"),
        pytest.param(0, [3, 2.5, 3, 2.5, 3], [R, None, None, None, None], id="no flutter between the two"),
        pytest.param(20, [3, 3, 3, 3], [None, None, R, None], id="must hold"),
        pytest.param(20, [3, 3, 2.9, 3, 3, 3], [None, None, None, None, None, R], id="a dip begins the wait again"),
        pytest.param(20, [1, 9, 1, 9, 1], [None, None, None, None, None], id="spikes say nothing"),
    ],
)
def test_trigger(hold_s: float, values: list[float], said: list[Change | None]) -> None:
    trigger = Trigger(above=3, clear=2, hold_s=hold_s)
    ticks = [10 * NS * i for i in range(len(values))]
    assert [trigger.update(v, t) for v, t in zip(values, ticks, strict=True)] == said


def test_trigger_knows_since_when() -> None:
    trigger = Trigger(above=3, clear=2, hold_s=20)
    for second in (0, 10, 20, 30):
        trigger.update(3.5 if second else 1.0, second * NS)
    assert trigger.raised
    assert trigger.since == 10 * NS


def test_a_switch_counts_once_it_has_held() -> None:
    debounce = Debounce(hold_s=0.05, stable=False)
    for mono, active in ((0, True), (10, False), (20, True), (30, False), (40, True)):
        debounce.edge(active, mono * NS // 1000)
    assert not debounce.settle(60 * NS // 1000)
    assert debounce.settle(90 * NS // 1000)
    assert debounce.stable


def test_a_short_contact_never_counts() -> None:
    debounce = Debounce(hold_s=0.05, stable=False)
    debounce.edge(True, 0)
    debounce.edge(False, NS // 1000)
    assert not debounce.settle(NS)


def test_edges_of_one_tip_are_one_tip() -> None:
    pulses = PulseFilter(gap_s=0.02)
    edges = [(0, True), (2, False), (4, True), (100, False), (102, True), (104, False), (1000, True), (1100, False)]
    counted = [pulses.edge(active, ms * NS // 1000) for ms, active in edges]
    assert counted == [True, False, False, False, False, False, True, False]


def test_values_are_reported_on_change_and_after_silence() -> None:
    reporter = Reporter(deadband=0.1, max_interval_s=60)
    seen = [(1.0, 0), (1.05, 10), (1.11, 20), (1.12, 50), (1.12, 80)]
    assert [reporter.is_due(value, second * NS) for value, second in seen] == [True, False, True, False, True]


def test_rise_is_per_hour_over_its_window() -> None:
    rise = Rise(window_s=600)
    rates = [rise.update(0.1 * i, 300 * i * NS) for i in range(5)]
    assert rates[0] is None
    assert rates[1:] == pytest.approx([1.2, 1.2, 1.2, 1.2])


def test_rise_says_nothing_before_half_its_window() -> None:
    rise = Rise(window_s=600)
    assert [rise.update(5.0 * i, 60 * i * NS) for i in range(5)] == [None] * 5
