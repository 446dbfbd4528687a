"""Invitations to rate on the web in the database; of tokens only SHA-256 is kept."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.outreach.tokens import hash_token
from cloud_gateway.ratings.invitations import Invitation, Stage
from cloud_gateway.ratings.tables_web import rating_invitation
from cloud_gateway.stations.tables import station

_i = rating_invitation.c


async def add_invitation(c: AsyncConnection, invitation: Invitation, token: str, made_by: str, now: int) -> None:
    """Enter an invitation; `made_by` is a staff id."""
    row = invitation._asdict() | {"token_hash": hash_token(token), "made_by": made_by, "made_at": now}
    await c.execute(insert(rating_invitation).values(row))


async def find_invitation(c: AsyncConnection, token: str) -> Invitation | None:
    """The invitation of this token."""
    columns = (_i.id, _i.stage, _i.scale, _i.station, _i.counter, _i.clerk, _i.expires_at, _i.used_at)
    row = (await c.execute(select(*columns).where(_i.token_hash == hash_token(token)))).first()
    return None if row is None else Invitation(*row)._replace(stage=Stage(row.stage))


async def use_invitation(c: AsyncConnection, invitation: str, now: int) -> bool:
    """Use it up; False when it was used already."""
    spent = update(rating_invitation).where(_i.id == invitation, _i.used_at.is_(None)).values(used_at=now)
    return (await c.execute(spent)).rowcount == 1


async def name_station(c: AsyncConnection, code: str) -> tuple[str, str]:
    """Its name in English and Chinese; the code itself where it is not known."""
    row = (await c.execute(select(station.c.name, station.c.name_zh).where(station.c.code == code))).first()
    return (code, code) if row is None else (row.name, row.name_zh)
