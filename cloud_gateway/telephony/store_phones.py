"""Telephones of customers and agents in the database, as keyed hashes."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.telephony.phones import Finding, hash_phone, judge_phone, mask_phone, tidy_phone
from cloud_gateway.telephony.tables import agent_phone, policy_phone

_p, _a = policy_phone.c, agent_phone.c


class Suspicion(msgspec.Struct, frozen=True):
    """A policy whose customer's telephone is doubtful, and why; `agents` have the same number."""

    policy: str
    agent: str
    phone: str
    findings: tuple[Finding, ...]
    agents: tuple[str, ...]
    policies: int


async def put_agent_phone(connection: AsyncConnection, key: bytes, agent: str, phone: str, now: int) -> None:
    """An agent has this number. Raises NoPhone."""
    row = {"agent": agent, "phone_hash": hash_phone(key, tidy_phone(phone)), "at": now}
    await connection.execute(upsert(agent_phone).values(**row).on_conflict_do_nothing())


async def put_policy_phone(
    connection: AsyncConnection, key: bytes, policy: str, agent: str, phone: str, now: int
) -> str:
    """A policy's customer has this number from now on; returns it masked. Raises NoPhone."""
    tidy = tidy_phone(phone)
    facts = {"agent": agent, "phone_hash": hash_phone(key, tidy), "phone_masked": mask_phone(tidy), "at": now}
    row = upsert(policy_phone).values(policy=policy, **facts)
    await connection.execute(row.on_conflict_do_update(index_elements=["policy"], set_=facts))
    return mask_phone(tidy)


async def list_suspicions(
    connection: AsyncConnection, most: int, after: str = "", limit: int = 100, only: str | None = None
) -> list[Suspicion]:
    """Policies above `after` with a doubtful telephone, by policy; or `only` one. `most` may share a number."""
    same = policy_phone.alias()
    shared = select(func.count()).where(same.c.phone_hash == _p.phone_hash).scalar_subquery()
    theirs = select(_a.agent).where(_a.phone_hash == _p.phone_hash).exists()
    query = select(policy_phone, shared.label("policies")).where((shared > most) | theirs, _p.policy > after)
    query = query if only is None else query.where(_p.policy == only)
    rows = (await connection.execute(query.order_by(_p.policy).limit(limit))).all()
    owners = await _owners(connection, {row.phone_hash for row in rows})
    found = []
    for row in rows:
        agents = owners.get(row.phone_hash, ())
        findings = tuple(judge_phone(agents, row.policies, most))
        found.append(Suspicion(row.policy, row.agent, row.phone_masked, findings, tuple(agents), row.policies))
    return found


async def _owners(connection: AsyncConnection, hashes: set[str]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {}
    query = select(_a.phone_hash, _a.agent).where(_a.phone_hash.in_(hashes)).order_by(_a.agent)
    for row in await connection.execute(query):
        owners.setdefault(row.phone_hash, []).append(row.agent)
    return owners
