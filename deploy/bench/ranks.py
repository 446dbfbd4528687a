"""Percentiles of measured times."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(times: Sequence[float], percent: int) -> float:
    """The value that so many percent of them do not exceed (nearest rank)."""
    return sorted(times)[max(0, -(-len(times) * percent // 100) - 1)]
