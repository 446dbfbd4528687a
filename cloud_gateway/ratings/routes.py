"""The API of figures: by period, a clerk's own, publications, and who has looked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud_gateway.database import reading
from cloud_gateway.evidence.heads import NotSigned, load_signer
from cloud_gateway.ratings.anomalies import Flag
from cloud_gateway.ratings.desk import Anybody, Auditor, Publisher, Reader, asked_period
from cloud_gateway.ratings.overview import FigureTable, ServedFigure
from cloud_gateway.ratings.publishing import publish
from cloud_gateway.ratings.reading import read_figures, read_own
from cloud_gateway.ratings.store_figures import list_views
from cloud_gateway.ratings.store_publications import Edition, find_edition, list_editions
from cloud_gateway.running import gateway_of, now_ms
from edge_agent.web.paging import After, Limit, Page, Time, decode_cursor, make_page
from edge_agent.web.problems import Problem
from edge_agent.web.words import _

router = APIRouter(tags=["ratings"])
Asked = Annotated[
    str | None, Query(max_length=10, description="2026, 2026-Q4, 2026-11 or 2026-11-22; else this month.")
]
EditionNumber = Annotated[int, Path(ge=1, lt=2**53)]
NEWEST = 2**62


@dataclass(frozen=True)
class Unrated:
    """A counter (`name` its number) or clerk who has served, and of whom no rating is there."""

    level: str
    station: str
    name: str
    services: ServedFigure


@dataclass(frozen=True)
class FlagView:
    """Something that somebody has to look at: `n` cases of `of`."""

    code: str
    station: str
    counter: str
    clerk: str
    button: int | None
    n: int
    of: int


@dataclass(frozen=True)
class UnplacedView:
    """A terminal that stands at no counter of a station, and what of it waits, since when the oldest."""

    device: str
    ratings: int
    services: int
    since: Time


@dataclass(frozen=True)
class FiguresView:
    """The figures of the local days `first` to `last`; scores and shares in thousandths.

    `waiting` ratings are counted, and in no figure before their batch is released; those of `unplaced` terminals wait
    until these are entered at a counter. `apart`: whoever asks is this clerk, and his own are not in the figures.
    """

    period: str
    first: str
    last: str
    tables: list[FigureTable]
    unrated: list[Unrated]
    flags: list[FlagView]
    waiting: int
    unplaced: list[UnplacedView]
    apart: str


@dataclass(frozen=True)
class OwnCounts:
    """A clerk's own ratings on one scale, by score from 1 on."""

    scale: int
    counts: list[int]


@dataclass(frozen=True)
class OwnView:
    """What a clerk sees of himself; newer ratings come when there are `k` of them. `stars` null: too few ratings."""

    clerk: str
    stars: int | None
    star_ratings: int
    k: int
    ratings: list[OwnCounts]


@dataclass(frozen=True)
class PublicationView:
    """A publication, made from the first `size` entries of the log; `place` is its own entry."""

    period: str
    edition: int
    size: int
    at: Time
    place: int


@dataclass(frozen=True)
class ViewView:
    """A regulator has looked."""

    id: int
    at: Time
    who: str
    what: str


class PublicationAsked(BaseModel):
    """What is to be published."""

    model_config = ConfigDict(extra="forbid")

    period: str = Field(max_length=10, description="2026, 2026-Q4, 2026-11 or 2026-11-22.")


@router.get("/ratings/figures")
async def show_figures(request: Request, who: Reader, period: Asked = None) -> FiguresView:
    """The figures of a period, by channel and scale, which are never added."""
    asked = asked_period(request, period)
    async with reading(gateway_of(request).engine) as connection:
        seen = await read_figures(connection, asked, gateway_of(request).settings.ratings.publish_k, who.name)
    unrated = [Unrated("counter" if at.level == 3 else "clerk", at.station, at.name, s) for at, s in seen.unrated]
    flags = [_flag(code, flag) for code, found in seen.flags.items() for flag in found]
    unplaced = [UnplacedView(*one) for one in seen.unplaced]
    return FiguresView(*asked, seen.tables, unrated, flags, seen.waiting, unplaced, seen.apart)


