"""What may be said to a rating, by whom and how often; pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import StrEnum

MAX_TEXT = 1000
#: So many answers a holder has, so that nobody fills the wall.
MAX_ANSWERS = 10


class Word(StrEnum):
    """What follows a rating on the wall."""

    REPLY = "reply"
    ANSWER = "answer"
    APPEAL = "appeal"
    RULING = "ruling"
    MASK = "mask"


class Outcome(StrEnum):
    """What became of an appeal."""

    UPHELD = "upheld"
    REJECTED = "rejected"


def tidy_text(text: str) -> str:
    """A text as it is kept: one form of each letter, one kind of line break, no controls, bounded.

    Signs that turn the direction of writing go, too: they could make a line read as something else.
    """
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in plain if letter == "\n" or letter.isprintable()).strip()[:MAX_TEXT]


def may_answer(said: Sequence[Word]) -> bool:
    """Whether the holder has an answer left, after what was said so far."""
    return said.count(Word.ANSWER) < MAX_ANSWERS
