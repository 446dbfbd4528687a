"""Keeps every advisory of a storm's course as it was published, and which of them is the newest."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.warnings.admission import IncomingTracks
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.tables import storm_track
from cloud_gateway.warnings.tracks import Track


class SavedTracks(NamedTuple):
    """Ids of the new advisories, and how many were known."""

    new: tuple[str, ...]
    known: int


async def save_tracks(connection: AsyncConnection, source: Source, incoming: IncomingTracks, now: int) -> SavedTracks:
    """Store the advisories of one deck; the same bytes again change nothing, and an older one supersedes nothing."""
    digest = hashlib.sha256(incoming.raw).hexdigest()
    new = []
    for track in incoming.tracks:
        s = storm_track.c
        of_storm = (s.source == source.name) & (s.storm == track.id)
        if await connection.scalar(select(s.id).where(of_storm, s.sha256 == digest)):
            continue
        newest = await connection.scalar(select(s.issued).where(of_storm, s.superseded_at.is_(None)))
        is_newest = newest is None or track.issued >= newest
        if is_newest:
            ended = {"superseded_at": now, "settle_at": 0}
            await connection.execute(update(storm_track).where(of_storm, s.superseded_at.is_(None)).values(ended))
        row = _row(source, track, incoming.raw, now) | {"sha256": digest}
        row |= {} if is_newest else {"superseded_at": now, "settle_at": None}
        await connection.execute(insert(storm_track), row)
        new.append(str(row["id"]))
    return SavedTracks(tuple(new), len(incoming.tracks) - len(new))


def _row(source: Source, track: Track, raw: bytes, now: int) -> dict[str, object]:
    return {
        "id": str(uuid7()),
        "source": source.name,
        "storm": track.id,
        "name": track.name,
        "technique": track.technique,
        "issued": track.issued,
        "received_at": now,
        "raw": raw,
        "parsed": msgspec.json.encode(track).decode(),
        "simulated": source.simulated,
    }
