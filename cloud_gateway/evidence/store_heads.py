"""Signed heads and the log's lives in the database."""

from __future__ import annotations

import json
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.store_keys import KeyName
from cloud_gateway.evidence.tables import evidence_head, evidence_key, evidence_life, evidence_log
from cloud_gateway.tables import event

_h, _l, _k = evidence_head.c, evidence_life.c, evidence_key.c
_HEAD = select(_h.life, _h.size, _h.root, _h.note, _h.at)
_LIFE = select(_l.number, _l.origin, _l.first_size)


class Head(NamedTuple):
    """A signed head. `note` is its C2SP tlog-checkpoint, `at` ms UTC of its signing."""

    life: int
    size: int
    root: bytes
    note: str
    at: int


class Life(NamedTuple):
    """A name of the log: from `first_size` entries on, heads are signed under this origin."""

    number: int
    origin: str
    first_size: int


async def newest_head(connection: AsyncConnection) -> Head | None:
    """The head that was signed last."""
    row = (await connection.execute(_HEAD.order_by(_h.life.desc(), _h.size.desc()).limit(1))).first()
    return None if row is None else Head(*row)


async def find_note(connection: AsyncConnection, size: int) -> str:
    """The newest head of this size as it was signed; empty when none was."""
    query = select(_h.note).where(_h.size == size).order_by(_h.life.desc()).limit(1)
    return str(await connection.scalar(query) or "")


async def list_heads(connection: AsyncConnection) -> list[Head]:
    """Every head, the oldest first."""
    return [Head(*row) for row in await connection.execute(_HEAD.order_by(_h.life, _h.size))]


async def add_head(connection: AsyncConnection, head: Head) -> None:
    """Keep a head; another process may have signed the same one."""
    await connection.execute(upsert(evidence_head).values(head._asdict()).on_conflict_do_nothing())


async def list_lives(connection: AsyncConnection) -> list[Life]:
    """The lives of the log, the oldest first."""
    return [Life(*row) for row in await connection.execute(_LIFE.order_by(_l.number))]


async def first_life(connection: AsyncConnection) -> Life | None:
    """The life that the log began with; None before its first head."""
    lives = await list_lives(connection)
    return lives[0] if lives else None


async def newest_life(connection: AsyncConnection) -> Life | None:
    """The life that heads are signed in now."""
    lives = await list_lives(connection)
    return lives[-1] if lives else None


async def begin_life(connection: AsyncConnection, life: Life, now: int) -> None:
    """Write down a life, unless another process has."""
    row = {**life._asdict(), "begun_at": now}
    await connection.execute(insert(evidence_life).prefix_with("OR IGNORE").values(row))


async def knows_key(connection: AsyncConnection, name: KeyName) -> bool:
    """Whether the log names this key."""
    where = (_k.role == name.role, _k.name == name.name, _k.public_key == name.public_key)
    return await connection.scalar(select(_k.place).where(*where)) is not None


async def note_fault(connection: AsyncConnection, fault: str, now: int) -> None:
    """Write down why no head can be signed, or with an empty text that they are again; live pages are told."""
    values = {"fault": fault, "fault_at": now if fault else None}
    row = {"id": 1, "size": 0, "peaks": b""} | values
    await connection.execute(upsert(evidence_log).values(row).on_conflict_do_update(index_elements=["id"], set_=values))
    body = json.dumps({"signed": not fault})
    await connection.execute(insert(event).values(at=now, topic="evidence", body=body))
