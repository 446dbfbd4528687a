"""Reads stored records, and writes down who has read personal text of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.tables import record, unsealing


class RecordKey(NamedTuple):
    """What makes a fact that fact."""

    device: str
    epoch: str
    lane: str
    seq: int


@dataclass(frozen=True)
class StoredRecord:
    """A record as it came: `body` the device's bytes, `at` ms UTC, `said_at` the device's own where it was mended."""

    key: RecordKey
    kind: str
    at: int
    said_at: int | None
    clock: str
    boot: str
    body: bytes
    sig: str | None
    received_at: int


async def find_record(connection: AsyncConnection, key: RecordKey) -> StoredRecord | None:
    """The record of this key."""
    r = record.c
    columns = (r.kind, r.at, r.said_at, r.clock, r.boot, r.body, r.sig, r.received_at)
    where = (r.device == key.device, r.epoch == key.epoch, r.lane == key.lane, r.seq == key.seq)
    row = (await connection.execute(select(*columns).where(*where))).one_or_none()
    return None if row is None else StoredRecord(key, *row)


async def note_unsealing(
    connection: AsyncConnection, key: RecordKey, fields: Sequence[str], who: str, now: int
) -> None:
    """Write down that somebody reads these fields of a record."""
    values = {"id": str(uuid7()), "at": now, "who": who, "fields": json.dumps(fields)}
    await connection.execute(insert(unsealing).values(**values, **key._asdict()))
