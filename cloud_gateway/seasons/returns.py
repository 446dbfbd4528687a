"""Return levels of annual maxima: a Gumbel distribution fitted by L-moments, with how far it can be trusted.

L-moments and the Gumbel parameters follow J. R. M. Hosking, "L-moments: Analysis and Estimation of Distributions Using
Linear Combinations of Order Statistics", J. R. Statist. Soc. B 52 (1990) 105-124. Pure: the resampling is seeded.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

EULER = 0.5772156649015329
#: With fewer years nothing is estimated.
YEARS_LEAST = 10
#: Return periods that are told, years.
PERIODS = (10, 50)
#: A return period longer than so many times the record is told as beyond it.
REACH = 2.0
RESAMPLES = 400
SEED = 1990
#: The middle part of the resamples: 90 %.
CUT = 0.05


class Moments(NamedTuple):
    """The first L-moment (the mean), the second (the scale), and the third over the second (the skewness)."""

    mean: float
    scale: float
    skewness: float


class Gumbel(NamedTuple):
    """F(x) = exp(-exp(-(x - location) / scale))."""

    location: float
    scale: float

    def level(self, years: float) -> float:
        """What is exceeded once in so many years on average; `years` is above 1."""
        return self.quantile(1 - 1 / years)

    def years(self, level: float) -> float:
        """How often in years, on average, a level is exceeded: never under 1; inf far above all that is known."""
        above = -math.expm1(-math.exp(-(level - self.location) / self.scale))
        return 1 / above if above > 0 else math.inf

    def quantile(self, probability: float) -> float:
        """The value that is not exceeded with this probability, between 0 and 1."""
        return self.location - self.scale * math.log(-math.log(probability))


class ReturnLevel(NamedTuple):
    """A level exceeded once in `years` on average, between `low` and `high` with 90 % by resampling.

    `beyond` says that the record is too short for it to be more than a hint.
    """

    years: int
    value: float
    low: float
    high: float
    beyond: bool


class Estimate(NamedTuple):
    """What so many annual maxima say; `fits` is False where their skewness is one that 5 % of Gumbel samples have."""

    size: int
    gumbel: Gumbel
    levels: tuple[ReturnLevel, ...]
    fits: bool


def estimate(maxima: Sequence[float]) -> Estimate | None:
    """Return levels of 10 and 50 years; None with fewer than 10 years, or where all years are the same."""
    if len(maxima) < YEARS_LEAST or min(maxima) == max(maxima):
        return None
    sample = moments(maxima)
    gumbel = fit(sample)
    resampled = _resample(gumbel, len(maxima))
    skews = sorted(one.skewness for one in resampled)
    levels = tuple(_level(gumbel, [fit(one) for one in resampled], years, len(maxima)) for years in PERIODS)
    half = int(RESAMPLES * CUT / 2)
    return Estimate(len(maxima), gumbel, levels, skews[half] <= sample.skewness <= skews[-half - 1])


def moments(values: Sequence[float]) -> Moments:
    """Sample L-moments by unbiased probability-weighted moments; at least three values."""
    ordered, n = sorted(values), len(values)
    b0 = math.fsum(ordered) / n
    b1 = math.fsum(i * x for i, x in enumerate(ordered)) / (n * (n - 1))
    b2 = math.fsum(i * (i - 1) * x for i, x in enumerate(ordered)) / (n * (n - 1) * (n - 2))
    scale = 2 * b1 - b0
    return Moments(b0, scale, (6 * b2 - 6 * b1 + b0) / scale if scale else 0.0)


def fit(sample: Moments) -> Gumbel:
    """The Gumbel distribution with these L-moments."""
    scale = sample.scale / math.log(2)
    return Gumbel(sample.mean - EULER * scale, scale)


def _resample(gumbel: Gumbel, count: int) -> list[Moments]:
    chance = random.Random(SEED)  # noqa: S311 - no secret: the same record gives the same answer

    def draw() -> float:
        return gumbel.quantile(min(max(chance.random(), 1e-12), 1 - 1e-12))

    return [moments([draw() for _ in range(count)]) for _ in range(RESAMPLES)]


def _level(gumbel: Gumbel, others: Sequence[Gumbel], years: int, count: int) -> ReturnLevel:
    values = sorted(one.level(years) for one in others)
    cut = int(RESAMPLES * CUT)
    return ReturnLevel(years, gumbel.level(years), values[cut], values[-cut - 1], years > REACH * count)
