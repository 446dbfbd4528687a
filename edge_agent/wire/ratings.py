"""What a rating terminal says: the bodies of its records, the labels of its scales, and how a rating gets its count id.

Scores rise: 1 is the worst, the scale's number the best. Results of the two scales are never added together.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edge_agent.wire.messages import Count, Millis, Text

PRESS = "press/1"
RATING = "rating/1"
RATING_MORE = "rating-more/1"
SERVICE = "service/1"
SHIFT = "shift/1"
HEAD_SEEN = "head-seen/1"

#: Bytes of the secret that a window draws; its holder alone can open the row of the count.
SECRET_BYTES = 16
COUNT_DOMAIN = b"weiran count 1\n"
#: What a scale's scores are called, worst to best: English, Chinese.
LABELS: dict[int, tuple[tuple[str, str], ...]] = {
    3: (("Not satisfied", "不满意"), ("Fairly satisfied", "基本满意"), ("Satisfied", "满意")),
    5: (
        ("Very dissatisfied", "非常不满意"),
        ("Dissatisfied", "不满意"),
        ("Fairly satisfied", "基本满意"),
        ("Satisfied", "满意"),
        ("Very satisfied", "非常满意"),
    ),
}

Scale = Literal[3, 5]
Score = Annotated[int, Meta(ge=1, le=5)]
CountId = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
#: A window: drawn at random for each service, so that it says nothing about the one before.
WindowId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}\Z")]
Seconds = Annotated[int, Meta(ge=0, le=864_000)]


class Source(StrEnum):
    """Where a press came from: a button on a pin, or the touch screen."""

    PIN = "pin"
    SCREEN = "screen"


class Uncounted(StrEnum):
    """Why a press does not count; empty when it does.

    `stuck`, `chatter` and `mashing` are the key's own trouble; `staff-card`: the clerk's card was on the reader.
    """

    NOT_AT_ALL = ""
    NO_WINDOW = "no-window"
    REPEAT = "repeat"
    LATE = "late"
    STAFF_CARD = "staff-card"
    STUCK = "stuck"
    CHATTER = "chatter"
    MASHING = "mashing"


class ServedBy(StrEnum):
    """How a service is known. A `walk-up` is estimated from the presence sensor: nobody said that it took place."""

    COUNTER_SYSTEM = "counter-system"
    TICKET = "ticket"
    WALK_UP = "walk-up"


class NotInvited(StrEnum):
    """Why a service did not end in a window; empty when it did.

    `no-event`: only the presence sensor knew of it; `out-of-service`: the terminal could not store a rating;
    `restarted`: it lost power or was restarted meanwhile; `not-ended`: the next service began first.
    """

    INVITED = ""
    NO_EVENT = "no-event"
    OUT_OF_SERVICE = "out-of-service"
    RESTARTED = "restarted"
    NOT_ENDED = "not-ended"


class ShiftState(StrEnum):
    """How a clerk stands to a counter."""

    ON = "on"
    BREAK = "break"
    OFF = "off"


class PressBody(Struct, frozen=True, omit_defaults=True):
    """Body of ``press/1``: one press of a button or on the screen, whatever became of it.

    `button` is the score it stands for. `reason` is empty when it counted. `present`: whether somebody stood at the
    counter, null without a sensor that knows.
    """

    counter: Text
    button: Score
    source: Source
    counted: bool
    reason: Uncounted = Uncounted.NOT_AT_ALL
    window: Annotated[str, Meta(pattern=r"^([0-9a-f]{32})?\Z")] = ""
    present: bool | None = None


class RatingBody(Struct, frozen=True):
    """Body of ``rating/1``: the one press of a window that counts.

    `clerk` is empty when nobody had signed on. `count` is `count_id` of a secret that the device does not keep;
    `answered_ms` is how long the window had been open.
    """

    window: WindowId
    counter: Text
    clerk: Text
    scale: Scale
    score: Score
    count: CountId
    waited_s: Seconds | None
    answered_ms: Count


class RatingMoreBody(Struct, frozen=True):
    """Body of ``rating-more/1``: what the customer chose to add. `recommend` is 0 to 10."""

    window: WindowId
    count: CountId
    reasons: Annotated[list[Code], Meta(max_length=8)]
    settled: bool | None
    recommend: Annotated[int, Meta(ge=0, le=10)] | None


class ServiceBody(Struct, frozen=True):
    """Body of ``service/1``: one service at a counter, rated or not. `why_not` says why no window opened."""

    window: WindowId
    counter: Text
    clerk: Text
    by: ServedBy
    ticket: Text
    waited_s: Seconds | None
    opened_at: Millis
    closed_at: Millis
    invited: bool
    answered: bool
    why_not: NotInvited


class ShiftBody(Struct, frozen=True):
    """Body of ``shift/1``: a clerk signed on, went for a break or left."""

    counter: Text
    clerk: Text
    state: ShiftState


class HeadSeenBody(Struct, frozen=True):
    """Body of ``head-seen/1``, lane `diagnostic`: the newest head of the evidence log that a device has seen.

    `root` is base64, as it stands in the checkpoint.
    """

    origin: Text
    size: Count
    root: Text


def count_id(secret: bytes) -> str:
    """The id under which a rating is counted: 64 hexadecimal characters. Raises ValueError for another length."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a count secret has {SECRET_BYTES} bytes, this one {len(secret)}")
    return hashlib.sha256(COUNT_DOMAIN + secret).hexdigest()


def card_digest(key: bytes, line: str) -> str:
    """By what a clerk's card is known: HMAC-SHA256 (RFC 2104) under the key of cards, 64 hexadecimal characters.

    There are few enough numbers of cards to try them all: a `notice` or a database without the key gives none away.
    """
    return hmac.new(key, f"weiran card 1\n{line.strip()}".encode(), hashlib.sha256).hexdigest()
