"""Keys in the log: each is named by an entry before the first thing that it signs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.evidence.entries import Entry
from cloud_gateway.evidence.store import append
from cloud_gateway.evidence.tables import evidence_key
from cloud_gateway.tables import enrolment

_k, _e = evidence_key.c, enrolment.c
#: Devices of one look.
LOOK = 5000


class KeyName(NamedTuple):
    """A public key (raw Ed25519, base64) under its role and name. `enrolment`: SHA-256 of its certificate, hex."""

    role: str
    name: str
    public_key: str
    enrolment: str


async def append_keys(connection: AsyncConnection, names: Sequence[KeyName], now: int) -> None:
    """Append an entry for each key that the log does not name yet."""
    wanted = {(name.role, name.name, name.public_key): name for name in names}
    roles, named = {role for role, *_ in wanted}, {name for _, name, _ in wanted}
    query = select(_k.role, _k.name, _k.public_key)  # by parts: for whole keys SQLite would read the table through
    for row in await connection.execute(query.where(_k.role.in_(roles), _k.name.in_(named))):
        wanted.pop((row.role, row.name, row.public_key), None)
    if not wanted:
        return
    places = await append(connection, [_entry(name) for name in wanted.values()], now)
    rows = [
        {"role": role, "name": name, "public_key": key, "place": place}
        for (role, name, key), place in zip(wanted, places, strict=True)
    ]
    await connection.execute(insert(evidence_key), rows)


async def list_log_keys(connection: AsyncConnection) -> list[tuple[str, str]]:
    """(name, public key in base64) of each key that has signed heads, the oldest first."""
    query = select(_k.name, _k.public_key).where(_k.role == "log").order_by(_k.place)
    return [(row.name, row.public_key) for row in await connection.execute(query)]


def _entry(name: KeyName) -> Entry:
    body = {"role": name.role, "name": name.name, "key": name.public_key, "enrolment": name.enrolment}
    return Entry("key", body)


async def append_device_keys(connection: AsyncConnection, devices: Collection[str], now: int) -> None:
    """See that the log names the keys of these devices, the former ones too: the outbox may hold what they signed."""
    query = select(_e.device, _e.public_key, _e.former_key, _e.certificate)
    names: list[KeyName] = []
    every = sorted(devices)
    for some in (every[first : first + LOOK] for first in range(0, len(every), LOOK)):
        for row in await connection.execute(query.where(_e.device.in_(some))):
            if row.former_key is not None:
                names.append(KeyName("device", row.device, row.former_key, ""))
            names.append(KeyName("device", row.device, row.public_key, row.certificate))
    if names:
        await append_keys(connection, names, now)
