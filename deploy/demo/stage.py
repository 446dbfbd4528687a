"""Sets the stage of the demo: broker, stores, gateway and fleets on this machine, in a folder of their own."""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cloud_gateway.database import open_database, transaction
from cloud_gateway.enrolment.certificates import read_certificate
from cloud_gateway.enrolment.register import enrol_devices
from cloud_gateway.exposures.store_sites import put_risk
from cloud_gateway.migrations import migrate
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.sites.store import NewSite, add_site, place_device
from cloud_gateway.staff.accounts import NameTaken, add_staff, make_link
from cloud_gateway.staff.roles import Role
from deploy.demo.answering import Answering
from deploy.demo.cable import Cable
from deploy.demo.fleet_process import Orders
from deploy.demo.folder import BOARDS
from deploy.demo.leash import StoryTime
from deploy.demo.outreach import enter_people, risk_of, with_outreach
from deploy.demo.postbox import Postbox
from deploy.demo.programs import Program, can_mount, mounting
from deploy.demo.stations import enter_stations
from deploy.demo.toml import write_toml
from deploy.demo.witness import Ear, Witness
from deploy.provision.folder import EVIDENCE_KEY, INGEST, Provision
from deploy.servers import Server, free_port, provision_of, service_files, start_influxd, start_mosquitto
from edge_agent.hardware.clock import SystemClock
from edge_agent.wire.shared_keys import read_shared_key
from edge_agent.wire.tls import CERTIFICATE
from firmware_sim.feed_server import FeedServer
from firmware_sim.forms import Device
from firmware_sim.scenario import Scenario

STAFF_NAME = "demo"
#: The gateway's settings, in the demo's folder.
CONFIG = "gateway.toml"
#: Below it, each device has a folder with its outbox; below the other, what was on a small disk at its end.
DEVICES_FOLDER, AFTER_FOLDER = "devices", "devices-after"
#: Of a disk that is filled: room for the ballasts and outboxes of a site.
SMALL_DISK_MB = 32
READY_LIMIT_S = 90.0
#: What terminals have said is counted this often.
COUNTED_EVERY_S = 0.5


@dataclass
class Fleet:
    """Devices of one site, or a counter: one process, its cable to the broker, and the ear that hears its promises."""

    site: str
    devices: list[str]
    cable: Cable
    ear: Ear
    program: Program
    orders: Orders
    orders_file: Path
    small_disk_mb: int | None = None
    listening: asyncio.Task[None] | None = None

    @property
    def homes(self) -> dict[str, Path]:
        """Each device's folder, by its id; for one on a small disk that is when its process has ended."""
        folder = Path(self.orders.after or self.orders.state_dir)
        return {device: folder / device for device in self.devices}

    def start(self, start_ms: int) -> None:
        """Start the process at a scenario time, with a new pipe."""
        self.ear.open()
        self.orders = msgspec.structs.replace(self.orders, start_ms=start_ms, pipe=self.ear.writable)
        self.orders_file.write_bytes(msgspec.json.encode(self.orders))
        self.program.inherited = (self.ear.writable,)
        self.program.start()
        self.listening = asyncio.create_task(self.ear.listen())
        self.ear.close_writable()

    async def end(self, *, kill: bool = False) -> None:
        """End the process and hear it out; `kill` it without a warning."""
        await asyncio.to_thread(self.program.kill if kill else self.program.stop)
        await self.cable.close()
        if self.listening is not None:
            await self.listening


