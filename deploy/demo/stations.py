"""Enters a scenario's SIMULATED service stations in the gateway: counters, their terminals, invented clerks."""

from __future__ import annotations

from pathlib import Path

from cloud_gateway.database import open_database, transaction
from cloud_gateway.stations.entries import ClerkEntry, CounterEntry, StationEntry
from cloud_gateway.stations.store import put_station
from firmware_sim.forms import Device
from firmware_sim.hall import Desk, Station
from firmware_sim.scenario import Scenario


async def enter_stations(scenario: Scenario, database: Path, card_key: bytes) -> None:
    """Enter all of them, as they are when the story begins."""
    engine = open_database(database)
    try:
        async with transaction(engine) as connection:
            for station in scenario.station:
                await put_station(connection, entry_of(station, scenario.device), scenario.start_ms, card_key)
    finally:
        await engine.dispose()


def entry_of(station: Station, devices: tuple[Device, ...]) -> StationEntry:
    """The station as people would enter it."""
    desks = [(device.id, device.rating) for device in devices if device.rating is not None]
    return StationEntry(
        code=station.code,
        name=station.name,
        name_zh=station.name_zh,
        zone=station.zone,
        opens=station.opens,
        closes=station.closes,
        counter=[_counter(device, desk) for device, desk in desks if desk.station == station.code],
        clerk=[ClerkEntry(number=clerk.number, name=clerk.name, card=clerk.card) for clerk in station.clerk],
    )


def _counter(device: str, desk: Desk) -> CounterEntry:
    name, name_zh = f"Counter {desk.counter} (SIMULATED)", f"{desk.counter} 号柜台（模拟）"
    return CounterEntry(number=desk.counter, name=name, name_zh=name_zh, device=device)
