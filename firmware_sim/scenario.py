"""A scenario: one story of sites, devices, what their sensors sense, and faults. Load it, check it, use it."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from edge_agent.configuration import Problem
from edge_agent.settings import AgentSettings, Broker, IdentitySettings, TableSensor
from firmware_sim import folder
from firmware_sim.checks import check_story
from firmware_sim.desk import make_event_key
from firmware_sim.forms import Device, Site, Story
from firmware_sim.hall import Desk, Station
from firmware_sim.problems import ScenarioError, describe
from kiosk.settings import KioskSettings, RatingSettings

__all__ = [
    "Problem",
    "Scenario",
    "ScenarioError",
    "agent_settings",
    "built_in_scenarios",
    "check_scenario",
    "load_scenario",
]

#: Real time runs short in a fast story: a device that falls silent shows within half a minute.
HEARTBEAT_S = 10.0
#: In a device's folder: what its SIMULATED counter system signs events with.
EVENT_KEY_FILE = "counter.key"
#: In a provisioned terminal's folder: what clerks' cards are known by.
CARD_KEY_FILE = "cards.key"


class Scenario(Story):
    """A checked scenario and the folders that hold its files."""

    folders: tuple[Path, ...] = Field(exclude=True)

    def file(self, name: str) -> Path:
        """The path of one of its files, which the check has found to exist."""
        path = folder.find_file(self.folders, name)
        if path is None:
            raise FileNotFoundError(f"scenario {self.name!r} has lost its file {name!r}")
        return path

    def device_of(self, device: str) -> Device:
        """The device with this id. Raises KeyError."""
        for form in self.device:
            if form.id == device:
                return form
        raise KeyError(f"scenario {self.name!r} has no device {device!r}")

    def site_of(self, device: str) -> Site:
        """The site of the device with this id. Raises KeyError."""
        code = self.device_of(device).site
        return next(site for site in self.site if site.code == code)

    def station_of(self, desk: Desk) -> Station:
        """The station of a counter."""
        return next(station for station in self.station if station.code == desk.station)


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Load a built-in scenario by name, or one from a folder or TOML file. Raises ScenarioError."""
    path = folder.find_scenario(name_or_path)
    decoded = folder.decode(path)
    try:
        story = Story.model_validate(decoded.tables)
    except ValidationError as exc:
        raise ScenarioError(describe(exc, decoded.tables, path.name)) from exc
    problems = check_story(story, decoded.folders, path.name)
    if problems:
        raise ScenarioError(problems)
    fields = {key: getattr(story, key) for key in Story.model_fields}
    return Scenario.model_construct(**fields, folders=decoded.folders)


def built_in_scenarios() -> list[Scenario]:
    """The scenarios that come with the simulator, by name."""
    return [load_scenario(name) for name in folder.built_in_names()]


def check_scenario(name_or_path: str | Path) -> list[Problem]:
    """Every mistake in a scenario; an empty list when it can be played."""
    try:
        load_scenario(name_or_path)
    except ScenarioError as exc:
        return list(exc.problems)
    return []


def agent_settings(
    scenario: Scenario,
    device: str,
    state_dir: Path,
    broker_host: str,
    broker_port: int,
    identities: Path | None = None,
    origin: str = "",
) -> AgentSettings:
    """The settings of one device's agent, its outbox in `state_dir`, its identity in the folder `identities`/id.

    A rating terminal's are KioskSettings, with a shared key that is made there. Raises KeyError for an unknown device.
    """
    form = scenario.device_of(device)
    sensors = tuple(
        s.model_copy(update={"file": scenario.file(str(s.file))}) if isinstance(s, TableSensor) else s
        for s in form.sensor
    )
    agent = AgentSettings(
        device=form.id,
        role=form.role,
        heartbeat_s=HEARTBEAT_S,
        state_dir=state_dir,
        broker=Broker(host=broker_host, port=broker_port),
        identity=IdentitySettings(folder=None if identities is None else identities / device),
        panel=form.panel,
        sensor=sensors,
        rule=form.rule,
    )
    return agent if form.rating is None else _terminal_settings(agent, form.rating, origin)


def _terminal_settings(agent: AgentSettings, desk: Desk, origin: str) -> KioskSettings:
    """The terminal's: its screen at a free port, its receipts leading to `origin`."""
    given = {key: getattr(desk, key) for key in RatingSettings.model_fields}
    key = make_event_key(agent.state_dir / EVENT_KEY_FILE)
    own = {"event_key": (key,), "card_key_file": _find_card_key(agent), "port": 0, "origin": origin or desk.origin}
    rating = RatingSettings.model_validate(given | own)
    return KioskSettings.model_validate(
        {key: getattr(agent, key) for key in AgentSettings.model_fields} | {"rating": rating}
    )


def _find_card_key(agent: AgentSettings) -> Path | None:
    """None where the terminal was given none: then it reads no cards, and says so."""
    file = None if agent.identity.folder is None else agent.identity.folder / CARD_KEY_FILE
    return file if file is not None and file.exists() else None
