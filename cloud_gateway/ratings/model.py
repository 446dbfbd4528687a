"""A rating as it is counted, whatever its channel."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Channel: TypeAlias = Literal["counter", "phone", "web"]
CHANNELS: tuple[Channel, ...] = ("counter", "phone", "web")
#: The stage of every rating at a counter.
AT_COUNTER = "counter"
#: Scores up to this are bad, by scale: they call the duty manager and open a follow-up.
BAD_UPTO = {3: 1, 5: 2}


class NewRating(Struct, frozen=True):
    """A rating to be counted. `count` is the hex id whose secret its holder has; `at` ms UTC.

    `station`, `counter` and `clerk` are empty where there is none. `device` and `window` are a terminal's.
    """

    count: str
    channel: Channel
    stage: str
    scale: int
    score: int
    at: int
    station: str = ""
    counter: str = ""
    clerk: str = ""
    wait_s: int | None = None
    answered_ms: int | None = None
    device: str | None = None
    window: str | None = None


def is_bad(scale: int, score: int) -> bool:
    """Whether a score is a bad one: the lowest of three, the two lowest of five."""
    return score <= BAD_UPTO[scale]
