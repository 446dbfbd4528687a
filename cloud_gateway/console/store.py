"""Reads everything the live page shows, in one snapshot of the database."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.alarms.hand import Hand
from cloud_gateway.alarms.store import Alarm, last_closed, list_alarms
from cloud_gateway.alarms.store_hand import Key, find_hands
from cloud_gateway.deadletters.store import count_dead_letters
from cloud_gateway.devices.condition import is_playing
from cloud_gateway.devices.pace import Pace
from cloud_gateway.devices.store import Device, Rule, Stream, facts, list_devices, list_rules, list_streams
from cloud_gateway.events.store import kept_events, recent_readings
from cloud_gateway.sites.store import Site, list_sites
from edge_agent.web.streams import Event

#: Sites, devices and open alarms that one page carries.
MOST = 1000
Row = TypeVar("Row", Stream, Rule)


@dataclass(frozen=True)
class Snapshot:
    """The state of the whole field at one moment. Streams and rules are by device; alarms are those not cleared."""

    sites: list[Site] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    streams: dict[str, list[Stream]] = field(default_factory=dict)
    rules: dict[str, list[Rule]] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    last_closed: int | None = None
    dead_letters: int = 0
    newest_event: int = 0
    pace: float = 1.0
    hands: dict[Key, Hand] = field(default_factory=dict)


async def read_snapshot(connection: AsyncConnection) -> Snapshot:
    """Read it all."""
    devices = await list_devices(connection, "", MOST)
    names = [d.id for d in devices]
    streams = by_device(await list_streams(connection, names))
    playing = {d.id for d in devices if is_playing(facts(d, streams.get(d.id, [])))}
    alarms = await list_alarms(connection, True, None, MOST)
    return Snapshot(
        sites=await list_sites(connection, "", MOST),
        devices=devices,
        streams=streams,
        rules=by_device(await list_rules(connection, names)),
        alarms=alarms,
        last_closed=await last_closed(connection),
        dead_letters=await count_dead_letters(connection),
        newest_event=(await kept_events(connection))[1],
        pace=measure_pace(await recent_readings(connection), playing),
        hands=await find_hands(connection, alarms),
    )


def by_device(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by the device they are of."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.device].append(row)
    return found


def measure_pace(events: Iterable[Event], playing: set[str]) -> float:
    """How fast the time of devices that play a story runs, from the events of their readings."""
    pace = Pace()
    for event in events:
        body = json.loads(event.body)
        times = [int(at) for at, _ in body.get("streams", {}).values()]
        if times and body.get("device") in playing:
            pace.add(event.at, max(times))
    return pace.value
