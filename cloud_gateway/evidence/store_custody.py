"""Reads what the log holds of legal holds and erasures, and what witnesses have seen of its heads."""

from __future__ import annotations

import json
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.custody import Erasure, HoldStep
from cloud_gateway.evidence.tables import evidence_entry, evidence_text, evidence_witness

_e, _t, _w = evidence_entry.c, evidence_text.c, evidence_witness.c
REASON = "body.reason"


class Seen(NamedTuple):
    """The newest head that a device says it has seen. `code`: why it disagrees, empty when it does not."""

    device: str
    origin: str
    size: int
    seen_at: int
    code: str


async def list_hold_steps(connection: AsyncConnection) -> list[HoldStep]:
    """Every step of every hold, in the log's order."""
    texts = and_(_t.place == _e.place, _t.path == REASON)
    query = select(_e.place, _e.at, _e.body, _t.text).join_from(evidence_entry, evidence_text, texts, isouter=True)
    rows = await connection.execute(query.where(_e.type == "hold").order_by(_e.place))
    return [_step(row.place, row.at, row.body, row.text) for row in rows]


def _step(place: int, at: int, entry: bytes, reason: str | None) -> HoldStep:
    body = json.loads(entry)["body"]
    held = (tuple(body["places"]), tuple(body["types"]))
    return HoldStep(place, at, body["hold"], body["state"] == "on", *held, body["by"], reason)


async def list_erasures(connection: AsyncConnection, limit: int) -> list[Erasure]:
    """Erasures, the newest first."""
    query = select(_e.place, _e.at, _e.body).where(_e.type == "erasure").order_by(_e.place.desc()).limit(limit)
    return [_erasure(row.place, row.at, row.body) for row in await connection.execute(query)]


def _erasure(place: int, at: int, entry: bytes) -> Erasure:
    body = json.loads(entry)["body"]
    of = tuple(sorted({text["place"] for text in body["texts"]}))
    return Erasure(place, at, len(body["texts"]), of, body["reason"], body["rule"], body["by"])


async def list_seen(connection: AsyncConnection, limit: int) -> list[Seen]:
    """What devices have seen, the newest word first."""
    query = select(_w.device, _w.origin, _w.size, _w.seen_at, _w.code).order_by(_w.seen_at.desc(), _w.device)
    return [Seen(*row) for row in await connection.execute(query.limit(limit))]
