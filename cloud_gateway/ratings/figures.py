"""The arithmetic of figures, in whole numbers so that anybody gets the same ones: docs/publication.md. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

#: The prior of a score is worth so many ratings.
WEIGHT = 10


@dataclass(frozen=True)
class Score:
    """A mean score, drawn to that of its table, with its 95 % credible interval; thousandths."""

    score: int
    low: int
    high: int


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval; thousandths."""

    share: int
    low: int
    high: int


def half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number, halves up; neither is negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def shrink_score(counts: Sequence[int], table: Sequence[int]) -> Score:
    """The mean of the posterior Dirichlet distribution of a cell's counts, by score from 1 on.

    The prior has the shares of the whole table's counts and is worth `WEIGHT` ratings (Gelman et al., Bayesian Data
    Analysis, section 3.4); the interval is the posterior's normal approximation.
    """
    s, n, total = len(counts), sum(counts), sum(table)
    weights = [(total + s) * own + WEIGHT * (all_ + 1) for own, all_ in zip(counts, table, strict=True)]
    d = (total + s) * (n + WEIGHT)
    a = sum(j * weight for j, weight in enumerate(weights, 1))
    b = sum(j * j * weight for j, weight in enumerate(weights, 1))
    score = half_up(1000 * a, d)
    h = isqrt(1960**2 * (d * b - a * a) // (d * d * (n + WEIGHT + 1))) + 1
    return Score(score, max(1000, score - h), min(1000 * s, score + h))


def wilson(x: int, n: int) -> Share:
    """x of n (at least 1) with Wilson's score interval, z = 1.96 (Wilson 1927), ends rounded outward."""
    p, q = 10_000 * x + 19_208, 10_000 * n + 38_416
    r = isqrt(196**2 * (10_000 * x * (n - x) + 9604 * n) // n) + 1
    return Share(half_up(1000 * x, n), max(0, 1000 * (p - r) // q), min(1000, -(-1000 * (p + r) // q)))


def lower_median(values: Sequence[int]) -> int | None:
    """The middle one, of two the lower; None of none."""
    return sorted(values)[(len(values) - 1) // 2] if values else None
