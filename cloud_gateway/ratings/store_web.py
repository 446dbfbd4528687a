"""Ratings on the web in the database, with what is said to them: each is an entry of the evidence log, and a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.entries import Entry, Json, Text
from cloud_gateway.evidence.store import append
from cloud_gateway.evidence.tables import evidence_text
from cloud_gateway.outreach.tokens import hash_token
from cloud_gateway.ratings.days import local_day
from cloud_gateway.ratings.invitations import Invitation, Stage
from cloud_gateway.ratings.masks import Reason
from cloud_gateway.ratings.model import NewRating
from cloud_gateway.ratings.replies import Word
from cloud_gateway.ratings.tables_web import rating_word, web_rating
from cloud_gateway.ratings.wall import PAGE, Choice, Masked, Said, ShownText, WallRating
from cloud_gateway.stations.tables import station

TEXT = "text"
PATH = f"body.{TEXT}"
_r, _w, _t = web_rating.c, rating_word.c, evidence_text.c


class Given(NamedTuple):
    """A rating as its form brings it; `holder` is the token of its holder's link.

    `zone` is that of its local day, where it belongs to no known station.
    """

    invitation: Invitation
    score: int
    text: str
    count_id: str
    holder: str
    zone: str


async def add_web_rating(c: AsyncConnection, given: Given, now: int) -> int:
    """Append the rating to the evidence log and enter it for the wall; returns its place."""
    asked = given.invitation
    home = await c.scalar(select(station.c.zone).where(station.c.code == asked.station)) or given.zone
    row: dict[str, Json] = {
        "stage": asked.stage,
        "station": asked.station,
        "scale": asked.scale,
        "score": given.score,
        "day": local_day(now, home),
        "count": given.count_id,
    }
    texts = [Text(TEXT, given.text, published=True)] if given.text else []
    (place,) = await append(c, [Entry("rating", {"channel": "web", **row}, texts)], now)
    own = {"place": place, "invitation": asked.id, "at": now, "holder_hash": hash_token(given.holder)}
    await c.execute(insert(web_rating).values({**row, **own}))
    return place


def new_rating(given: Given, now: int) -> NewRating:
    """The same rating as it is counted."""
    asked = given.invitation
    who = (asked.station, asked.counter, asked.clerk)
    return NewRating(given.count_id, "web", asked.stage, asked.scale, given.score, now, *who)


class NewWord(NamedTuple):
    """Something to be said to a rating: `body` is its entry's without the text. See `rating_word` for the others."""

    kind: Word
    rating: int
    text: str
    body: Mapping[str, Json]
    by: str = ""
    of: int | None = None
    code: str = ""


async def add_word(c: AsyncConnection, word: NewWord, now: int) -> int:
    """Append it to the evidence log and enter it for the wall; returns its place."""
    texts = [Text(TEXT, word.text, published=True)] if word.text else []
    (place,) = await append(c, [Entry(word.kind, word.body, texts)], now)
    row = {"place": place, "rating": word.rating, "kind": word.kind, "of": word.of, "code": word.code}
    await c.execute(insert(rating_word).values({**row, "by": word.by, "at": now}))
    return place


async def find_holder(c: AsyncConnection, token: str) -> int | None:
    """The place of the rating whose holder has this token."""
    found: int | None = await c.scalar(select(_r.place).where(_r.holder_hash == hash_token(token)))
    return found


async def list_wall(c: AsyncConnection, choice: Choice, limit: int = PAGE) -> list[WallRating]:
    """Ratings, the newest first."""
    query = select(web_rating).order_by(_r.place.desc()).limit(limit)
    if choice.stage:
        query = query.where(_r.stage == choice.stage)
    if choice.station:
        query = query.where(_r.station == choice.station)
    if choice.before is not None:
        query = query.where(_r.place < choice.before)
    return await _read(c, (await c.execute(query)).all())


async def find_rating(c: AsyncConnection, place: int) -> WallRating | None:
    """The rating whose entry is at this place."""
    found = await _read(c, (await c.execute(select(web_rating).where(_r.place == place))).all())
    return found[0] if found else None


async def list_stations(c: AsyncConnection) -> dict[str, tuple[str, str]]:
    """The stations that the wall has ratings of: names (English, Chinese) by code."""
    rated = select(_r.place).where(_r.station == station.c.code).exists()
    query = select(station.c.code, station.c.name, station.c.name_zh).where(rated).order_by(station.c.code)
    return {row.code: (row.name, row.name_zh) for row in await c.execute(query)}


async def _read(c: AsyncConnection, rows: Sequence[Row[tuple[object, ...]]]) -> list[WallRating]:
    places = [row.place for row in rows]
    words = (await c.execute(select(rating_word).where(_w.rating.in_(places)).order_by(_w.place))).all()
    masks = {row.place: Masked(row.at, Reason(row.code), row.place) for row in words if row.kind == Word.MASK}
    texts = await _read_texts(c, [*places, *(row.place for row in words)], masks)
    said: defaultdict[int, list[Said]] = defaultdict(list)
    for row in words:
        if row.kind != Word.MASK:
            text = texts.get(row.place, ShownText())
            said[row.rating].append(Said(row.place, Word(row.kind), row.code, row.by, row.at, text))
    return [_view(row, texts.get(row.place), said[row.place]) for row in rows]


def _view(row: Row[tuple[object, ...]], text: ShownText | None, said: Sequence[Said]) -> WallRating:
    place, stage, station, scale, score, day, at = (
        row._mapping[name] for name in ("place", "stage", "station", "scale", "score", "day", "at")
    )
    return WallRating(place, Stage(stage), station, scale, score, day, at, text, said)


async def _read_texts(c: AsyncConnection, places: Sequence[int], masks: Mapping[int, Masked]) -> dict[int, ShownText]:
    query = select(_t.place, _t.text, _t.masked_by, _t.erased_by).where(_t.place.in_(places), _t.path == PATH)
    found = {}
    for row in await c.execute(query):
        hidden = row.masked_by is not None or row.text is None
        found[row.place] = ShownText("" if hidden else row.text, masks.get(row.masked_by), row.text is None)
    return found
