"""A gateway with a generated year in its store, to which hundreds of SIMULATED devices with the real agent publish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from cloud_gateway.readings.opening import SQLITE_FILE
from cloud_gateway.readings.sqlite_rollups import ROLLUPS_FILE
from cloud_gateway.settings import Series
from cloud_gateway.staff.guard import COOKIE
from deploy.bench.year import Name, Year
from deploy.bench.year_fill import Effort, keep_year, read_filled, say
from deploy.demo.stage import Fleet
from deploy.demo.witness import Witness
from deploy.fleet.gateway import Gateway, start_beside
from deploy.fleet.run import SCENARIO, FleetFailed, FleetOptions, make_fleets
from deploy.servers import Server, ServerFailed, start_influxd, start_mosquitto
from edge_agent.hardware.clock import SystemClock
from firmware_sim.crowd import Crowd, write_crowd
from firmware_sim.scenario import Scenario, load_scenario

SEED = 1
#: A device publishes a value of each stream so often, s; they start over so long.
EVERY_S, SPREAD_S = 10.0, 20.0
#: Until all devices are linked, s.
LINK_LIMIT_S = 600.0
#: The stream with a value each second is the first of this name.
DENSE = "sea_level"
#: In the kept folder: InfluxDB's own.
INFLUX = "influx"


@dataclass(frozen=True)
class Field:
    """What is measured: the gateway, its data, and a session of an administrator of it."""

    gateway: Gateway
    scenario: Scenario
    year: Year
    effort: Effort
    influx: str
    session: str
    linked: int

    @property
    def origin(self) -> str:
        """The address of the pages."""
        return self.gateway.origin


def plan_year(scenario: Scenario, days: int, now_ms: int) -> Year:
    """The year of a fleet: all its streams of numbers, the first sea level each second."""
    numbers = ("analog", "pulse")
    names = [Name(d.id, s.stream, s.unit) for d in scenario.device for s in d.sensor if s.kind in numbers]
    dense = next(name for name in names if name.stream == DENSE)
    return Year(dense, [name for name in names if name != dense], days, now_ms // 1000)


@asynccontextmanager
async def running_field(store: str, folder: Path, kept: Path, *, devices: int, days: int) -> AsyncIterator[Field]:
    """Fill `kept` where it is not yet, start all in `folder`, and wait until every device is linked."""
    crowd = Crowd(devices, SEED, SystemClock().now() // 1000 * 1000, EVERY_S)
    scenario = load_scenario(write_crowd(folder / SCENARIO, crowd))
    year = plan_year(scenario, days, crowd.start_ms)
    async with AsyncExitStack() as stack:
        influx = await _start_influx(stack, kept) if store == "influx" else None
        series = Series(store="influx1", url=influx.url) if influx else Series()
        effort = await keep_year(series, kept, year, influx.port if influx else 0)
        _lend(kept, folder / "gateway")
        broker = stack.enter_context(await asyncio.to_thread(start_mosquitto, folder / "broker"))
        gateway = await start_beside(scenario, folder, broker, influx)
        stack.push_async_callback(gateway.close)
        await gateway.enter(scenario)
        session = await _sign_in(await gateway.open(), gateway.origin)
        fleets = await _start_fleets(stack, scenario, folder, gateway, crowd)
        yield Field(gateway, scenario, year, effort, influx.url if influx else "", session, _linked(fleets))


async def _start_influx(stack: AsyncExitStack, kept: Path) -> Server:
    """At the port at which the kept roll-ups were made, when it is free: they name it."""
    filled = read_filled(kept)
    try:
        server = await asyncio.to_thread(start_influxd, kept / INFLUX, port=filled.port if filled else None)
    except ServerFailed:
        server = await asyncio.to_thread(start_influxd, kept / INFLUX)
    return stack.enter_context(server)


def _lend(kept: Path, data_dir: Path) -> None:
    """Let the gateway work on the kept files themselves."""
    data_dir.mkdir(parents=True)
    for name in (SQLITE_FILE, ROLLUPS_FILE):
        if (kept / name).exists():
            (data_dir / name).symlink_to(kept / name)


async def _sign_in(link: str, origin: str) -> str:
    """Use the one-time link; the token of the session."""
    token = link.partition("#")[2]
    async with httpx.AsyncClient(base_url=origin, trust_env=False, timeout=LINK_LIMIT_S) as client:
        answer = await client.post("/enter", data={"token": token}, headers={"Origin": origin})
        return answer.cookies[COOKIE]


async def _start_fleets(
    stack: AsyncExitStack, scenario: Scenario, folder: Path, gateway: Gateway, crowd: Crowd
) -> list[Fleet]:
    witness = Witness(folder / "witness.jsonl")
    stack.callback(witness.close)
    options = FleetOptions(crowd.devices, every_s=crowd.every_s, spread_s=SPREAD_S)
    fleets = make_fleets(options, scenario, folder, gateway, witness)
    for fleet in fleets:
        stack.push_async_callback(fleet.end)
        fleet.start(crowd.start_ms)
    async with asyncio.timeout(LINK_LIMIT_S):
        while _linked(fleets) < crowd.devices:
            await asyncio.sleep(0.2)
            if ended := [f.program for f in fleets if not f.program.running]:
                raise FleetFailed(f"{ended[0].name} ended: {ended[0].last_words()}")
    say(f"{crowd.devices} SIMULATED devices are linked and publish")
    return fleets


def _linked(fleets: list[Fleet]) -> int:
    return sum(fleet.ear.linked for fleet in fleets)
