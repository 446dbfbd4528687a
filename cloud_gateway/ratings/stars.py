"""The star level of a clerk: from the shrunken score of the last days, with hysteresis. Pure.

A score's *index* is where it lies on its scale, 0 to 1000: (score - 1000) / (scale - 1), the score in thousandths as
`figures.shrink_score` gives it, drawn to the mean of all clerks of the scale. A level is reached at its threshold and
`MARGIN`, and lost below its threshold less `MARGIN`; the first level of a clerk is that of the thresholds alone. Below
`LEAST` ratings there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cloud_gateway.ratings.figures import shrink_score

LEAST = 20
MARGIN = 15
#: The index from which on a clerk has so many stars; below the first it is one.
THRESHOLDS = {2: 500, 3: 700, 4: 850, 5: 930}


class Stars(NamedTuple):
    """A level, null while there are too few ratings, and how many ratings stand behind it."""

    level: int | None
    ratings: int


def index_of(score: int, scale: int) -> int:
    """Where a score (thousandths) lies on its scale, 0 to 1000."""
    return (score - 1000) // (scale - 1)


def judge_level(current: int | None, index: int) -> int:
    """The level now of somebody who had `current` until now."""
    if current is None:
        return _level(index, 0)
    up, down = _level(index, MARGIN), _level(index, -MARGIN)
    return up if up > current else min(current, down)


def judge_stars(
    current: Mapping[str, int | None], counts: Mapping[int, Mapping[str, Sequence[int]]]
) -> dict[str, Stars]:
    """The stars of each clerk in `current`. `counts` are by scale and clerk, by score from 1 on.

    A clerk with ratings on both scales is judged by the scale with more of them: they are never added.
    """
    whole = {scale: [sum(column) for column in zip(*by.values(), strict=True)] for scale, by in counts.items()}
    return {clerk: _judge(clerk, level, counts, whole) for clerk, level in current.items()}


def _judge(
    clerk: str,
    current: int | None,
    counts: Mapping[int, Mapping[str, Sequence[int]]],
    whole: Mapping[int, Sequence[int]],
) -> Stars:
    found = max(((sum(by[clerk]), scale) for scale, by in counts.items() if clerk in by), default=(0, 0))
    n, scale = found
    if n < LEAST:
        return Stars(None, n)
    score = shrink_score(counts[scale][clerk], whole[scale]).score
    return Stars(judge_level(current, index_of(score, scale)), n)


def _level(index: int, margin: int) -> int:
    return max((stars for stars, least in THRESHOLDS.items() if index >= least + margin), default=1)
