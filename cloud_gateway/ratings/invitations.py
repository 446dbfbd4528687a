"""One-time invitations to rate on the web: what one is for, how long it lasts, and the keys its visitor gets; pure."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from enum import StrEnum
from typing import NamedTuple

from edge_agent.web.words import _
from edge_agent.wire.ratings import SECRET_BYTES

#: An answer key's tokens for invitations are others than those for answers.
DOMAIN = b"weiran rating invitation 1\0"
_SECRET, _HOLDER = b"weiran web secret 1\n", b"weiran web holder 1\n"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
DRAW = re.compile(r"[0-9a-f]{32}")
DAY_MS = 86_400_000


class Stage(StrEnum):
    """What a customer has been through; each has an invitation of its own."""

    UNDERWRITING = "underwriting"
    RENEWAL = "renewal"
    CLAIM = "claim"


#: What pages call the stages, and what they ask.
STAGES: dict[Stage, str] = {
    Stage.UNDERWRITING: _("Taking out a policy"),
    Stage.RENEWAL: _("Renewing and paying"),
    Stage.CLAIM: _("A claim"),
}
QUESTIONS: dict[Stage, str] = {
    Stage.UNDERWRITING: _("How was it to take out your policy?"),
    Stage.RENEWAL: _("How was it to renew and pay?"),
    Stage.CLAIM: _("How was your claim handled?"),
}


class Standing(StrEnum):
    """Whether an invitation still takes a rating."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"


class Invitation(NamedTuple):
    """An invitation. Times are ms UTC; `station`, `counter` and `clerk` are empty when nobody in particular served."""

    id: str
    stage: Stage
    scale: int
    station: str
    counter: str
    clerk: str
    expires_at: int
    used_at: int | None

    def standing(self, now: int) -> Standing:
        """How it stands."""
        if self.used_at is not None:
            return Standing.USED
        return Standing.EXPIRED if now >= self.expires_at else Standing.OPEN


class Keys(NamedTuple):
    """What only the rater gets: `secret` opens the row of the count, `holder` is the token of the link for answers."""

    secret: bytes
    holder: str


def derive_keys(token: str, draw: str) -> Keys:
    """The keys of a rating, from the invitation's token and what its form had drawn at random.

    The same form sent again gives the same keys, so that an answer lost on the way costs nobody anything; who made the
    invitation knows the token but not the draw, and has neither key.
    """
    said = f"{token}\n{draw}".encode()
    holder = urlsafe_b64encode(hashlib.sha256(_HOLDER + said).digest()).rstrip(b"=").decode()
    return Keys(hashlib.sha256(_SECRET + said).digest()[:SECRET_BYTES], holder)


def is_token(text: str) -> bool:
    """Whether the text has the form of a token, so that it is worth looking up."""
    return TOKEN.fullmatch(text) is not None


def is_draw(text: str) -> bool:
    """Whether the text is what the form draws: 16 bytes, hex."""
    return DRAW.fullmatch(text) is not None
