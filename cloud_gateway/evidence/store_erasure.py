"""Erases texts of the evidence log and sets legal holds, each with its entry, in the caller's writing transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway.evidence import store
from cloud_gateway.evidence.entries import Entry, Json, Text
from cloud_gateway.evidence.retention import Hold, Reason, Refusal, Verdict, judge_erasure, local_day, read_holds
from cloud_gateway.evidence.store_scrub import read_bodies
from cloud_gateway.evidence.tables import evidence_entry, evidence_text

_e, _t = evidence_entry.c, evidence_text.c
#: Texts of one erasure entry.
MOST = 5000

#: Place of an entry, path in it.
TextKey = tuple[int, str]


class NotErased(Exception):
    """Nothing was erased; `verdicts` say of each text that stands in the way why."""

    def __init__(self, verdicts: dict[TextKey, Verdict]) -> None:
        (place, path), first = next(iter(verdicts.items()))
        by = f" by {first.hold}" if first.hold else ""
        super().__init__(f"the text {path} of entry {place} may not be erased: {first.refusal}{by}")
        self.verdicts = verdicts


class Kept(NamedTuple):
    """A text that is stored; `at` ms UTC of its entry."""

    place: int
    path: str
    type: str
    at: int


async def list_holds(connection: AsyncConnection) -> list[Hold]:
    """The holds in force."""
    return read_holds([json.loads(body)["body"] for _, body in await read_bodies(connection, "hold")])


async def set_hold(connection: AsyncConnection, hold: Hold, reason: str, by: str, now: int, *, on: bool = True) -> int:
    """Begin a hold, or another extent of it, or end it; returns the place of its entry. Raises EntryError."""
    places: list[Json] = [*sorted(hold.places)] if on else []
    types: list[Json] = [*sorted(hold.types)] if on else []
    body: dict[str, Json] = {"hold": hold.name, "state": "on" if on else "off", "places": places, "types": types}
    (place,) = await store.append(connection, [Entry("hold", body | {"by": by}, [Text("reason", reason)])], now)
    return place


async def erase_texts(
    connection: AsyncConnection, keys: Sequence[TextKey], reason: Reason, by: str, now: int, zone: str
) -> int:
    """Erase texts with their salts, all or none; returns the place of the entry that says so. Raises NotErased.

    `keys`: one to MOST of them.
    """
    today, kept = local_day(now, zone), {(one.place, one.path): one for one in await _read_kept(connection, keys)}
    holds = await list_holds(connection)
    verdicts = {key: _judge(kept.get(key), reason, today, holds, zone) for key in keys}
    if refused := {key: verdict for key, verdict in verdicts.items() if verdict.refusal is not None}:
        raise NotErased(refused)
    texts: list[Json] = [{"place": place, "path": path} for place, path in sorted(kept)]
    rule = next(iter(verdicts.values())).rule
    body: dict[str, Json] = {"texts": texts, "reason": reason.value, "rule": rule, "by": by}
    (entry,) = await store.append(connection, [Entry("erasure", body)], now)
    for these in _by_path(kept):
        gone = update(evidence_text).where(*these)
        await connection.execute(gone.values(salt=None, text=None, erased_by=entry))
    return entry


async def shed_traces(engine: AsyncEngine) -> bool:
    """Empty the database's write-ahead log, where pages with an erased text can stand; False when others use it."""
    async with engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        async with raw.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
            (busy, *_) = await cursor.fetchone()
    return not busy


async def list_due(connection: AsyncConnection, now: int, zone: str) -> list[Kept]:
    """Texts whose term is over and that nobody holds, the oldest first; at most as many as one entry erases."""
    today, holds = local_day(now, zone), await list_holds(connection)
    rows = await connection.execute(_kept().order_by(_t.place, _t.path))
    every = (Kept(*row) for row in rows)
    due = (one for one in every if _judge(one, Reason.RETENTION_OVER, today, holds, zone).refusal is None)
    return [one for _, one in zip(range(MOST), due, strict=False)]


def _judge(kept: Kept | None, reason: Reason, today: date, holds: Iterable[Hold], zone: str) -> Verdict:
    if kept is None:
        return Verdict(Refusal.NO_TEXT, "")
    return judge_erasure(kept.place, kept.type, local_day(kept.at, zone), reason, today, holds)


async def _read_kept(c: AsyncConnection, keys: Sequence[TextKey]) -> list[Kept]:
    return [Kept(*row) for these in _by_path(keys) for row in await c.execute(_kept().where(*these))]


def _by_path(keys: Iterable[TextKey]) -> list[Sequence[ColumnElement[bool]]]:
    """Conditions for the texts of each path: for a list of pairs SQLite would read the whole table."""
    paths: dict[str, list[int]] = {}
    for place, path in keys:
        paths.setdefault(path, []).append(place)
    return [(_t.path == path, _t.place.in_(places)) for path, places in paths.items()]


def _kept() -> Select[Any]:
    columns = (_t.place, _t.path, _e.type, _e.at)
    return select(*columns).join_from(evidence_text, evidence_entry).where(_t.text.is_not(None))
