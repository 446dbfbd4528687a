"""The gateway that a fleet speaks to: one that is there already, or a broker and a gateway of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from cloud_gateway.migrations import migrate
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.staff.accounts import add_staff, make_link
from cloud_gateway.staff.roles import Role
from deploy.demo.programs import Program
from deploy.demo.stage import CONFIG, enrol, enter_sites, make_entry, make_settings, wait_until_ready
from deploy.demo.stations import enter_stations
from deploy.demo.toml import write_toml
from deploy.provision.folder import Provision
from deploy.servers import Server, free_port, provision_of, start_influxd, start_mosquitto
from edge_agent.wire.shared_keys import read_shared_key
from firmware_sim.scenario import Scenario

#: Looks at the overview while the gateway is killed under it.
VIEWER = "fleet-viewer"
#: Where a device's cable can begin: the cables lead to this machine alone.
HERE = ("127.0.0.1", "localhost")


class NotHere(Exception):
    """The broker is on another machine."""


@dataclass
class Gateway:
    """A gateway and its provisioning folder. `programs` and `servers` are those that the fleet has started itself."""

    settings: GatewaySettings
    provision: Provision
    programs: list[Program] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """The address of its pages."""
        return self.settings.web.origin or f"http://127.0.0.1:{self.settings.web.port}"

    async def enter(self, scenario: Scenario) -> None:
        """Enter sites, placements, stations, and give every device its key. Raises SiteConflict, OSError."""
        database = self.settings.database
        await enter_sites(scenario, database)
        if scenario.station:
            await enter_stations(scenario, database, read_shared_key(self.provision.card_key))
        await enrol(scenario, self.provision, database)

    async def open(self) -> str:
        """The one-time link of a gateway that was started here, once its page answers; else the page's address."""
        if not self.programs:
            return self.origin
        if not await wait_until_ready(self.programs[-1]):
            raise NotHere(f"the page did not come up: {self.programs[-1].last_words()}")
        return await make_entry(self.settings.database, self.origin)

    @property
    def broker(self) -> Server:
        """The broker of a gateway that was started here."""
        return self.servers[0]

    async def admit_viewer(self) -> str:
        """A one-time link for somebody who looks on."""
        await add_staff(self.settings.database, VIEWER, Role.OPERATIONS)
        return f"{self.origin}/enter#{await make_link(self.settings.database, VIEWER)}"

    async def close(self) -> None:
        """End what was started here, the servers last."""
        await self.end_programs()
        for server in self.servers:
            await asyncio.to_thread(server.stop)

    async def end_programs(self) -> None:
        """End our own processes; the stores can still be read."""
        for program in self.programs:
            await asyncio.to_thread(program.stop)


def find_gateway(settings: GatewaySettings, provision: Path) -> Gateway:
    """A gateway that is there. Raises NotHere."""
    if settings.broker.host not in HERE:
        raise NotHere(f"its broker is {settings.broker.host}; run the fleet on that machine, at 127.0.0.1")
    return Gateway(settings, Provision(provision))


async def start_gateway(scenario: Scenario, folder: Path, *, store: str, port: int | None) -> Gateway:
    """Start broker, store and gateway in `folder`. Raises ServerMissing, ServerFailed."""
    broker = await asyncio.to_thread(start_mosquitto, folder / "broker")
    influx = await asyncio.to_thread(start_influxd, folder / "influx") if store == "influx" else None
    return await start_beside(scenario, folder, broker, influx, port=port)


async def start_beside(
    scenario: Scenario, folder: Path, broker: Server, influx: Server | None, *, port: int | None = None
) -> Gateway:
    """Start a gateway in `folder` beside servers that run; its own store of readings without `influx`."""
    settings = make_settings(folder, scenario, broker, influx, port or free_port())
    config = folder / CONFIG
    config.write_text(write_toml(settings))
    await asyncio.to_thread(migrate, settings.database)
    programs = [
        Program(part, ("deploy", "--log", "json", "gateway", part, "--config", str(config)), folder / f"{part}.log")
        for part in ("ingest", "web")
    ]
    for program in programs:
        program.start()
    return Gateway(settings, provision_of(broker), programs, [broker, *([influx] if influx else [])])