@router.get("/ratings/own")
async def show_own(request: Request, who: Anybody) -> OwnView:
    """A clerk's own released ratings, a batch of k at a time."""
    k = gateway_of(request).settings.ratings.batch_k
    async with reading(gateway_of(request).engine) as connection:
        own = await read_own(connection, who.name, k)
    if own is None:
        remedy = _("Ask the counter manager to enter your sign-in with your number.")
        raise Problem(404, "no_clerk", _("Your sign-in is no clerk's."), remedy)
    counts = [OwnCounts(scale, by_score) for scale, by_score in sorted(own.counts.items())]
    return OwnView(own.clerk.number, own.clerk.stars, own.clerk.star_ratings, k, counts)


@router.get("/ratings/publications")
async def show_publications(request: Request, who: Reader, limit: Limit = 100) -> list[PublicationView]:
    """The newest publications."""
    async with reading(gateway_of(request).engine) as connection:
        return [_publication(one) for one in await list_editions(connection, limit)]


@router.post("/ratings/publications", status_code=201)
async def make_publication(request: Request, who: Publisher, asked: PublicationAsked) -> PublicationView:
    """Publish a period. Nothing new since the last time: the same edition is the answer, and none is made."""
    settings, period = gateway_of(request).settings, asked_period(request, asked.period)
    try:
        signer = load_signer(settings.evidence)
        made = await publish(gateway_of(request).engine, signer, period, settings.ratings.publish_k, now_ms())
    except NotSigned as exc:
        remedy = _("See that the settings name the key of the evidence log; nothing is published unsigned.")
        raise Problem(503, "not_signed", _("It cannot be signed now."), remedy, detail=str(exc)) from exc
    return _publication(made.edition)


@router.get("/ratings/publications/{period}/{edition}")
async def show_publication(request: Request, who: Reader, period: str, edition: EditionNumber) -> Response:
    """The document, byte for byte."""
    found = await _find(request, period, edition)
    return _file(found.document, "application/json", f"ratings-{found.period}-{found.edition}.json")


@router.get("/ratings/publications/{period}/{edition}/note")
async def show_note(request: Request, who: Reader, period: str, edition: EditionNumber) -> Response:
    """Its signature: a C2SP signed note."""
    found = await _find(request, period, edition)
    return _file(found.note.encode(), "text/plain; charset=utf-8", f"ratings-{found.period}-{found.edition}.json.note")


@router.get("/ratings/views")
async def show_views(request: Request, who: Auditor, after: After = None, limit: Limit = 100) -> Page[ViewView]:
    """What regulators have looked at, the newest first."""
    key = decode_cursor(after, int) or [NEWEST]
    async with reading(gateway_of(request).engine) as connection:
        rows = await list_views(connection, int(key[0]), limit + 1)
    return make_page([ViewView(*row) for row in rows], limit, lambda one: [one.id])


async def _find(request: Request, period: str, edition: int) -> Edition:
    async with reading(gateway_of(request).engine) as connection:
        found = await find_edition(connection, period, edition)
    if found is None:
        raise Problem(404, "no_publication", _("There is no such publication."), _("Look at the list of them."))
    return found


def _file(raw: bytes, media_type: str, name: str) -> Response:
    return Response(
        raw, media_type=media_type, headers={"Content-Disposition": f"attachment; filename={json.dumps(name)}"}
    )


def _publication(one: Edition) -> PublicationView:
    return PublicationView(one.period, one.edition, one.size, one.at, one.place)


def _flag(station: str, flag: Flag) -> FlagView:
    return FlagView(flag.code.value, station, flag.counter, flag.clerk, flag.button, flag.n, flag.of)
