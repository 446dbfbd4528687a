"""A rating on the wall in the reader's words; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloud_gateway.ratings.appeals import MARKS, Mark
from cloud_gateway.ratings.invitations import STAGES
from cloud_gateway.ratings.masks import REASONS
from cloud_gateway.ratings.replies import Outcome, Word
from cloud_gateway.ratings.scores import Level, name_level
from cloud_gateway.ratings.wall import Said, ShownText, WallRating
from edge_agent.web.words import CHINESE, _

#: Who speaks, by the kind of word; of rulings their outcome is said.
SPEAKERS: dict[Word, str] = {
    Word.REPLY: _("Reply of the insurer"),
    Word.ANSWER: _("The customer answers"),
    Word.APPEAL: _("The clerk appeals"),
}
OUTCOMES: dict[Outcome, str] = {
    Outcome.UPHELD: _("Somebody else has looked into it: the appeal is upheld"),
    Outcome.REJECTED: _("Somebody else has looked into it: the appeal is rejected"),
}


@dataclass(frozen=True)
class TextView:
    """A text, or why it is not shown: `masked` is the reason's msgid."""

    text: str
    masked: str
    masked_at: int | None
    mask: int | None
    erased: bool


@dataclass(frozen=True)
class SaidView:
    """Something said to a rating; `speaker` is a msgid."""

    place: int
    kind: str
    speaker: str
    at: int
    text: TextView


@dataclass(frozen=True)
class RatingView:
    """A rating; `stage` and `mark` are msgids, `mark` empty without one."""

    place: int
    level: Level
    stage: str
    station: str
    day: str
    at: int
    text: TextView | None
    mark: str
    mark_tone: str
    said: tuple[SaidView, ...]


def view_rating(rating: WallRating, language: str, stations: Mapping[str, tuple[str, str]]) -> RatingView:
    """The rating for a reader of this language; `stations` gives names (English, Chinese) by code."""
    tone, mark = MARKS.get(rating.mark, ("", "")) if rating.mark is not Mark.NONE else ("", "")
    names = stations.get(rating.station, (rating.station, rating.station))
    return RatingView(
        place=rating.place,
        level=name_level(rating.scale, rating.score, language),
        stage=STAGES[rating.stage],
        station=names[language == CHINESE],
        day=rating.day,
        at=rating.at,
        text=None if rating.text is None else _view_text(rating.text),
        mark=mark,
        mark_tone=tone,
        said=tuple(_view_said(one) for one in rating.said),
    )


def _view_said(said: Said) -> SaidView:
    speaker = OUTCOMES[Outcome(said.code)] if said.kind is Word.RULING else SPEAKERS[said.kind]
    return SaidView(said.place, said.kind.value, speaker, said.at, _view_text(said.text))


def _view_text(text: ShownText) -> TextView:
    masked = text.masked
    if masked is None:
        return TextView(text.text, "", None, None, text.erased)
    return TextView("", REASONS[masked.reason], masked.at, masked.place, text.erased)
