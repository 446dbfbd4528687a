"""The checks of a scenario that its form alone cannot make: names that must fit, files, figures and times."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from edge_agent.configuration import Problem
from edge_agent.settings import AgentSettings, AnalogSensor, AnySensor, ContactSensor, PulseSensor, TableSensor
from firmware_sim.bulletin_checks import find_mistakes
from firmware_sim.desk_checks import find_desk_mistakes
from firmware_sim.folder import find_file
from firmware_sim.forms import (
    AnySource,
    Bounce,
    Catchment,
    Column,
    Device,
    FaultBase,
    FloatSource,
    LevelSource,
    RainSource,
    ScheduleSource,
    SeriesSource,
    Story,
    Stuck,
    SystemFault,
)
from firmware_sim.nature import Nature
from firmware_sim.outline import OutlineError, read_box
from firmware_sim.problems import describe, problem
from firmware_sim.series import Series, SeriesError

MAX_DAYS = 400
MS_PER_DAY = 86_400_000
#: The heaviest rain that a tipping bucket is made for, mm/h.
MAX_RAIN = 500.0
#: BCM numbers of SPI 0: clock, data out, data in, select.
SPI_PINS = {8, 9, 10, 11}
#: The sources that fit each kind of sensor.
FITTING: dict[str, tuple[type, ...]] = {
    "analog": (SeriesSource, LevelSource),
    "pulse": (RainSource,),
    "contact": (FloatSource, ScheduleSource),
}


def check_story(story: Story, folders: tuple[Path, ...], file: str) -> list[Problem]:
    """Every mistake in a scenario whose form is right; `file` is its TOML's name."""
    check = _Check(story, folders, file)
    if not 0 < story.end_ms - story.start_ms <= MAX_DAYS * MS_PER_DAY:
        check.say("end", f"is not after `start`, or more than {MAX_DAYS} days after it", "mend `start` or `end`")
    else:
        check.check_all()
    return check.found


