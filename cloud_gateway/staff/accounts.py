"""Accounts of staff, as the command line and the demo manage them: plain calls on the database file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.audit.commands import write_command
from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.running import now_ms
from cloud_gateway.staff import store
from cloud_gateway.staff.passwords import Passwords
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import LastAdministrator, NameTaken, Staff

#: How long a one-time link lasts, ms.
LINK_MS = 24 * 3_600_000

__all__ = [
    "LastAdministrator",
    "NameTaken",
    "NoSuchStaff",
    "add_staff",
    "disable_staff",
    "list_staff",
    "make_link",
    "set_password",
]


class NoSuchStaff(LookupError):
    """Nobody has that name."""


async def add_staff(database: Path, name: str, role: Role | str, password: str | None = None) -> Staff:
    """Enter a member of staff. Raises NameTaken, WeakPassword, or ValueError for an unknown role or bad name."""
    role, name = Role(role), check_name(name)
    hashed = None if password is None else await Passwords().hash(password, (name,))
    async with _writing(database, "add", f"{name} {role}") as connection:
        return await store.add_staff(connection, name, role, hashed, now_ms())


async def make_link(database: Path, name: str, lasts_ms: int = LINK_MS) -> str:
    """A one-time sign-in token: give `ORIGIN/enter#TOKEN` to its owner. Raises NoSuchStaff."""
    async with _writing(database, "link", name) as connection:
        who = await _find(connection, name)
        if who.disabled_at is not None:
            raise NoSuchStaff(f"{name!r} is disabled")
        return await store.add_link(connection, who.id, now_ms() + lasts_ms)


async def set_password(database: Path, name: str, password: str) -> None:
    """Set a password; ends all sessions and links of its owner. Raises NoSuchStaff, WeakPassword."""
    hashed = await Passwords().hash(password, (name,))
    async with _writing(database, "password", name) as connection:
        await store.set_password(connection, (await _find(connection, name)).id, hashed)


async def disable_staff(database: Path, name: str) -> None:
    """Shut somebody out at once. Raises NoSuchStaff, LastAdministrator."""
    async with _writing(database, "disable", name) as connection:
        await store.disable(connection, (await _find(connection, name)).id, now_ms())


async def list_staff(database: Path) -> list[Staff]:
    """Everybody, by name, disabled ones too."""
    engine = open_database(database)
    try:
        async with reading(engine) as connection:
            return await store.list_staff(connection)
    finally:
        await engine.dispose()


def check_name(name: str) -> str:
    """Return a name that can be typed and shown: 1 to 64 printable characters. Raises ValueError."""
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise ValueError("a name has 1 to 64 printable characters")
    return name.strip()


async def _find(connection: AsyncConnection, name: str) -> Staff:
    who = await store.find_staff(connection, name)
    if who is None:
        raise NoSuchStaff(f"nobody is called {name!r}")
    return who


@asynccontextmanager
async def _writing(database: Path, verb: str, subject: str) -> AsyncIterator[AsyncConnection]:
    """A transaction that also writes the command down; when it is refused, nothing is."""
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            await write_command(connection, f"gateway user {verb}", subject, now_ms())
            yield connection
    finally:
        await engine.dispose()
