"""What an export takes from the database beside entries and heads: the log's keys, and the texts that may be shown."""

from __future__ import annotations

import base64
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.tables import evidence_key, evidence_text

_k, _t = evidence_key.c, evidence_text.c


class ShownText(NamedTuple):
    """A text that is published, not masked and not erased."""

    place: int
    path: str
    salt: bytes
    text: str


async def list_log_keys(connection: AsyncConnection, name: str) -> list[bytes]:
    """The keys (raw Ed25519) that the log names for its own heads, in their order."""
    query = select(_k.public_key).where(_k.role == "log", _k.name == name).order_by(_k.place)
    return [base64.b64decode(key) for key in await connection.scalars(query)]


async def list_shown_texts(connection: AsyncConnection, size: int) -> list[ShownText]:
    """The texts of the first `size` entries that an export shows, in order."""
    shown = (_t.published, _t.text.is_not(None), _t.masked_by.is_(None), _t.erased_by.is_(None), _t.place < size)
    query = select(_t.place, _t.path, _t.salt, _t.text).where(*shown).order_by(_t.place, _t.path)
    return [ShownText(*row) for row in await connection.execute(query)]
