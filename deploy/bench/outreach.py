"""Bench of outreach: 10,000 exposures planned and persisted, beside bare inserts of the very same rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Table as SqlTable
from sqlalchemy import create_engine, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.exposures.tables import event_change, hazard_event
from cloud_gateway.migrations import migrate
from cloud_gateway.outreach.settings import LADDER
from cloud_gateway.outreach.store import draft_due, plan_due
from cloud_gateway.outreach.store_messages import Kit, write_drafts
from cloud_gateway.outreach.tables import ladder_step, message, message_change, recipient, recipient_site
from cloud_gateway.outreach.texts import render
from cloud_gateway.outreach.tokens import AnswerKey
from cloud_gateway.tables import site
from cloud_gateway.warnings.model import Alert, Info, MsgType, Severity, Status
from cloud_gateway.warnings.tables import alert, warning
from deploy.bench.page import Table

EXPOSURES = 10_000
WARNINGS = 100
#: Every site has a customer of its own, and a risk engineer who has so many.
SITES_OF_AN_ENGINEER = 40
AT = 1_784_505_600_000
ONSET = AT + 10 * 3_600_000
MADE = (message, message_change, ladder_step)
TEXT = "Heavy rain is expected within three hours. Move goods from the ground and clear the drains. " * 4


class Round(NamedTuple):
    """Seconds of planning, of its part that others have to wait for, and of the bare inserts; what was made."""

    planning: float
    writing: float
    bare: float
    messages: int
    rows: int


def bench_outreach(folder: Path, rounds: int) -> list[Table]:
    """Exposures planned a second, from unplanned changes to committed messages with their words and steps."""
    found = [_play(folder, number) for number in range(rounds)]
    last = found[-1]
    title = f"Outreach: {EXPOSURES:,} exposures to {last.messages:,} messages, {last.rows:,} rows, one transaction"
    table = Table(title)
    table.add("exposures planned and persisted", [EXPOSURES / one.planning for one in found], "/s")
    table.add("time of planning to bare inserts of the same rows", [one.planning / one.bare for one in found], "")
    table.add("share of it in which the database is locked", [one.writing / one.planning for one in found], "")
    table.add("bare inserts of the same rows, for the same exposures", [EXPOSURES / one.bare for one in found], "/s")
    return [table]


def _play(folder: Path, number: int) -> Round:
    planned, bare = folder / f"planned-{number}.db", folder / f"bare-{number}.db"
    for file in (planned, bare):
        migrate(file)
    measured, rows = asyncio.run(_plan(planned))
    return measured._replace(bare=asyncio.run(_insert_bare(bare, rows)))


async def _plan(file: Path) -> tuple[Round, list[list[dict[str, Any]]]]:
    """Plan all changes as the outreach process does; gives the times, and the rows of each table that was written."""
    kit = Kit(LADDER, AnswerKey(bytes(32), "https://weiran.example.org"), render, lambda: str(uuid7()))
    engine = open_database(file)
    try:
        async with transaction(engine) as connection:
            await _populate(connection)
        begun = time.perf_counter()
        async with reading(engine) as connection:
            told = await draft_due(connection, kit, AT)
        drafts = await asyncio.to_thread(write_drafts, kit, told)
        drafted = time.perf_counter()
        async with transaction(engine) as connection:
            made = await plan_due(connection, kit, AT, drafts)
        written = time.perf_counter()
        async with reading(engine) as connection:
            rows = [[dict(row) for row in (await connection.execute(select(t))).mappings()] for t in MADE]
    finally:
        await engine.dispose()
    return Round(written - begun, written - drafted, 0.0, made, sum(map(len, rows))), rows


async def _insert_bare(file: Path, rows: Sequence[Sequence[dict[str, Any]]]) -> float:
    """The same rows by the driver alone, prepared beforehand, in one transaction with the same durability."""
    engine = open_database(file)
    try:
        async with transaction(engine) as connection:
            await _populate(connection)
    finally:
        await engine.dispose()
    statements = [_statement(table, some) for table, some in zip(MADE, rows, strict=True)]
    plain = create_engine(f"sqlite:///{file}")
    bare = plain.raw_connection()
    try:
        cursor = bare.cursor()
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        begun = time.perf_counter()
        for sql, values in statements:
            cursor.executemany(sql, values)
        bare.commit()
        return time.perf_counter() - begun
    finally:
        bare.close()
        plain.dispose()


def _statement(table: SqlTable, rows: Sequence[dict[str, Any]]) -> tuple[str, list[tuple[Any, ...]]]:
    names = [column.name for column in table.c]
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    return f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", [tuple(r[n] for n in names) for r in rows]  # noqa: S608  # names of our own tables


async def _populate(connection: AsyncConnection) -> None:
    """Sites, events with one unplanned change each, warnings behind them, and people."""
    numbers = range(EXPOSURES)
    await connection.execute(insert(warning), [_warning_row(n) for n in range(WARNINGS)])
    await connection.execute(insert(alert), [_alert_row(n) for n in range(WARNINGS)])
    await connection.execute(insert(site), [_site_row(n) for n in numbers])
    await connection.execute(insert(hazard_event), [_event_row(n) for n in numbers])
    await connection.execute(insert(event_change), [_change_row(n) for n in numbers])
    engineers = range(EXPOSURES // SITES_OF_AN_ENGINEER)
    people = [_person_row(f"c-{n}", "customer") for n in numbers]
    people += [_person_row(f"r-{n}", "risk-engineer") for n in engineers]
    await connection.execute(insert(recipient), people)
    places = [{"recipient": f"c-{n}", "site": f"s-{n}"} for n in numbers]
    places += [{"recipient": f"r-{n // SITES_OF_AN_ENGINEER}", "site": f"s-{n}"} for n in numbers]
    await connection.execute(insert(recipient_site), places)


def _alert(number: int) -> Alert:
    said = {"severity": Severity.SEVERE, "sender_name": "Bench Weather Service", "onset": ONSET}
    info = Info("Rainstorm", "rainstorm", description=TEXT, headline=f"Rainstorm {number}", **said)  # type: ignore[arg-type]
    return Alert(f"bench-{number}", "bench@example.org", AT, Status.ACTUAL, MsgType.ALERT, "cap-1.2", infos=(info,))


def _alert_row(number: int) -> dict[str, object]:
    one = _alert(number)
    return {
        "id": f"a-{number}",
        "source": "bench",
        "sender": one.sender,
        "identifier": one.identifier,
        "sent": AT,
        "received_at": AT,
        "sha256": "",
        "raw": b"",
        "parsed": msgspec.json.encode(one).decode(),
        "warning": f"w-{number}",
        "chain": f"w-{number}",
    }


def _warning_row(number: int) -> dict[str, object]:
    times = {"since": AT, "changed_at": AT}
    return {
        "id": f"w-{number}",
        "hazard": "rainstorm",
        "issuer": "",
        "state": "in-force",
        "level": 3,
        "head": f"a-{number}",
        "course": "{}",
        **times,
    }


def _site_row(number: int) -> dict[str, object]:
    place = {"latitude": 31.0, "longitude": 121.0, "zone": "Asia/Shanghai", "simulated": True}
    return {
        "id": f"s-{number}",
        "code": f"site-{number}",
        "name": f"Site {number}",
        "name_zh": f"仓库{number}",
        **place,
    }


def _event_row(number: int) -> dict[str, object]:
    levels = {"holds": 3, "level": 3, "peak": 3, "gauge": "", "confirmed": False, "number": 1}
    times = {"onset": ONSET, "opened_at": AT, "changed_at": AT}
    return {
        "id": f"e-{number}",
        "site": f"s-{number}",
        "hazard": "rainstorm",
        "simulated": False,
        "warning": f"w-{number % WARNINGS}",
        "priority": float(number % 97),
        "reasons": '[["low-ground", 2.0, "low ground"]]',
        **levels,
        **times,
    }


def _change_row(number: int) -> dict[str, object]:
    told = {"change": "raised", "level": 3, "at": AT, "onset": ONSET}
    return {"event": f"e-{number}", "number": 1, "cause": f"w-{number % WARNINGS}", **told}


def _person_row(name: str, role: str) -> dict[str, object]:
    speaks = {"language": "zh-Hans", "zone": "Asia/Shanghai", "mail": f"{name}@example.org"}
    return {"id": name, "name": name, "role": role, **speaks}
