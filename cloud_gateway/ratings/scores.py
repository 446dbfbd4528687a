"""Scores in words and marks, as pages show them."""

from __future__ import annotations

from typing import NamedTuple

from edge_agent.web.words import CHINESE
from edge_agent.wire.ratings import LABELS


class Level(NamedTuple):
    """One level of a scale."""

    score: int
    scale: int
    label: str


def name_level(scale: int, score: int, language: str) -> Level:
    """What a score is called."""
    return Level(score, scale, LABELS[scale][score - 1][language == CHINESE])


def list_levels(scale: int, language: str) -> list[Level]:
    """All levels of a scale, the best first."""
    return [name_level(scale, score, language) for score in range(scale, 0, -1)]
