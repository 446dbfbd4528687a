"""Records as the command line reads them: plain calls on the database file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.records import store
from cloud_gateway.records.sealed import CannotOpen, Opened, open_body, sealed_fields
from cloud_gateway.records.store import RecordKey, StoredRecord
from cloud_gateway.running import now_ms

__all__ = ["CannotNote", "CannotOpen", "NoSuchRecord", "RecordKey", "read_record", "sealed_fields", "unseal_record"]

logger = logging.getLogger(__name__)


class NoSuchRecord(LookupError):
    """No record of that key is stored."""


class CannotNote(Exception):
    """Who reads personal text cannot be written down, so it is not shown."""


async def read_record(database: Path, key: RecordKey) -> StoredRecord:
    """A record as it is stored. Raises NoSuchRecord."""
    engine = open_database(database)
    try:
        async with reading(engine) as connection:
            return await _find(connection, key)
    finally:
        await engine.dispose()


async def unseal_record(database: Path, key: RecordKey, keys: Sequence[bytes], who: str) -> tuple[StoredRecord, Opened]:
    """A record with its personal text in the clear, once it is written down who reads it.

    Raises NoSuchRecord, CannotOpen, CannotNote.
    """
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            found = await _find(connection, key)
            opened = open_body(found.body, keys)
            if opened.fields:
                await store.note_unsealing(connection, key, opened.fields, who, now_ms())
    except DBAPIError as exc:
        raise CannotNote(f"who reads personal text cannot be written down: {exc.orig}") from exc
    finally:
        await engine.dispose()
    if opened.fields:
        logger.info("personal text was read", extra={**key._asdict(), "who": who, "fields": list(opened.fields)})
    return found, opened


async def _find(connection: AsyncConnection, key: RecordKey) -> StoredRecord:
    found = await store.find_record(connection, key)
    if found is None:
        raise NoSuchRecord(f"no record {key.seq} of {key.device}, epoch {key.epoch}, lane {key.lane} is stored")
    return found
