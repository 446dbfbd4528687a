"""The public wall: a rating on the web with its text, and all that was said to it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cloud_gateway.ratings.appeals import Mark, mark_of
from cloud_gateway.ratings.invitations import Stage
from cloud_gateway.ratings.masks import Reason
from cloud_gateway.ratings.replies import Word

#: Ratings on one page of the wall.
PAGE = 20


class Masked(NamedTuple):
    """That a text is masked: since when (ms UTC), why, and by which entry."""

    at: int
    reason: Reason
    place: int


class ShownText(NamedTuple):
    """A text as it may be shown: empty with `masked` or `erased` set."""

    text: str = ""
    masked: Masked | None = None
    erased: bool = False


class Said(NamedTuple):
    """Something said to a rating. `by` is empty for the customer; `code` the outcome of a ruling."""

    place: int
    kind: Word
    code: str
    by: str
    at: int
    text: ShownText


class WallRating(NamedTuple):
    """A rating with all that followed it, oldest first. `text` is None when only a score was given."""

    place: int
    stage: Stage
    station: str
    scale: int
    score: int
    day: str
    at: int
    text: ShownText | None
    said: Sequence[Said]

    @property
    def mark(self) -> Mark:
        """What stands beside it because of an appeal."""
        rulings = [one.code for one in self.said if one.kind is Word.RULING]
        return mark_of(any(one.kind is Word.APPEAL for one in self.said), rulings)


class Choice(NamedTuple):
    """Which part of the wall: empty is all of them. `before` is a place; the wall begins with the newest."""

    stage: str = ""
    station: str = ""
    before: int | None = None
