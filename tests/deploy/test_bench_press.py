"""The bench of a press: what it calls the 99th percentile, and that a press is measured on both its ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.bench import press
from deploy.bench.ranks import percentile


@pytest.mark.parametrize(
    ("times", "percent", "value"),
    [
        pytest.param([5.0], 99, 5.0, id="one"),
        pytest.param(list(range(1, 101)), 99, 99, id="a hundred"),
        pytest.param(list(range(1, 201)), 99, 198, id="two hundred"),
        pytest.param([3.0, 1.0, 2.0], 50, 2.0, id="the middle"),
    ],
)
def test_percentile_is_a_value_that_was_measured(times: list[float], percent: int, value: float) -> None:
    assert percentile(times, percent) == value


def test_lamp_answers_before_the_contact_has_held_and_the_disk_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press, "PRESSES", 2)
    (table,) = press.bench_press(tmp_path, rounds=1)
    lamp, durable, _, hold, *_ = (figure.value for figure in table.figures)
    assert 0 < lamp < durable
    assert durable > hold
