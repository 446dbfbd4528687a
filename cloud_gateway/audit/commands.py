"""Writes down what the command line changes, in the transaction of the change itself."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.audit.store import Doer, end_act, make_act, write_act
from cloud_gateway.database import open_database, transaction

#: Who acts where nobody is signed in, and the method of such an act.
NAME, METHOD = "command line", "RUN"
DONE = 0


async def write_command(connection: AsyncConnection, words: str, subject: str, now: int) -> None:
    """`words` is the command without its arguments, `subject` what it changes."""
    await write_act(connection, make_act(Doer(None, NAME, "", _user()), now, METHOD, words, subject, DONE))


async def note_command(database: Path, words: str, subject: str, now: int) -> None:
    """The same in a transaction of its own, for a command whose work is done and is not in the database."""
    async with _opened(database) as connection:
        await write_command(connection, words, subject, now)


async def begin_command(database: Path, words: str, subject: str, now: int) -> str:
    """Write down that a long command begins; what came of it is not known until `end_command` gets what this returns.

    Raises TransactionRefused: then it is not to be done.
    """
    made = make_act(Doer(None, NAME, "", _user()), now, METHOD, words, subject)
    async with _opened(database) as connection:
        await write_act(connection, made)
    return made.id


async def end_command(database: Path, name: str, took_ms: int) -> None:
    """The command that began is done."""
    async with _opened(database) as connection:
        await end_act(connection, name, DONE, took_ms)


@asynccontextmanager
async def _opened(database: Path) -> AsyncIterator[AsyncConnection]:
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            yield connection
    finally:
        await engine.dispose()


def _user() -> str:
    """The machine's user, empty where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
