"""Writes down what the command line changes, in the transaction of the change itself."""

from __future__ import annotations

import getpass

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.audit.store import Doer, make_act, write_act

#: Who acts where nobody is signed in, and the method of such an act.
NAME, METHOD = "command line", "RUN"
DONE = 0


async def write_command(connection: AsyncConnection, words: str, subject: str, now: int) -> None:
    """`words` is the command without its arguments, `subject` what it changes."""
    await write_act(connection, make_act(Doer(None, NAME, "", _user()), now, METHOD, words, subject, DONE))


def _user() -> str:
    """The machine's user, empty where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