class _Check:
    """One check of one scenario: methods add what they find to `found`."""

    def __init__(self, story: Story, folders: tuple[Path, ...], file: str) -> None:
        self.found: list[Problem] = []
        self._story = story
        self._folders = folders
        self._file = file
        self._nature = Nature(story, folders)
        self._catchments = {c.name for c in story.catchment}
        self._broken: set[tuple[str, str]] = set()

    def say(self, field: str, what: str, remedy: str, file: str | None = None) -> None:
        self.found.append(problem(file or self._file, field, what, remedy))

    def check_all(self) -> None:
        story = self._story
        if not story.device:
            self.say("device", "there is none", "add a [[device]], or there is nothing to run")
        self._unique("site", [site.code for site in story.site])
        self._unique("device", [device.id for device in story.device])
        self._unique("catchment", [catchment.name for catchment in story.catchment])
        self._zones()
        self._outline()
        for catchment in story.catchment:
            self._catchment(catchment)
        for device in story.device:
            self._device(device)
        self._faults()
        for mistake in (*find_mistakes(story), *find_desk_mistakes(story)):
            self.say(*mistake)

    def _unique(self, field: str, names: Sequence[str]) -> None:
        for name in sorted({n for n in names if names.count(n) > 1}):
            self.say(f"{field}[{name}]", "stands there twice", "give each its own name")

    def _zones(self) -> None:
        known = zoneinfo.available_timezones()
        for site in self._story.site:
            if site.zone not in known:
                where = f"site[{site.code}].zone"
                self.say(where, f"{site.zone!r} is not an IANA time zone", "write for example Asia/Shanghai")

    def _outline(self) -> None:
        name = self._story.outline
        path = None if name is None else find_file(self._folders, name)
        if name is None:
            return
        if path is None:
            self.say("outline", f"{name!r} is not in the scenario's folder", "put the file there")
            return
        try:
            box = read_box(path)
        except OutlineError as exc:
            self.say("outline", str(exc), exc.remedy, name)
            return
        for site in self._story.site:
            if not box.holds(site.longitude, site.latitude):
                self.say(f"site[{site.code}]", f"lies outside the map ({box})", "mend its position or the outline")

    def _catchment(self, catchment: Catchment) -> None:
        field = f"catchment[{catchment.name}]"
        rain = self._series(f"{field}.rain", catchment.rain)
        if rain is not None:
            self._within(f"{field}.rain", rain, 0, MAX_RAIN, "rain is in mm/h, 0 to 500")
        if catchment.sea is not None:
            self._covering(f"{field}.sea", catchment.sea)
        if rain is None or (catchment.sea and (catchment.sea.file, catchment.sea.column) in self._broken):
            self._catchments.discard(catchment.name)

    def _series(self, field: str, column: Column) -> Series | None:
        """The figures of a column; a file's mistake is told once, however often it is used."""
        try:
            return self._nature.series(column)
        except SeriesError as exc:
            if (column.file, column.column) not in self._broken:
                self.say(field, str(exc), exc.remedy, column.file)
            self._broken.add((column.file, column.column))
            return None

    def _covering(self, field: str, column: Column) -> Series | None:
        series = self._series(field, column)
        story = self._story
        if series is not None and not series.at_ms[0] <= story.start_ms < story.end_ms <= series.at_ms[-1]:
            self.say(field, "does not reach from `start` to `end`", "add rows, or shorten the story", column.file)
        return series

    def _within(self, field: str, series: Series, low: float, high: float, remedy: str) -> None:
        story = self._story
        told = [
            value
            for at, value in zip(series.at_ms, series.values, strict=True)
            if story.start_ms <= at <= story.end_ms and not low <= value <= high
        ]
        if told:
            self.say(field, f"{len(told)} values lie outside {low:g} to {high:g}, the first is {told[0]:g}", remedy)

    def _device(self, device: Device) -> None:
        field = f"device[{device.id}]"
        if device.site not in {site.code for site in self._story.site}:
            self.say(f"{field}.site", f"there is no site {device.site!r}", "name the code of a [[site]]")
        self._agent(device, field)
        self._pins(device, field)
        for sensor in device.sensor:
            self._sensor(device, sensor, f"{field}.sensor[{sensor.stream}]")
        for stream in sorted(device.wiring.keys() - {s.stream for s in device.sensor}):
            self.say(f"{field}.wiring.{stream}", "there is no such sensor", "name a stream of a [[device.sensor]]")

    def _agent(self, device: Device, field: str) -> None:
        """The device's own settings, as the agent will check them."""
        raw = {"sensor": device.sensor, "rule": device.rule, "panel": device.panel}
        try:
            AgentSettings.model_validate({"device": device.id, "state_dir": "state", **raw})
        except ValidationError as exc:
            self.found += describe(exc, raw, self._file, field)

    def _pins(self, device: Device, field: str) -> None:
        """A converter takes the board's SPI pins for itself."""
        pins = {s.pin for s in device.sensor if isinstance(s, PulseSensor | ContactSensor)}
        pins |= {pin for pin in (device.panel.siren_pin, device.panel.lamp_pin) if pin is not None}
        taken = sorted(pins & SPI_PINS) if any(isinstance(s, AnalogSensor) for s in device.sensor) else []
        for pin in taken:
            self.say(field, f"pin {pin} belongs to the converter of its analogue sensors", "use another pin")

    def _sensor(self, device: Device, sensor: AnySensor, field: str) -> None:
        source = device.wiring.get(sensor.stream)
        if isinstance(sensor, TableSensor):
            self._covering(field, Column(file=str(sensor.file)))
            if source is not None:
                self.say(field, "a table needs no wiring", "remove it from `wiring`")
        elif source is None:
            self.say(field, "is wired to nothing", f"add {sensor.stream} = {{ source = ... }} to its `wiring`")
        elif not isinstance(source, FITTING[sensor.kind]):
            self.say(field, f"its kind {sensor.kind} cannot sense {source.source!r}", "wire it to a fitting source")
        elif self._usable(source, field) and isinstance(sensor, AnalogSensor):
            self._range(sensor, source, field)

    def _usable(self, source: AnySource, field: str) -> bool:
        """Whether the source stands on something that is there and has no mistake of its own."""
        if not isinstance(source, LevelSource | RainSource | FloatSource):
            return True
        name = source.catchment
        if name not in {c.name for c in self._story.catchment}:
            self.say(field, f"there is no catchment {name!r}", "name a [[catchment]]")
        return name in self._catchments

    def _range(self, sensor: AnalogSensor, source: AnySource, field: str) -> None:
        if sensor.low == sensor.high:
            self.say(field, "`low` and `high` are the same", "give the quantity at both ends of the sensor")
            return
        series = None
        if isinstance(source, SeriesSource):
            series = self._covering(field, source)
        elif isinstance(source, LevelSource):
            series = self._nature.level(source.catchment)
        if series is not None:
            low, high = sorted((sensor.low, sensor.high))
            self._within(field, series, low, high, "widen the sensor's `low` and `high`")

    def _faults(self) -> None:
        for name, faults in self._story.faults.items():
            self._unique(f"faults.{name}", [fault.name for fault in faults])
            for fault in faults:
                self._fault(f"faults.{name}[{fault.name}]", fault)
            self._small_disks(f"faults.{name}", [f for f in faults if isinstance(f, SystemFault)])

    def _fault(self, field: str, fault: FaultBase) -> None:
        if not self._story.start_ms <= fault.at_ms < fault.until_ms <= self._story.end_ms:
            self.say(field, "is not within the story", "mend `at` or `for_s`")
        wrong = _wrong_target(self._story, fault)
        if wrong:
            self.say(f"{field}.target", f"{fault.target!r} is not {wrong}", "mend the target")

    def _small_disks(self, field: str, faults: Sequence[SystemFault]) -> None:
        """A disk that can be filled lives with its devices' process, so that nothing may kill that."""
        filled = [self._sites(f.target) for f in faults if f.kind == "disk-full"]
        for fault in faults:
            if fault.kind in ("agent-kill", "power-cut") and any(self._sites(fault.target) & sites for sites in filled):
                self.say(f"{field}[{fault.name}]", "hits a site whose disk is filled in this set", "take another site")

    def _sites(self, target: str) -> set[str]:
        """The sites whose devices a fault hits."""
        return {d.site for d in self._story.device if target in ("all", d.site, d.id)}


def _wrong_target(story: Story, fault: FaultBase) -> str:
    """What the fault's target should have been; empty when it is that."""
    if not isinstance(fault, SystemFault):
        kinds = ("contact", "pulse") if isinstance(fault, Bounce | Stuck) else ("analog",)
        fitting = {f"{d.id}/{s.stream}" for d in story.device for s in d.sensor if s.kind in kinds}
        return "" if fault.target in fitting else f"the device/stream of a sensor of kind {' or '.join(kinds)}"
    devices, sites = {d.id for d in story.device}, {s.code for s in story.site}
    match fault.kind:
        case "broker-kill":
            return "" if fault.target == "broker" else '"broker"'
        case "gateway-kill" | "gateway-restore":
            return "" if fault.target == "gateway" else '"gateway"'
        case "clock-step" | "clone" | "revoke" | "flood":
            return "" if fault.target in devices else "a device's id"
    return "" if fault.target in {"all", *sites, *devices} else "\"all\", a site's code or a device's id"
