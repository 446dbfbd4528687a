"""Reads the dead letters, what was refused by name and reason, and keeps what became of those put in again."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass, fields

from sqlalchemy import RowMapping, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.deadletters.tables import dead_letter_replay
from cloud_gateway.tables import dead_letter, record
from edge_agent.web.paging import Time

_d, _p, _r = dead_letter.c, dead_letter_replay.c, record.c
STORED, REFUSED = "stored", "refused"


@dataclass(frozen=True)
class DeadLetter:
    """One refused record or unreadable message. `payload` is base64 of its first bytes, `size` the whole."""

    id: int
    received_at: Time
    topic: str
    device: str | None
    epoch: str | None
    lane: str | None
    seq: int | None
    code: str
    detail: str
    size: int
    sha256: str
    times: int
    payload: str


@dataclass(frozen=True)
class Letter:
    """The same with what it takes to decide on it again: its boot, and the whole record as its device said it."""

    id: int
    received_at: int
    topic: str
    device: str | None
    epoch: str | None
    lane: str | None
    seq: int | None
    code: str
    detail: str
    size: int
    times: int
    payload: bytes
    boot: str | None
    record: bytes | None


@dataclass(frozen=True)
class Replay:
    """What became of a letter that was put in again: `result` stored or refused, with the refusal's code and detail."""

    letter: int
    at: Time
    by: str
    result: str
    code: str
    detail: str


_api_columns = [dead_letter.c[one.name] for one in fields(DeadLetter)]
_columns = [dead_letter.c[one.name] for one in fields(Letter)]
_replay_columns = [dead_letter_replay.c[one.name] for one in fields(Replay)]


async def list_dead_letters(connection: AsyncConnection, before: int, limit: int) -> list[DeadLetter]:
    """Dead letters with an id below `before`, the newest first."""
    query = select(*_api_columns).where(_d.id < before).order_by(_d.id.desc()).limit(limit)
    return [_letter(row) for row in (await connection.execute(query)).mappings()]


def _letter(row: RowMapping) -> DeadLetter:
    return DeadLetter(**{**row, "payload": base64.b64encode(row["payload"]).decode()})


async def list_letters(connection: AsyncConnection, before: int, limit: int, device: str = "") -> list[Letter]:
    """The same with all of each; only of one device, when it is named."""
    query = select(*_columns).where(_d.id < before).order_by(_d.id.desc()).limit(limit)
    query = query.where(_d.device == device) if device else query
    return [Letter(**row) for row in (await connection.execute(query)).mappings()]


async def find_letter(connection: AsyncConnection, name: int) -> Letter | None:
    """One letter."""
    row = (await connection.execute(select(*_columns).where(_d.id == name))).mappings().first()
    return None if row is None else Letter(**row)


async def last_replays(connection: AsyncConnection, letters: Collection[int]) -> dict[int, Replay]:
    """What became of these letters when they were put in again the last time."""
    query = select(*_replay_columns).where(_p.letter.in_(letters)).order_by(_p.at, _p.id)
    return {row["letter"]: Replay(**row) for row in (await connection.execute(query)).mappings()}


async def note_replay(connection: AsyncConnection, replay: Replay) -> None:
    """Keep what became of a letter."""
    row = {one.name: getattr(replay, one.name) for one in fields(Replay)}
    await connection.execute(insert(dead_letter_replay).values(id=str(uuid7()), **row))


async def has_record(connection: AsyncConnection, letter: Letter) -> bool:
    """Whether a record of the letter's number is stored."""
    here = (_r.device == letter.device) & (_r.epoch == letter.epoch) & (_r.lane == letter.lane)
    return (await connection.execute(select(_r.seq).where(here, _r.seq == letter.seq))).first() is not None


async def count_dead_letters(connection: AsyncConnection) -> int:
    """How many there are, less those that were stored in the end."""
    stored = select(_p.id).where(_p.letter == _d.id, _p.result == STORED).exists()
    return int(await connection.scalar(select(func.count()).select_from(dead_letter).where(~stored)) or 0)
