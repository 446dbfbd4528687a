"""From the keys that a caller pressed to a rating; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple


class Heard(StrEnum):
    """What came of asking a caller."""

    RATED = "rated"
    NO_DIGIT = "no-digit"
    WRONG_DIGIT = "wrong-digit"
    HUNG_UP = "hung-up"


class Answer(NamedTuple):
    """A score from 1 (worst) to the scale (best), or why there is none."""

    heard: Heard
    score: int | None = None


def read_digits(digits: str, hung_up: bool, scale: int, best: Literal["first", "last"]) -> Answer:
    """What the keys mean, with `#` or `*` at the end allowed.

    A caller who pressed a level and then hung up has answered. Several digits are a wrong answer: nobody knows which.
    """
    pressed = digits.rstrip("#*")
    if not pressed:
        return Answer(Heard.HUNG_UP if hung_up else Heard.NO_DIGIT)
    if len(pressed) > 1 or pressed not in "123456789"[:scale]:
        return Answer(Heard.WRONG_DIGIT)
    level = int(pressed)
    return Answer(Heard.RATED, scale + 1 - level if best == "first" else level)
