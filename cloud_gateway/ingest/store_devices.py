"""Writes what is known of devices: births, presence, when they were heard, and each stream's newest value."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Insert, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway import tables as t
from cloud_gateway.ingest.store_alarms import settle_alarms
from cloud_gateway.ingest.validation import EARLIEST_AT, LATEST_AT
from edge_agent.wire.messages import Birth, Presence, PresenceState
from edge_agent.wire.senml import Value

logger = logging.getLogger(__name__)

#: What live pages are told, in the transaction of the change: (topic, body).
Events = list[tuple[str, object]]


class Latest(NamedTuple):
    """The newest value of a stream."""

    at: int
    value: Value
    unit: str


def upsert_device(device: str, values: dict[str, object]) -> Insert:
    """Set columns of a device, which is made when it was unknown."""
    statement = upsert(t.device).values(id=device, simulated=False, **values)
    return statement.on_conflict_do_update(index_elements=["id"], set_=values)


async def store_births(c: AsyncConnection, births: dict[str, Birth], now: int, events: Events) -> None:
    """What devices declare of themselves; streams keep their newest value, rules are replaced."""
    for device, birth in births.items():
        at = birth.at if EARLIEST_AT <= birth.at < LATEST_AT else None  # its clock is not set
        restarted = await _has_restarted(c, device, birth.boot)
        values: dict[str, object] = {
            "role": birth.role.value,
            "software": birth.software,
            "serial": birth.serial,
            "boot": birth.boot,
            "epoch": birth.epoch,
            "heartbeat_s": birth.heartbeat_s,
            "simulated": birth.simulated,
            "birth_at": at,
        }
        statement = upsert(t.device).values(id=device, **values)
        await c.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
        await _store_streams(c, device, birth)
        await _store_rules(c, device, birth)
        await settle_alarms(c, device, birth, now if at is None else at, now)
        events.append(("device", {"device": device, "restarted": restarted}))


async def _has_restarted(c: AsyncConnection, device: str, boot: str) -> bool:
    """Another boot than the last: the device has been without power, or its agent died."""
    known = (await c.execute(select(t.device.c.boot).where(t.device.c.id == device))).scalar()
    restarted = known is not None and known != boot
    if restarted:
        logger.warning("a device has restarted", extra={"device": device})
    return restarted


async def _store_rules(c: AsyncConnection, device: str, birth: Birth) -> None:
    await c.execute(delete(t.rule).where(t.rule.c.device == device))
    rows = [
        {"device": device, "name": r.name, "stream": r.stream, "type": r.type, "limit": r.limit}
        | {"unit": r.unit, "severity": r.severity, "label": r.label, "label_zh": r.label_zh}
        for r in {r.name: r for r in birth.rules}.values()
    ]
    if rows:
        await c.execute(insert(t.rule), rows)


async def _store_streams(c: AsyncConnection, device: str, birth: Birth) -> None:
    for info in birth.streams:
        values = {"unit": info.unit, "interval_s": info.interval_s, "label": info.label, "label_zh": info.label_zh}
        values["predicts"] = info.predicts or None
        statement = upsert(t.stream).values(device=device, name=info.name, **values)
        await c.execute(statement.on_conflict_do_update(index_elements=["device", "name"], set_=values))


async def store_presences(
    c: AsyncConnection, presences: Sequence[tuple[str, Presence, bool]], now: int, events: Events
) -> None:
    """Presence, unless a newer connection of the same epoch has been heard of (a late will)."""
    for device, message, retained in presences:
        d = t.device.c
        query = select(d.presence, d.presence_epoch, d.presence_conn).where(d.id == device)
        known = (await c.execute(query)).first()
        old = known is not None and known.presence_epoch == message.epoch and (known.presence_conn or 0) > message.conn
        same = known is not None and tuple(known) == (message.state.value, message.epoch, message.conn)
        if old or same:
            continue
        values: dict[str, object] = {
            "presence": message.state.value,
            "presence_epoch": message.epoch,
            "presence_conn": message.conn,
            "presence_at": _since(message, retained, now),
        }
        await c.execute(upsert_device(device, values))
        events.append(("presence", {"device": device, "state": message.state.value}))


def _since(message: Presence, retained: bool, now: int) -> int:
    """A retained message may be old: it says itself when it was said, if that can be true."""
    said_itself = retained and message.state is not PresenceState.LOST
    return message.at if said_itself and EARLIEST_AT <= message.at <= now else now


async def store_heard(c: AsyncConnection, devices: Collection[str], now: int) -> None:
    """When each device was last heard."""
    if devices:
        statement = upsert(t.device)
        heard = {"heard_at": statement.excluded.heard_at}
        rows = [{"id": device, "simulated": False, "heard_at": now} for device in devices]
        await c.execute(statement.on_conflict_do_update(index_elements=["id"], set_=heard), rows)


async def store_latest(c: AsyncConnection, latest: dict[tuple[str, str], Latest], now: int, events: Events) -> None:
    """The newest value of each stream, and one `reading` event per device."""
    if not latest:
        return
    rows = [
        {"device": device, "name": name, "unit": new.unit, "label": "", "label_zh": ""}
        | {"value": json.dumps(new.value), "at": new.at, "received_at": now}
        for (device, name), new in latest.items()
    ]
    statement = upsert(t.stream)
    e = statement.excluded
    newer = t.stream.c.at.is_(None) | (e.at >= t.stream.c.at)
    values = {"value": e.value, "at": e.at, "received_at": e.received_at}
    await c.execute(statement.on_conflict_do_update(index_elements=["device", "name"], set_=values, where=newer), rows)
    by_device: dict[str, dict[str, list[object]]] = {}
    for (device, name), new in latest.items():
        by_device.setdefault(device, {})[name] = [new.at, new.value]
    events += [("reading", {"device": device, "streams": streams}) for device, streams in by_device.items()]
