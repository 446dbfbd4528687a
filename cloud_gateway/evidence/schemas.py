"""What each type of entry may hold: the one table of the evidence log's types; a new type is added here.

No floats, no dates but int ms UTC and local days, and no personal text: its salted hash stands in its place.
"""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Literal

from msgspec import Meta, Struct

#: What JSON numbers of other languages hold exactly.
Whole = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
Natural = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Word = Annotated[str, Meta(max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Ed25519Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{43}=\Z")]
Signature = Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{86}==\Z")]
Root = Ed25519Key  # 32 bytes, too
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}\Z")]


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """What all bodies share: every field is named, every other refused."""


class Hidden(Body, frozen=True):
    """In the place of a text: the SHA-256, hex, of its salt (16 bytes) and its UTF-8."""

    sha256: Sha256


class KeyBody(Body, frozen=True):
    """A public key from now on signs under this role and name. `enrolment`: its certificate's SHA-256, if known."""

    role: Literal["log", "device", "operator", "regulator"]
    name: Name
    key: Ed25519Key
    enrolment: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]


class RecordBody(Body, frozen=True):
    """A device's record or alarm. `at` as the device said it, which its signature covers."""

    device: Name
    epoch: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    lane: Literal["alarm", "record"]
    seq: Natural
    kind: Name
    at: Whole
    clock: Literal["ntp", "rtc", "holdover", "unset"]
    body_sha256: Sha256
    sig: Signature | None


class CountRow(Body, frozen=True):
    """One counted rating. `wait_s` whole minutes in seconds; `day` local."""

    id: Sha256
    scale: Literal[3, 5]
    score: Annotated[int, Meta(ge=1, le=5)]
    station: Word
    counter: Word
    clerk: Word
    channel: Literal["counter", "phone", "web"]
    stage: Word
    day: Day
    wait_s: Natural | None


class CountBody(Body, frozen=True):
    """A batch of counted ratings, sorted by id."""

    rows: Annotated[list[CountRow], Meta(min_length=1, max_length=10_000)]


class ServiceDayBody(Body, frozen=True):
    """How many were served at a counter by a clerk on a local day; `not_invited` by reason."""

    station: Word
    counter: Word
    clerk: Word
    day: Day
    served: Natural
    invited: Natural
    answered: Natural
    not_invited: dict[Code, Natural]


class RestoredBody(Body, frozen=True):
    """The log goes on from a backup with its first `size` entries; heads are signed under another `origin` now."""

    backup: Name
    size: Natural
    root: Root
    origin: Name


class DissentBody(Body, frozen=True):
    """A witness has seen a head that the log does not have."""

    device: Name
    origin: Name
    size: Natural
    root: Root
    code: Code


class TextPlace(Body, frozen=True):
    """A text of an entry; `path` from the entry's top: ``body.text``."""

    place: Natural
    path: Name


class ErasureBody(Body, frozen=True):
    """Texts that were erased; their hashes stay in their entries. `rule` names the retention rules that allowed it."""

    texts: Annotated[list[TextPlace], Meta(min_length=1, max_length=10_000)]
    reason: Literal["retention-over", "person-asked", "ordered"]
    rule: Word
    by: Name


class HoldBody(Body, frozen=True):
    """A legal hold begins or ends: the texts of these entries, and of all entries of these types, may not be erased."""

    hold: Name
    state: Literal["on", "off"]
    places: Annotated[list[Natural], Meta(max_length=10_000)]
    types: Annotated[list[Code], Meta(max_length=100)]
    reason: Hidden
    by: Name


class WebRatingBody(Body, frozen=True, tag_field="channel", tag="web"):
    """A rating on the public wall, as it was given; the `count` entry with the row `count` says that it counts.

    Who served stands in that row alone, so that nobody learns of it before its batch. `day` local.
    """

    stage: Word
    station: Word
    scale: Literal[3, 5]
    score: Annotated[int, Meta(ge=1, le=5)]
    day: Day
    count: Sha256
    text: Hidden | None = None


class PhoneRatingBody(Body, frozen=True, tag_field="channel", tag="phone"):
    """A rating by telephone: that there was one, and a commitment to all that its row of the count will say.

    Nothing of that stands here, nor does the row's id: who knows when somebody was called finds no row by it.
    """

    given: Hidden


class ReplyBody(Body, frozen=True):
    """What the insurer says to a rating, or the customer who gave it; `rating` is its place."""

    rating: Natural
    text: Hidden


class AppealBody(Body, frozen=True):
    """A clerk says that a rating does him wrong. `by` wrote it down."""

    rating: Natural
    clerk: Name
    by: Name
    text: Hidden


class RulingBody(Body, frozen=True):
    """Somebody else has looked into an appeal, which is the entry at `appeal`; the rating stays what it is."""

    rating: Natural
    appeal: Natural
    outcome: Literal["upheld", "rejected"]
    by: Name
    text: Hidden


class MaskBody(Body, frozen=True):
    """A text is no longer shown; its leaf (hash in hex) stays.

    `receipt` is a C2SP signed note by a regulator's key that an earlier entry names: he has had the report.
    """

    place: Natural
    path: Name
    leaf: Sha256
    reason: Code
    receipt: Annotated[str, Meta(min_length=1, max_length=4000)]
    by: Name


class ComplaintBody(Body, frozen=True):
    """A step of a complaint, of what is put right because of one, or praise; days local, `due` empty for none.

    `by` did it, `to` was given it: members of staff. Whom a complaint is about is not said before it is settled.
    """

    subject: Literal["case", "action", "praise"]
    number: Name
    step: Code
    state: Code
    day: Day
    by: Name
    kind: Word = ""
    station: Word = ""
    rule: Word = ""
    due: Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")] = ""
    to: Word = ""
    clerk: Word = ""
    text: Hidden | None = None
    person: Hidden | None = None
    contact: Hidden | None = None
    approved_by: Hidden | None = None


class TrainingBody(Body, frozen=True):
    """A clerk has taken the test of a course, or a result is withdrawn. `valid_until` local, empty when not passed."""

    clerk: Name
    course: Code
    version: Name
    step: Literal["passed", "failed", "withdrawn"]
    right: Natural
    of: Natural
    day: Day
    valid_until: Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")]
    by: Name


class PublicationBody(Body, frozen=True):
    """The figures of a period were published; `sha256` is that of the document made from the first `size` entries."""

    period: Name
    edition: Annotated[int, Meta(ge=1)]
    size: Natural
    k: Natural
    sha256: Sha256


SCHEMAS: dict[str, type[Body] | UnionType] = {
    "key": KeyBody,
    "record": RecordBody,
    "count": CountBody,
    "service-day": ServiceDayBody,
    "restored": RestoredBody,
    "dissent": DissentBody,
    "rating": WebRatingBody | PhoneRatingBody,
    "reply": ReplyBody,
    "answer": ReplyBody,
    "appeal": AppealBody,
    "ruling": RulingBody,
    "mask": MaskBody,
    "complaint": ComplaintBody,
    "training": TrainingBody,
    "erasure": ErasureBody,
    "hold": HoldBody,
    "publication": PublicationBody,
}
