"""Gathers how the fleet and the stores stand, in one snapshot of the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud_gateway.console.store import measure_pace
from cloud_gateway.database import reading
from cloud_gateway.devices.condition import Facts, Moment, Standing, judge_device, scenario_clock
from cloud_gateway.devices.store import Device, Stream, facts, list_devices, list_streams
from cloud_gateway.events.store import recent_readings
from cloud_gateway.service import store
from cloud_gateway.service.figures import Field
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.storage.room import MB, measure_room
from cloud_gateway.storage.standstill import read_waiting

#: Devices of one look.
LOOK = 500


async def read_field(engine: AsyncEngine, settings: GatewaySettings, now: int) -> Field:
    """How all stands. Raises SQLAlchemyError, OSError."""
    async with reading(engine) as connection:
        devices = await _all_devices(connection)
        log = await store.read_log(connection)
        return Field(
            standings=await _count_standings(connection, devices, now),
            alarms=await store.count_open_alarms(connection),
            depth=_sum_depths(devices),
            holes=await store.count_holes(connection),
            letters=await store.count_letters(connection),
            entries=log.size,
            are_heads_signed=not log.fault,
            waiting=frozenset(one.what for one in read_waiting(settings.data_dir)),
            free_bytes=measure_room(settings.data_dir, settings.storage.reserve_mb).free_mb * MB,
            backup_at=await store.last_backup(connection),
        )


async def _all_devices(connection: AsyncConnection) -> list[Device]:
    found: list[Device] = []
    while some := await list_devices(connection, found[-1].id if found else "", LOOK):
        found += some
    return found


async def _count_standings(connection: AsyncConnection, devices: Sequence[Device], now: int) -> Counter[Standing]:
    known = await _know(connection, devices)
    pace = measure_pace(await recent_readings(connection), {d.id for d in devices if d.simulated})
    scenario = scenario_clock(known)
    moment = Moment(now, now if scenario is None else scenario, pace)
    return Counter(judge_device(one, moment).standing for one in known)


async def _know(connection: AsyncConnection, devices: Sequence[Device]) -> list[Facts]:
    streams: dict[str, list[Stream]] = {device.id: [] for device in devices}
    for first in range(0, len(devices), LOOK):
        names = [device.id for device in devices[first : first + LOOK]]
        for stream in await list_streams(connection, names):
            streams[stream.device].append(stream)
    return [facts(device, streams[device.id]) for device in devices]


def _sum_depths(devices: Sequence[Device]) -> Counter[str]:
    depths: Counter[str] = Counter()
    for device in devices:
        if device.revoked_at is None and device.health is not None:
            depths.update(device.health.depth)
    return depths
