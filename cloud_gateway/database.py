"""Opens the gateway's relational database and gives its two kinds of transaction."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 10_000
#: SQLite's result codes for what is no fault of the statement (its page "Result and Error Codes").
PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}


#: What SQLite raises; those who only tell of it need not know more of SQLite.
SqliteError = sqlite3.Error
#: What a transaction raises that the database does not take; `orig` says why.
TransactionRefused = DatabaseError


class NoDatabase(Exception):
    """A file that should be an SQLite database is none, or is damaged."""


def open_database(file: Path) -> AsyncEngine:
    """An engine on the SQLite file: WAL, synchronous=FULL, foreign keys, secure deletion, no implicit BEGIN."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}", pool_size=4, max_overflow=4)
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("weiran_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A writing transaction, opened with BEGIN IMMEDIATE; commits at the end, rolls back on an exception."""
    async with engine.connect() as connection:
        await connection.execution_options(weiran_writes=True)
        async with connection.begin():
            yield connection


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A reading transaction: one snapshot for all its queries."""
    async with engine.connect() as connection, connection.begin():
        yield connection


def read_revision(file: Path) -> str | None:
    """The alembic revision of the file; None without tables. Raises NoDatabase, and OSError when it stays locked."""
    if not file.exists():
        return None
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    try:
        with engine.connect() as connection:
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    except OperationalError as exc:
        if can_pass(exc):
            raise OSError(errno.EBUSY, str(exc.orig), str(file)) from exc
        return None  # no such table
    except DatabaseError as exc:
        raise NoDatabase(f"{file} cannot be read: {exc.orig}") from exc
    finally:
        engine.dispose()
    return found


def find_damage(connection: sqlite3.Connection) -> str | None:
    """The first thing that SQLite's quick check finds wrong. Raises sqlite3.Error when it cannot look."""
    (word,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return None if word == "ok" else str(word)


def can_pass(exc: OperationalError) -> bool:
    """Whether the same statement can succeed later: the database is locked, or its disk is full or failing."""
    return getattr(exc.orig, "sqlite_errorcode", 0) & 0xFF in PASSING
