"""Sessions in the gateway's database: whose they are, since when, and where each was last used."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.staff.store import Staff, new_token, token_hash
from cloud_gateway.tables import session, staff

#: Characters of a token's hash that name its session on a page.
NAMED_BY = 16
MOST_ADDRESS = 64


@dataclass(frozen=True)
class Session:
    """A sign-in that lasts until `expires_at`; `address` is where it was last used, `seen_at` when (ms UTC)."""

    name: str
    staff: str
    created_at: int
    expires_at: int
    address: str
    seen_at: int


async def start_session(connection: AsyncConnection, who: str, now: int, expires_at: int, address: str = "") -> str:
    """A new session for staff id `who`; returns its token. Old expired ones are removed."""
    await connection.execute(delete(session).where(session.c.expires_at <= now))
    token = new_token()
    row = {"token_hash": token_hash(token), "staff": who, "created_at": now, "expires_at": expires_at, "seen_at": now}
    await connection.execute(insert(session).values(**row, address=address[:MOST_ADDRESS]))
    return token


async def find_session(connection: AsyncConnection, token: str, now: int) -> tuple[Staff, Session] | None:
    """Whose session it is, while it lasts and its owner is not disabled."""
    fits = (session.c.token_hash == token_hash(token)) & (session.c.expires_at > now) & staff.c.disabled_at.is_(None)
    query = select(session, staff).join(staff, session.c.staff == staff.c.id).where(fits)
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    owner = Staff(*(row._mapping[column] for column in staff.c))
    return owner, _session(*(row._mapping[column] for column in session.c))


async def list_sessions(connection: AsyncConnection, now: int, who: str | None = None) -> list[Session]:
    """The sessions that last, of everybody or of staff id `who`; the one that was used last comes first."""
    query = select(session).where(session.c.expires_at > now)
    if who is not None:
        query = query.where(session.c.staff == who)
    found = [_session(*row) for row in await connection.execute(query)]
    return sorted(found, key=lambda one: one.seen_at, reverse=True)


async def note_seen(connection: AsyncConnection, token: str, address: str, now: int) -> None:
    """A session was used just now."""
    this = update(session).where(session.c.token_hash == token_hash(token))
    await connection.execute(this.values(address=address[:MOST_ADDRESS], seen_at=now))


async def end_session(connection: AsyncConnection, token: str) -> None:
    """Sign out."""
    await connection.execute(delete(session).where(session.c.token_hash == token_hash(token)))


async def end_named(connection: AsyncConnection, who: str, name: str) -> bool:
    """End the session of that name of staff id `who`; False when they have none."""
    fits = (session.c.staff == who) & session.c.token_hash.startswith(name, autoescape=True)
    return (await connection.execute(delete(session).where(fits))).rowcount > 0


async def end_others(connection: AsyncConnection, who: str, token: str) -> None:
    """End all sessions of staff id `who` but the one of the token."""
    others = (session.c.staff == who) & (session.c.token_hash != token_hash(token))
    await connection.execute(delete(session).where(others))


def _session(digest: str, who: str, created_at: int, expires_at: int, address: str, seen_at: int | None) -> Session:
    return Session(digest[:NAMED_BY], who, created_at, expires_at, address, seen_at or created_at)
