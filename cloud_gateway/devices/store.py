"""Reads devices, their streams, rules and gaps from the gateway's database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import RowMapping, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.devices.condition import Facts, Pulse
from cloud_gateway.tables import device, enrolment, gap, placement, rule, site, stream
from edge_agent.web.paging import Time
from edge_agent.wire.senml import Value


@dataclass(frozen=True)
class Stream:
    """One stream as its device declared it, with its newest value; `at` is device time."""

    device: str
    name: str
    unit: str
    interval_s: float | None
    label: str
    label_zh: str
    predicts: str | None
    value: Value | None
    at: Time | None
    received_at: Time | None


@dataclass(frozen=True)
class Rule:
    """One alarm rule as its device declared it; `limit` in `unit`."""

    device: str
    name: str
    stream: str
    type: str
    limit: float
    unit: str
    severity: str
    label: str
    label_zh: str


@dataclass(frozen=True)
class Health:
    """How a device is, by its newest heartbeat; what its machine cannot tell is null.

    `hours_left` until a lane's quota is full, `depth` of the outbox, `dropped_unsafe` facts that went before a backup
    of the gateway had them: by lane.
    """

    uptime_s: float
    depth: dict[str, int]
    degraded: list[str] = field(default_factory=list)
    hours_left: dict[str, float] = field(default_factory=dict)
    disk_free_mb: float | None = None
    temperature_c: float | None = None
    undervoltage: bool | None = None
    clock: str | None = None
    memory_mb: float | None = None
    dropped_unsafe: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Device:
    """One device. `heard_at`, `presence_at` are gateway time; `heartbeat_at`, `oldest_at`, `birth_at` its own.

    `clone_at`, gateway time: two devices spoke with its identity; `revoked_at`, likewise: it was taken out of service.
    `clock_off_ms`: its clock less the gateway's.
    """

    id: str
    role: str | None
    software: str | None
    serial: str | None
    simulated: bool
    site: str | None
    heartbeat_s: float | None
    birth_at: Time | None
    presence: str | None
    presence_at: Time | None
    heard_at: Time | None
    heartbeat_at: Time | None
    depth: int | None
    oldest_at: Time | None
    health: Health | None = None
    clone_at: Time | None = None
    revoked_at: Time | None = None
    clock_off_ms: int | None = None


@dataclass(frozen=True)
class Gap:
    """What a device dropped on purpose, as it said itself."""

    device: str
    epoch: str
    lane: str
    seq: int
    reason: str
    count: int
    first: int
    last: int
    since: Time
    until: Time


_now_at = and_(placement.c.device == device.c.id, placement.c.until.is_(None))
_devices = select(device, site.c.code.label("site"), enrolment.c.revoked_at).select_from(
    device.outerjoin(placement, _now_at)
    .outerjoin(site, site.c.id == placement.c.site)
    .outerjoin(enrolment, enrolment.c.device == device.c.id)
)


async def list_devices(connection: AsyncConnection, after: str, limit: int) -> list[Device]:
    """Devices by id, above `after`."""
    query = _devices.where(device.c.id > after).order_by(device.c.id).limit(limit)
    return [_device(row) for row in (await connection.execute(query)).mappings()]


async def devices_on(connection: AsyncConnection, code: str, limit: int) -> list[Device]:
    """The devices that stand at a site now, by id."""
    query = _devices.where(site.c.code == code).order_by(device.c.id).limit(limit)
    return [_device(row) for row in (await connection.execute(query)).mappings()]


async def find_device(connection: AsyncConnection, name: str) -> Device | None:
    """The device of that id, if it was ever heard of."""
    row = (await connection.execute(_devices.where(device.c.id == name))).mappings().first()
    return None if row is None else _device(row)


def _device(row: RowMapping) -> Device:
    values = {name: row[name] for name in Device.__dataclass_fields__}
    health = None if row["health"] is None else msgspec.json.decode(row["health"], type=Health)
    return Device(**values | {"health": health})


async def list_streams(connection: AsyncConnection, devices: Sequence[str]) -> list[Stream]:
    """All streams of the devices, by device and name."""
    query = select(stream).where(stream.c.device.in_(devices)).order_by(stream.c.device, stream.c.name)
    return [_stream(row) for row in (await connection.execute(query)).mappings()]


def _stream(row: RowMapping) -> Stream:
    value = None if row["value"] is None else json.loads(row["value"])
    return Stream(**{**row, "value": value})


async def list_rules(connection: AsyncConnection, devices: Sequence[str]) -> list[Rule]:
    """All alarm rules of the devices, by device and name."""
    query = select(rule).where(rule.c.device.in_(devices)).order_by(rule.c.device, rule.c.name)
    return [Rule(**row) for row in (await connection.execute(query)).mappings()]


async def list_gaps(connection: AsyncConnection, after: Sequence[str | int] | None, limit: int) -> list[Gap]:
    """Gaps by (device, epoch, lane, seq), above `after`."""
    key = (gap.c.device, gap.c.epoch, gap.c.lane, gap.c.seq)
    query = select(gap).order_by(*key).limit(limit)
    if after is not None:
        query = query.where(tuple_(*key) > tuple(after))
    return [Gap(**row) for row in (await connection.execute(query)).mappings()]


def facts(known: Device, streams: Sequence[Stream]) -> Facts:
    """What the decisions about a device need."""
    pulses = tuple(Pulse(s.name, s.at, s.interval_s, s.predicts is not None) for s in streams)
    return Facts(
        presence=known.presence,
        presence_at=known.presence_at,
        heard_at=known.heard_at,
        heartbeat_s=known.heartbeat_s,
        birth_at=known.birth_at,
        heartbeat_at=known.heartbeat_at,
        depth=known.depth,
        oldest_at=known.oldest_at,
        clone_at=known.clone_at,
        revoked_at=known.revoked_at,
        clock_off_ms=known.clock_off_ms,
        simulated=known.simulated,
        streams=pulses,
    )
