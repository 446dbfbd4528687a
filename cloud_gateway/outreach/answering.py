"""What is asked behind an answer link, what can be said, and until when; pure."""

from __future__ import annotations

import re

import msgspec

from cloud_gateway.outreach.ladder import Choice

#: So long after its message was made a link takes answers.
LINK_MS = 7 * 86_400_000
MAX_NOTE = 500
#: Who spoke, for answers that came by the link itself.
BY_LINK = "link"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class AskedSite(msgspec.Struct, frozen=True):
    """A site that the question is about; `over` once its danger has passed."""

    code: str
    name: str
    name_zh: str
    over: bool


class Said(msgspec.Struct, frozen=True):
    """One answer: `by` is the link, or the member of staff who wrote down a call."""

    choice: Choice
    note: str
    by: str
    at: int


class Asked(msgspec.Struct, frozen=True):
    """A message that can be answered; `answers` oldest first, `answer_by` until when one is waited for."""

    message: str
    subject: str
    name: str
    language: str
    zone: str
    made_at: int
    answer_by: int | None
    simulated: bool
    sites: tuple[AskedSite, ...]
    answers: tuple[Said, ...] = ()

    def expired(self, now: int) -> bool:
        """Whether the link takes no more answers."""
        return now >= self.made_at + LINK_MS

    @property
    def over(self) -> bool:
        """Whether the danger has passed everywhere."""
        return bool(self.sites) and all(place.over for place in self.sites)


def is_token(text: str) -> bool:
    """Whether the text has the form of a token, so that it is worth looking up."""
    return TOKEN.fullmatch(text) is not None


def tidy_note(text: str) -> str:
    """A note as it is kept: one kind of line break, bounded, without control characters."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in plain if letter == "\n" or letter.isprintable()).strip()[:MAX_NOTE]
