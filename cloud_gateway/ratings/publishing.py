"""Publishes the figures of a period: made from the log, signed by its key, and noted in it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence.entries import Entry, Json
from cloud_gateway.evidence.heads import Signer, sign_head
from cloud_gateway.evidence.store import append, read_state
from cloud_gateway.ratings.days import Period
from cloud_gateway.ratings.publication import lies_in, note_text, write_publication
from cloud_gateway.ratings.store_publications import Edition, add_edition, find_edition, newest_edition, read_released
from edge_agent.proof.checkpoints import sign_note


class Published(NamedTuple):
    """An edition; `is_new` is false for one that was published before and still says all there is."""

    edition: Edition
    is_new: bool


class _Said(msgspec.Struct):
    k: int


async def publish(engine: AsyncEngine, signer: Signer, period: Period, k: int, now: int) -> Published:
    """The newest edition of a period's figures, made now if more has come since the last one. `now` ms UTC.

    A log that was altered since its last head is not published from; a head over the publication is signed, so that
    an export holds it at once. Raises NotSigned.
    """
    await sign_head(engine, signer, now)
    made = None
    while made is None:
        found = await _draft(engine, period, k)
        if isinstance(found, Edition):
            return Published(found, False)
        made = await _enter(engine, signer, found, now)
    await sign_head(engine, signer, now)
    return Published(made, True)


class _Draft(NamedTuple):
    """A document that is to be published as this edition, made from the first `size` entries."""

    period: str
    edition: int
    size: int
    k: int
    document: bytes


async def _draft(engine: AsyncEngine, period: Period, k: int) -> Edition | _Draft:
    """The newest edition when it says all there is, else the next: the log is read, and no writer waits."""
    async with reading(engine) as connection:
        last = await newest_edition(connection, period.name)
        if last is not None and await _says_all(connection, last, period, k):
            return last
        size = (await read_state(connection)).frontier.size
        released = await read_released(connection, size)
    document = await asyncio.to_thread(write_publication, period, released.rows, released.services, size, k)
    return _Draft(period.name, 1 if last is None else last.edition + 1, size, k, document)


async def _says_all(c: AsyncConnection, last: Edition, period: Period, k: int) -> bool:
    since = await read_released(c, (await read_state(c)).frontier.size, last.size)
    days = [*(row.day for row in since.rows), *(one.day for one in since.services)]
    return not any(lies_in(day, period) for day in days) and msgspec.json.decode(last.document, type=_Said).k == k


async def _enter(engine: AsyncEngine, signer: Signer, draft: _Draft, now: int) -> Edition | None:
    """Sign and keep it; None when somebody else has published the period meanwhile."""
    period, edition, size, k, document = draft
    note = sign_note(note_text(signer.name, period, size, document, edition), signer.name, signer.key)
    digest = hashlib.sha256(document).hexdigest()
    body: dict[str, Json] = {"period": period, "edition": edition, "size": size, "k": k, "sha256": digest}
    async with transaction(engine) as connection:
        if await find_edition(connection, period, edition) is not None:
            return None
        (place,) = await append(connection, [Entry("publication", body)], now)
        made = Edition(period, edition, size, document, note, now, place)
        await add_edition(connection, made)
    return made
