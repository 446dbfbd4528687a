"""Reads from the gateway's database what readiness and metrics tell."""

from __future__ import annotations

import json
from collections import Counter
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.tables import evidence_log
from cloud_gateway.outreach.store_queue import WORKER
from cloud_gateway.outreach.tables import channel_check
from cloud_gateway.tables import alarm, backup, dead_letter, ledger, rule


class Beat(NamedTuple):
    """The newest sign of life of outreach, ms UTC, and its trouble."""

    at: int
    trouble: str


class Log(NamedTuple):
    """The evidence log: how many entries, and why its heads are not signed."""

    size: int
    fault: str


async def answer(connection: AsyncConnection) -> None:
    """Return when the database reads one of its tables. Raises SQLAlchemyError."""
    await connection.execute(text("SELECT version_num FROM alembic_version"))


async def evidence_fault(connection: AsyncConnection) -> str:
    """Why heads of the evidence log are not signed; empty while they are."""
    return (await read_log(connection)).fault


async def read_log(connection: AsyncConnection) -> Log:
    """How the evidence log stands."""
    row = (await connection.execute(select(evidence_log.c.size, evidence_log.c.fault))).first()
    return Log(0, "") if row is None else Log(row.size, row.fault)


async def last_beat(connection: AsyncConnection) -> Beat | None:
    """When outreach last showed that it lives; None before the first time."""
    query = select(channel_check.c.at, channel_check.c.error).where(channel_check.c.channel == WORKER)
    row = (await connection.execute(query)).first()
    return None if row is None or row.at is None else Beat(row.at, row.error or "")


async def count_open_alarms(connection: AsyncConnection) -> dict[str, int]:
    """How many alarms are open, by the severity that their device declares."""
    severity = func.coalesce(rule.c.severity, "urgent")
    declared = (rule.c.device == alarm.c.device) & (rule.c.name == alarm.c.rule)
    joined = alarm.outerjoin(rule, declared)
    query = select(severity, func.count()).select_from(joined).where(alarm.c.cleared_at.is_(None)).group_by(severity)
    return {str(name): int(count) for name, count in await connection.execute(query)}


async def count_letters(connection: AsyncConnection) -> dict[str, int]:
    """How many dead letters there are, by code."""
    query = select(dead_letter.c.code, func.count()).group_by(dead_letter.c.code)
    return {str(code): int(count) for code, count in await connection.execute(query)}


async def count_holes(connection: AsyncConnection) -> dict[str, int]:
    """By lane: numbers that have not come although later ones of the same device and epoch have."""
    query = select(ledger.c.lane, ledger.c.upto, ledger.c.ranges).where(ledger.c.ranges != "[]")
    holes: Counter[str] = Counter()
    for lane, upto, ranges in await connection.execute(query):
        holes[lane] += missing_below(upto, json.loads(ranges))
    return holes


def missing_below(upto: int, ranges: list[list[int]]) -> int:
    """Of the numbers above `upto` and below the end of the last range, those that are in no range."""
    last = max((end for _, end in ranges), default=upto)
    return last - upto - sum(end - first + 1 for first, end in ranges)


async def last_backup(connection: AsyncConnection) -> int | None:
    """When the newest backup was complete, ms UTC."""
    found: int | None = await connection.scalar(select(func.max(backup.c.finished_at)))
    return found
