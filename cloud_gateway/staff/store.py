"""Staff, sessions and one-time links in the gateway's database; of tokens only SHA-256 is kept."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.staff.roles import Role
from cloud_gateway.tables import event, session, sign_in_link, staff

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Staff:
    """A member of staff. `password` is the argon2id hash, None until set."""

    id: str
    name: str
    role: str
    password: str | None
    created_at: int
    disabled_at: int | None


class NameTaken(Exception):
    """Another member of staff has this name."""


class LastAdministrator(Exception):
    """Nobody else could administer."""


def new_token() -> str:
    """256 random bits, for a URL or a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def add_staff(connection: AsyncConnection, name: str, role: Role, password: str | None, now: int) -> Staff:
    """Enter a member of staff; `password` is a hash. Raises NameTaken."""
    if await find_staff(connection, name):
        raise NameTaken(name)
    made = Staff(str(uuid7()), name, role.value, password, now, None)
    await connection.execute(insert(staff).values(**vars(made)))
    return made


async def find_staff(connection: AsyncConnection, name: str) -> Staff | None:
    """The member of staff of that name, disabled or not."""
    row = (await connection.execute(select(staff).where(staff.c.name == name))).mappings().first()
    return None if row is None else Staff(**row)


async def read_staff(connection: AsyncConnection, who: str) -> Staff | None:
    """The member of staff of that id, disabled or not."""
    row = (await connection.execute(select(staff).where(staff.c.id == who))).mappings().first()
    return None if row is None else Staff(**row)


async def list_staff(connection: AsyncConnection, after: str = "", limit: int | None = None) -> list[Staff]:
    """Everybody by name, from the one after the name `after` on."""
    query = select(staff).where(staff.c.name > after).order_by(staff.c.name).limit(limit)
    return [Staff(**row) for row in (await connection.execute(query)).mappings()]


async def set_password(connection: AsyncConnection, who: str, password: str) -> None:
    """Replace the password hash of staff id `who`, and end all their sessions and links."""
    await replace_password(connection, who, password)
    await end_all(connection, who)


async def replace_password(connection: AsyncConnection, who: str, password: str) -> None:
    """Replace the password hash of staff id `who`, and end their links; sessions stay."""
    await connection.execute(update(staff).where(staff.c.id == who).values(password=password))
    await connection.execute(delete(sign_in_link).where(sign_in_link.c.staff == who))


async def remove_password(connection: AsyncConnection, who: str) -> None:
    """Staff id `who` has no password any more; all their sessions and links end."""
    await connection.execute(update(staff).where(staff.c.id == who).values(password=None))
    await end_all(connection, who)


async def change_role(connection: AsyncConnection, who: str, role: Role) -> None:
    """Give staff id `who` another role, and end all their sessions and links. Raises LastAdministrator."""
    if role is not Role.ADMINISTRATOR:
        await _keep_administrator(connection, who)
    await connection.execute(update(staff).where(staff.c.id == who).values(role=role.value))
    await end_all(connection, who)


async def disable(connection: AsyncConnection, who: str, now: int) -> None:
    """Shut out staff id `who`, and end all their sessions and links. Raises LastAdministrator."""
    await _keep_administrator(connection, who)
    await connection.execute(update(staff).where(staff.c.id == who).values(disabled_at=now))
    await end_all(connection, who)


async def enable(connection: AsyncConnection, who: str) -> None:
    """Let staff id `who` in again; their password, if any, is the one of before."""
    await connection.execute(update(staff).where(staff.c.id == who).values(disabled_at=None))


async def _keep_administrator(connection: AsyncConnection, who: str) -> None:
    """Raises LastAdministrator when `who` is the only one left."""
    query = select(staff.c.id).where(staff.c.role == Role.ADMINISTRATOR.value, staff.c.disabled_at.is_(None))
    if list((await connection.execute(query)).scalars()) == [who]:
        raise LastAdministrator


async def end_all(connection: AsyncConnection, who: str) -> None:
    """End every session and link of staff id `who`."""
    await connection.execute(delete(session).where(session.c.staff == who))
    await connection.execute(delete(sign_in_link).where(sign_in_link.c.staff == who))


async def add_link(connection: AsyncConnection, who: str, expires_at: int) -> str:
    """A new one-time link for staff id `who`; returns its token."""
    token = new_token()
    row = {"token_hash": token_hash(token), "staff": who, "expires_at": expires_at}
    await connection.execute(insert(sign_in_link).values(**row))
    return token


async def use_link(connection: AsyncConnection, token: str, now: int) -> str | None:
    """Consume a link: the staff id it was for, or None when it is unknown, used or expired."""
    link = sign_in_link.c
    fits = (link.token_hash == token_hash(token)) & link.used_at.is_(None) & (link.expires_at > now)
    used = update(sign_in_link).where(fits).values(used_at=now).returning(link.staff)
    found: str | None = (await connection.execute(used)).scalar()
    return found


async def tell_change(connection: AsyncConnection, who: str, now: int) -> None:
    """Let open pages know that something about staff id `who` has changed."""
    await connection.execute(insert(event).values(at=now, topic="staff", body=json.dumps({"staff": who})))
