"""The wall as programs read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any  # an entry is any JSON object

from cloud_gateway.evidence.proofs import Inclusion
from cloud_gateway.ratings.wall import Said, ShownText, WallRating
from edge_agent.web.paging import Time


@dataclass(frozen=True)
class MaskDocument:
    """That a text is masked: since when, why, and the place of the entry that holds the regulator's receipt."""

    at: Time
    reason: str
    place: int


@dataclass(frozen=True)
class TextDocument:
    """A text; empty when `masked` or `erased`."""

    text: str
    masked: MaskDocument | None
    erased: bool


@dataclass(frozen=True)
class SaidDocument:
    """Something said to a rating: reply, answer, appeal or ruling, with its `outcome`."""

    place: int
    kind: str
    outcome: str
    at: Time
    text: TextDocument


@dataclass(frozen=True)
class RatingDocument:
    """A rating; `place` is that of its entry in the evidence log, `day` local. `text` is null without one."""

    place: int
    stage: str
    station: str
    scale: int
    score: int
    day: str
    at: Time
    mark: str
    text: TextDocument | None
    said: list[SaidDocument]


@dataclass(frozen=True)
class ProofDocument:
    """An entry with its proof. `leaf` is its hash, hex; without an `inclusion` no signed head covers it yet.

    `salt` (hex) and `text` give the hash that stands in the entry; null where no text is shown.
    """

    place: int
    entry: dict[str, Any]
    leaf: str
    holds: bool
    inclusion: Inclusion | None
    salt: str | None = None
    text: str | None = None


def document_of(rating: WallRating) -> RatingDocument:
    """The rating for programs."""
    r = rating
    text = None if r.text is None else _text(r.text)
    facts = (r.place, r.stage.value, r.station, r.scale, r.score, r.day, r.at, r.mark.value)
    return RatingDocument(*facts, text, [_said(one) for one in r.said])


def _said(said: Said) -> SaidDocument:
    return SaidDocument(said.place, said.kind.value, said.code, said.at, _text(said.text))


def _text(text: ShownText) -> TextDocument:
    m = text.masked
    mask = None if m is None else MaskDocument(m.at, m.reason.value, m.place)
    return TextDocument(text.text, mask, text.erased)