@dataclass
class Stage:
    """Everything that runs for one demo. `watch` is started later, and only where somebody looks."""

    folder: Path
    scenario: Scenario
    settings: GatewaySettings
    broker: Server
    database_server: Server | None
    ingest: Program
    web: Program
    outreach: Program
    watch: Program
    witness: Witness
    story_time: StoryTime
    feed: FeedServer
    postbox: Postbox
    answering: Answering
    fleets: list[Fleet] = field(default_factory=list)
    clones: list[Fleet] = field(default_factory=list)
    #: counters in real time, for hands; no part of the story
    counters: list[Fleet] = field(default_factory=list)

    @property
    def all_fleets(self) -> list[Fleet]:
        """Every process of devices but clones."""
        return [*self.fleets, *self.counters]

    @property
    def has_script(self) -> bool:
        """Whether the story itself plays counters."""
        return bool(self.scenario.station) and not self.counters

    @property
    def origin(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.settings.web.port}"

    @property
    def gateway(self) -> list[Program]:
        """The gateway's programs that were started, in the order in which they end."""
        return [p for p in (self.ingest, self.watch, self.outreach, self.web) if p.started]

    async def end_fleets(self) -> None:
        """End the devices; what they have sent is still taken."""
        for fleet in [*self.all_fleets, *self.clones]:
            await fleet.end()

    async def end_programs(self) -> None:
        """End Weiran's own processes, in order; the stores can still be read."""
        await self.end_fleets()
        for program in self.gateway:
            await asyncio.to_thread(program.stop)

    async def close(self) -> None:
        """End what still runs, the servers last."""
        await self.end_programs()
        await self.answering.close()
        await self.postbox.close()
        self.feed.stop()
        self.witness.close()
        for server in (self.broker, self.database_server):
            if server is not None:
                await asyncio.to_thread(server.stop)


async def set_stage(scenario: Scenario, folder: Path, *, store: str, port: int | None) -> Stage:
    """Start broker, store and gateway, and enter the scenario's sites. Raises ServerMissing, ServerFailed."""
    broker = await asyncio.to_thread(start_mosquitto, folder / "broker")
    database_server = await asyncio.to_thread(start_influxd, folder / "influx") if store == "influx" else None
    story_time = StoryTime(folder, scenario.start_ms)
    feed, answering = FeedServer(scenario, lambda: story_time.now), Answering()
    postbox = Postbox(answering.notice)
    feed.start()
    await postbox.open()
    settings = make_settings(folder, scenario, broker, database_server, port or free_port())
    settings = with_outreach(settings, scenario, feed.url, postbox.port, story_time.clock_file)
    config = folder / CONFIG
    config.write_text(write_toml(settings))
    await asyncio.to_thread(migrate, settings.database)
    await enter_sites(scenario, settings.database)
    await enter_people(scenario, settings.database)
    await enter_stations(scenario, settings.database, read_shared_key(provision_of(broker).card_key))
    await enrol(scenario, provision_of(broker), settings.database)
    if scenario.outline:
        shutil.copyfile(scenario.file(scenario.outline), settings.data_dir / "outline.geojson")
    ours = ("deploy", "--log", "json")
    stage = Stage(
        folder,
        scenario,
        settings,
        broker,
        database_server,
        Program("ingest", (*ours, "gateway", "ingest", "--config", str(config)), folder / "ingest.log"),
        Program("web", (*ours, "gateway", "web", "--config", str(config)), folder / "web.log"),
        Program("outreach", (*ours, "outreach", "run", "--config", str(config)), folder / "outreach.log"),
        Program("watch", (*ours, "outreach", "watch", "--config", str(config)), folder / "watch.log"),
        Witness(folder / "witness.jsonl"),
        story_time,
        feed,
        postbox,
        answering,
    )
    for program in (stage.ingest, stage.web, stage.outreach):
        program.start()
    return stage


async def make_fleets(stage: Stage, *, scenario: str, speed: float | None, linger: bool, faults: str | None) -> None:
    """One fleet process for each site and each counter, behind its own cable; not yet started."""
    filled = _filled_sites(stage.scenario, faults) if can_mount() else set()
    in_hand = {device for fleet in stage.counters for device in fleet.devices}
    crews: dict[tuple[str, str], list[str]] = defaultdict(list)
    for device in stage.scenario.device:
        if device.id not in in_hand:
            crews[device.site, _name_fleet(device)].append(device.id)
    for (site, name), devices in crews.items():
        cable = Cable(stage.broker.port)
        await cable.open()
        file = stage.folder / f"fleet-{name}.json"
        state_dir = stage.folder / DEVICES_FOLDER / site
        orders = Orders(
            scenario=scenario,
            devices=devices,
            state_dir=str(state_dir),
            identities=str(provision_of(stage.broker).devices),
            broker_port=cable.port,
            speed=speed,
            start_ms=stage.scenario.start_ms,
            linger=linger,
            faults=faults,
            pipe=-1,
            after=str(stage.folder / AFTER_FOLDER / site) if site in filled else None,
            leash=str(stage.story_time.leash_file),
            origin=stage.origin,
            hands=str(stage.folder / BOARDS) if linger else None,
        )
        program = Program(f"fleet {name}", ("deploy.demo.fleet_process", str(file)), stage.folder / f"fleet-{name}.log")
        fleet = Fleet(site, devices, cable, Ear(stage.witness), program, orders, file)
        if site in filled:
            state_dir.mkdir(parents=True)
            fleet.small_disk_mb, program.wrapper = SMALL_DISK_MB, mounting(state_dir, SMALL_DISK_MB)
        stage.fleets.append(fleet)


