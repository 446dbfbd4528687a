"""The words of witnesses in the database: what each device has seen, and the dissents that are open."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence import store, store_heads
from cloud_gateway.evidence.entries import Entry, Json
from cloud_gateway.evidence.tables import evidence_dissent, evidence_witness
from cloud_gateway.evidence.witnessing import Dissent, judge
from edge_agent.proof.checkpoints import Checkpoint
from edge_agent.proof.merkle import HASH_BYTES

logger = logging.getLogger(__name__)

#: Greater than any log, and what JSON still holds exactly.
MAX_SIZE = 2**53
_d = evidence_dissent.c


class Word(NamedTuple):
    """What a device says that it has seen; `root` in base64 as it stands in the head."""

    device: str
    origin: str
    size: int
    root: str


class OpenDissent(NamedTuple):
    """A dissent that nobody has closed. Times are ms UTC of the gateway."""

    device: str
    origin: str
    code: str
    size: int
    root: bytes
    first_at: int
    at: int


async def hear(connection: AsyncConnection, words: Iterable[Word], now: int) -> list[tuple[str, Dissent]]:
    """Compare what devices have seen with the log, in the caller's writing transaction.

    A disagreement becomes an open dissent and an entry of the log itself; returns those that are new.
    """
    newest = {(word.device, word.origin): word for word in words}
    if not newest:
        return []
    size, lives = (await store.read_state(connection)).frontier.size, await store_heads.list_lives(connection)
    new: list[tuple[str, Dissent]] = []
    for word in newest.values():
        seen = read_word(word)
        if seen is None:
            logger.warning("a device reports a head that is none", extra={"device": word.device})
            continue
        dissent = judge(seen, lives, size, await _own_root(connection, seen.size, size))
        await _note_word(connection, word.device, seen, dissent, now)
        if dissent is not None and await _open(connection, word.device, seen, dissent, now):
            new.append((word.device, dissent))
    return new


async def _own_root(c: AsyncConnection, seen: int, size: int) -> bytes | None:
    """None too where nodes are missing: then the log differs from what was signed, and the batch goes on."""
    try:
        return await store.root_at(c, seen) if seen <= size else None
    except store.BrokenLog as exc:
        logger.error("the evidence log is broken: %s", exc)
        return None


def read_word(word: Word) -> Checkpoint | None:
    """The head that a device names; None when it is none."""
    try:
        root = base64.b64decode(word.root, validate=True)
    except (binascii.Error, ValueError):
        return None
    fits = len(root) == HASH_BYTES and word.origin and 0 < word.size < MAX_SIZE
    return Checkpoint(word.origin, word.size, root) if fits else None


async def _note_word(c: AsyncConnection, device: str, seen: Checkpoint, dissent: Dissent | None, now: int) -> None:
    values = {"size": seen.size, "root": seen.root, "seen_at": now, "code": dissent or ""}
    statement = upsert(evidence_witness).values(device=device, origin=seen.origin, **values)
    await c.execute(statement.on_conflict_do_update(index_elements=["device", "origin"], set_=values))


async def _open(c: AsyncConnection, device: str, seen: Checkpoint, dissent: Dissent, now: int) -> bool:
    """Open a dissent, or note that it goes on; True when it is new. One for each device, origin and kind.

    One that was closed opens again only for another head than the one that was looked at.
    """
    this = (_d.device == device) & (_d.origin == seen.origin) & (_d.code == dissent.value)
    known = (await c.execute(select(_d.size, _d.root, _d.closed_at).where(this))).first()
    if known is not None and (known.closed_at is None or (known.size, known.root) == (seen.size, seen.root)):
        await c.execute(update(evidence_dissent).where(this).values(at=now))
        return False
    fresh = {"size": seen.size, "root": seen.root, "first_at": now, "at": now}
    fresh |= {"closed_at": None, "closed_by": "", "reason": ""}
    statement = upsert(evidence_dissent).values(device=device, origin=seen.origin, code=dissent.value, **fresh)
    await c.execute(statement.on_conflict_do_update(index_elements=["device", "origin", "code"], set_=fresh))
    root = base64.b64encode(seen.root).decode()
    body: dict[str, Json] = {"device": device, "origin": seen.origin, "size": seen.size, "root": root}
    await store.append(c, [Entry("dissent", body | {"code": dissent.value})], now)
    logger.error("a witness disagrees with the evidence log: %s", dissent.value, extra={"device": device})
    return True


async def list_open(connection: AsyncConnection) -> list[OpenDissent]:
    """Dissents that nobody has closed, the oldest first."""
    columns = (_d.device, _d.origin, _d.code, _d.size, _d.root, _d.first_at, _d.at)
    query = select(*columns).where(_d.closed_at.is_(None)).order_by(_d.first_at, _d.device, _d.code)
    return [OpenDissent(*row) for row in await connection.execute(query)]


async def list_codes(connection: AsyncConnection) -> Sequence[Dissent]:
    """The kinds of the open dissents."""
    rows = await connection.execute(select(_d.code).where(_d.closed_at.is_(None)).distinct().order_by(_d.code))
    return [Dissent(row.code) for row in rows]


async def close_dissent(
    connection: AsyncConnection, device: str, origin: str, code: str, who: str, reason: str, now: int
) -> bool:
    """Close a dissent, with who did and why; False when there is none open. The entry in the log stays."""
    this = (_d.device == device) & (_d.origin == origin) & (_d.code == code) & _d.closed_at.is_(None)
    values = {"closed_at": now, "closed_by": who, "reason": reason}
    return bool((await connection.execute(update(evidence_dissent).where(this).values(values))).rowcount)
