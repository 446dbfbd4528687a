"""Reads and writes the table of twins; every change leaves its event in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.tables import event, twin
from edge_agent.proof.canonical import canonical_hash
from edge_agent.wire.messages import Desired, Reported
from edge_agent.wire.sections import MAX_KEYS, Sections, check_section


@dataclass(frozen=True)
class Twin:
    """What is desired of a device (version 0: nothing) and what it reported. `*_at` are gateway time, ms UTC."""

    device: str
    version: int = 0
    hash: str = ""
    sections: Sections | None = None
    desired_at: int | None = None
    desired_by: str = ""
    reported: Reported | None = None
    reported_at: int | None = None


class Change(NamedTuple):
    """One section as it shall be, whole; `expected` is the version it was decided on."""

    section: str
    keys: Mapping[str, object]
    expected: int


class StaleVersion(Exception):
    """Somebody else has changed the twin meanwhile; `version` is the one of now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the twin is at version {version}")
        self.version = version


class WrongSection(ValueError):
    """A section cannot be so; `field` is "section.key", the text says why and what to do."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


async def has_device(connection: AsyncConnection, name: str) -> bool:
    """Whether there is such a device: one that was heard, or enrolled and not heard yet."""
    heard = select(t.device.c.id).where(t.device.c.id == name)
    enrolled = select(t.enrolment.c.device).where(t.enrolment.c.device == name)
    return (await connection.execute(heard.union_all(enrolled))).first() is not None


async def find_twin(connection: AsyncConnection, device: str) -> Twin:
    """The twin of a device; an empty one when nothing was ever said of it."""
    row = (await connection.execute(select(twin).where(twin.c.device == device))).mappings().first()
    if row is None:
        return Twin(device, sections={})
    reported = None if row["reported"] is None else msgspec.json.decode(row["reported"], type=Reported)
    return Twin(**dict(row) | {"sections": json.loads(row["sections"]), "reported": reported})


async def change_section(connection: AsyncConnection, device: str, change: Change, who: str, now: int) -> Twin:
    """Put a section in place of the one there; an empty one leaves it to the device's own file.

    The same again from an older version changes nothing. Raises WrongSection, StaleVersion.
    """
    known = await find_twin(connection, device)
    sections = {name: keys for name, keys in (known.sections or {}).items() if name != change.section}
    sections |= {change.section: keys} if (keys := _check(change)) else {}
    _check_size(sections, change.section)
    if change.expected != known.version:
        if sections == known.sections:
            return known
        raise StaleVersion(known.version)
    # above what the device has heard of too: a gateway restored from its backup may be behind
    version = max(known.version, known.reported.version if known.reported else 0) + 1
    values = {
        "version": version,
        "hash": canonical_hash(sections),
        "sections": json.dumps(sections),
        "desired_at": now,
        "desired_by": who,
    }
    statement = upsert(twin).values(device=device, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["device"], set_=values))
    body = json.dumps({"device": device, "version": version, "state": "desired"})
    await connection.execute(insert(event).values(at=now, topic="twin", body=body))
    return await find_twin(connection, device)


def _check(change: Change) -> dict[str, float]:
    for field, reason in check_section(change.section, change.keys).items():
        raise WrongSection(field, reason)
    return {key: value for key, value in change.keys.items() if isinstance(value, int | float)}


def _check_size(sections: Sections, section: str) -> None:
    if sum(map(len, sections.values())) > MAX_KEYS:
        raise WrongSection(section, f"the sections would have more than {MAX_KEYS} keys; change less from afar")


async def store_reports(
    connection: AsyncConnection, reports: Mapping[str, Reported], now: int, events: list[tuple[str, object]]
) -> None:
    """What devices report, in the transaction of a batch; a report that is known already changes nothing."""
    for device, said in reports.items():
        text = msgspec.json.encode(said).decode()
        query = select(twin.c.reported).where(twin.c.device == device)
        if (await connection.execute(query)).scalar() == text:
            continue
        values = {"reported": text, "reported_at": now}
        statement = upsert(twin).values(device=device, **values)
        await connection.execute(statement.on_conflict_do_update(index_elements=["device"], set_=values))
        events.append(("twin", {"device": device, "version": said.version, "state": said.state.value}))


async def sum_versions(connection: AsyncConnection) -> int:
    """A number that grows with every change of any twin."""
    return int((await connection.execute(select(func.coalesce(func.sum(twin.c.version), 0)))).scalar_one())


async def list_versions(connection: AsyncConnection) -> dict[str, int]:
    """The version of what is desired, by device; devices of which nothing is desired are left out."""
    rows = await connection.execute(select(twin.c.device, twin.c.version).where(twin.c.version > 0))
    return {row.device: row.version for row in rows}


async def read_desired(connection: AsyncConnection, device: str) -> Desired:
    """What is desired of a device, as it is published."""
    known = await find_twin(connection, device)
    sections = {
        name: {key: msgspec.Raw(msgspec.json.encode(value)) for key, value in keys.items()}
        for name, keys in (known.sections or {}).items()
    }
    return Desired(known.version, known.hash, sections, known.desired_at or 0)