def _name_fleet(device: Device) -> str:
    """Devices of one site share a process; a counter's terminal has its own."""
    return device.site if device.rating is None else f"{device.site}-{device.id}"


def _filled_sites(scenario: Scenario, faults: str | None) -> set[str]:
    """The sites whose devices need a disk of their own, because it will be filled."""
    targets = {f.target for f in (scenario.faults[faults] if faults else ()) if f.kind == "disk-full"}
    return {d.site for d in scenario.device if targets & {"all", d.site, d.id}}


async def one_time_link(stage: Stage) -> str:
    """A link that signs in once, as an administrator of this demo."""
    return await make_entry(stage.settings.database, stage.origin)


async def make_entry(database: Path, origin: str) -> str:
    """The same for any gateway on this machine."""
    with suppress(NameTaken):
        await add_staff(database, STAFF_NAME, Role.ADMINISTRATOR, None)
    token = await make_link(database, STAFF_NAME)
    return f"{origin}/enter#{token}"


async def wait_for_page(stage: Stage) -> bool:
    """Wait until our own web process says that it is ready; False when it does not in time or has ended."""
    return await wait_until_ready(stage.web)


async def wait_until_ready(program: Program) -> bool:
    """The same for any of our programs."""
    deadline = asyncio.get_running_loop().time() + READY_LIMIT_S
    while asyncio.get_running_loop().time() < deadline and program.running:
        if any(line.get("ready") is True for line in program.log_lines()):
            return True
        await asyncio.sleep(0.1)
    return False


async def enrol(scenario: Scenario, provision: Provision, database: Path) -> None:
    """Give every device its key and certificate, and let it speak."""
    now = SystemClock().now()
    certificates = []
    for device in scenario.device:
        folder = await asyncio.to_thread(provision.device, device.id, device.role)
        certificates.append((read_certificate((folder / CERTIFICATE).read_bytes(), now), device.role.value))
    await enrol_devices(database, certificates)


async def enter_sites(scenario: Scenario, database: Path) -> None:
    """Enter the sites, and that the devices stand on them from the begin on. Raises SiteConflict."""
    engine = open_database(database)
    try:
        async with transaction(engine) as c:
            for s in scenario.site:
                new = NewSite(s.code, s.name, s.name_zh, s.latitude, s.longitude, s.zone, simulated=True)
                entered = await add_site(c, new)
                await put_risk(c, entered.id, risk_of(s), SystemClock().now())
            for device in scenario.device:
                await place_device(c, device.id, device.site, scenario.start_ms)
    finally:
        await engine.dispose()


def make_settings(
    folder: Path, scenario: Scenario, broker: Server, influx: Server | None, web_port: int
) -> GatewaySettings:
    """A gateway's settings in the demo's folder: its broker, store and web port."""
    series = {"store": "influx1", "url": influx.url} if influx else {"store": "sqlite"}
    data_dir = folder / "gateway"
    data_dir.mkdir(parents=True, exist_ok=True)
    return GatewaySettings.model_validate(
        {
            "data_dir": data_dir,
            "broker": {"port": broker.port, **service_files(broker, INGEST)},
            "series": series,
            "web": {"port": web_port, "notice": scenario.name},
            "evidence": {"key_file": provision_of(broker).folder / "evidence" / EVIDENCE_KEY, "head_s": 1},
            "ratings": {"tick_s": COUNTED_EVERY_S, "card_key_file": provision_of(broker).card_key},
        }
    )
