"""The form of a scenario file: every table and key that may stand in it, checked by pydantic.

A device's `sensor`, `rule` and `panel` are the agent's own settings, so what passes here passes on a device.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from edge_agent.settings import AnyRule, AnySensor, DeviceId, Finite, Panel, Positive, Section, StreamId
from edge_agent.wire.messages import Role
from firmware_sim.bulletins import MAX_WARNINGS, Bulletin, Issuer, Zone
from firmware_sim.hall import Desk, Station
from firmware_sim.hydrology import Yard
from firmware_sim.instants import Instant

MAX_DEVICES = 1000
MAX_SITES = 1000


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
FileName = Annotated[
    str, StringConstraints(min_length=1, max_length=200), Field(description="A file of the scenario's folder.")
]


class Site(Section):
    """An insured place."""

    code: Name = Field(description="Short name, unique in the scenario.")
    name: Text = Field(description="Name on screens, English.")
    name_zh: Text = Field(description="Name on screens, Chinese.")
    latitude: float = Field(ge=-90, le=90, description="WGS-84, degrees.")
    longitude: float = Field(ge=-180, le=180, description="WGS-84, degrees.")
    zone: Text = Field(description="IANA time zone, for example Asia/Shanghai.")
    area: Text = Field(description="Administrative code of the area, as warnings name it.")
    area_scheme: str = Field("adcode", min_length=1, max_length=40, description="Whose code: adcode, SAME, EMMA_ID...")
    insured: int = Field(0, ge=0, le=10**12, description="Insured value in whole units of the currency.")
    currency: str = Field("CNY", pattern=r"^[A-Z]{3}$", description="ISO 4217.")
    risks: tuple[Literal["water-sensitive", "low-ground", "poor-drainage"], ...] = Field(
        (), description="What makes it likely to suffer."
    )


class Column(Section):
    """One column of a CSV file, beside its column `at`, RFC 3339."""

    file: FileName
    column: str = Field("value", min_length=1, max_length=64, description="Name in the header.")


class Catchment(Yard):
    """A yard of the physical model, with the rain that falls on it and the sea at its outfall."""

    name: Name = Field(description="Unique in the scenario.")
    rain: Column = Field(description="Intensity, mm/h; each row holds until the next.")
    sea: Column | None = Field(None, description="Sea level at the outfall, m; interpolated.")


class SeriesSource(Column):
    """An analogue sensor that replays a column, interpolated on straight lines."""

    source: Literal["series"]


class LevelSource(Section):
    """An analogue sensor in the drain of a catchment: depth, m."""

    source: Literal["level"]
    catchment: Name


class RainSource(Section):
    """A tipping bucket in the rain of a catchment: one pulse for each `per_pulse` mm."""

    source: Literal["rain"]
    catchment: Name


class FloatSource(Section):
    """A float switch in the drain of a catchment."""

    source: Literal["float"]
    catchment: Name
    closes_m: Positive = Field(description="Closes at this depth or more.")
    opens_m: float = Field(ge=0, description="Opens at this depth or less; below `closes_m`.")

    @model_validator(mode="after")
    def _hysteresis(self) -> FloatSource:
        if self.opens_m >= self.closes_m:
            raise ValueError("`opens_m` must be less than `closes_m`, as in a real float switch")
        return self


class Span(Section):
    """A time from `begin` until `end`."""

    begin_ms: Instant = Field(alias="begin")
    end_ms: Instant = Field(alias="end")


class ScheduleSource(Section):
    """A contact that is active in the listed spans: a door, a detector, a person with a key."""

    source: Literal["schedule"]
    active: tuple[Span, ...] = Field(max_length=10_000, description="When it is active, in order.")

    @model_validator(mode="after")
    def _in_order(self) -> ScheduleSource:
        instants = [at for span in self.active for at in (span.begin_ms, span.end_ms)]
        if any(later <= earlier for earlier, later in pairwise(instants)):
            raise ValueError("each span must end after it begins and before the next one begins")
        return self


AnySource = Annotated[
    SeriesSource | LevelSource | RainSource | FloatSource | ScheduleSource, Field(discriminator="source")
]


class Device(Section):
    """One simulated board with the agent on it."""

    id: DeviceId = Field(description="The device's id.")
    site: Name = Field(description="Code of the site where it stands.")
    role: Role = Field(Role.SENSOR_NODE, description="What it is there for.")
    sensor: tuple[AnySensor, ...] = Field((), max_length=64, description="As in the agent's settings.")
    rule: tuple[AnyRule, ...] = Field((), max_length=64, description="As in the agent's settings.")
    panel: Panel = Panel()
    wiring: dict[StreamId, AnySource] = Field({}, description="For each sensor, what it senses.")
    rating: Desk | None = Field(None, description="What a rating terminal is, and the day at its counter.")


class FaultBase(Section):
    """What every fault has."""

    name: Name = Field(description="Unique in its set; the report names it.")
    target: str = Field(min_length=1, max_length=100, description="What it happens to; see each kind.")
    at_ms: Instant = Field(alias="at", description="When it begins, scenario time.")
    for_s: Positive = Field(description="How long it lasts, scenario seconds.")

    @property
    def until_ms(self) -> int:
        """When it ends, scenario time, ms UTC."""
        return self.at_ms + round(self.for_s * 1000)


class SystemFault(FaultBase):
    """Something that happens to processes, disks, clocks and links; docs/scenarios.md says what each kind does.

    The target of `broker-kill` is "broker", of `gateway-kill` and `gateway-restore` "gateway"; of `link-cut`,
    `agent-kill`, `power-cut` and `disk-full` a site's code, a device's id, or "all"; of the others a device's id.
    """

    kind: Literal[
        "broker-kill",
        "gateway-kill",
        "gateway-restore",
        "link-cut",
        "agent-kill",
        "power-cut",
        "disk-full",
        "clock-step",
        "clone",
        "revoke",
        "flood",
    ]
    to_ms: Instant | None = Field(None, alias="to", description="What a stepped clock is set to.")
    by_s: Finite | None = Field(None, description="Or by how much, s; less than 0 is back.")

    @model_validator(mode="after")
    def _stepped(self) -> SystemFault:
        given = sum(value is not None for value in (self.to_ms, self.by_s))
        if given != (self.kind == "clock-step"):
            raise ValueError("a `clock-step` has either `to` or `by_s`; no other kind has them")
        return self


class Bounce(FaultBase):
    """A worn contact: each change is `edges` changes within `within_ms`. Target: device/stream."""

    kind: Literal["bounce"]
    edges: int = Field(5, ge=3, le=99, description="Changes instead of one; odd, so that it ends right.")
    within_ms: int = Field(10, ge=1, le=1000, description="From the first of them to the last.")

    @model_validator(mode="after")
    def _odd(self) -> Bounce:
        if self.edges % 2 == 0:
            raise ValueError("`edges` must be odd, so that the contact ends where it was going")
        return self


class Stuck(FaultBase):
    """A contact that does not move. Target: device/stream."""

    kind: Literal["stuck"]
    closed: bool = Field(description="Where it is stuck.")


class Frozen(FaultBase):
    """A sensor that goes on giving its value of the time `at`. Target: device/stream."""

    kind: Literal["frozen"]


class Drift(FaultBase):
    """A sensor that moves away from the truth at a steady rate. Target: device/stream."""

    kind: Literal["drift"]
    per_hour: Finite = Field(description="In the stream's unit.")


class Noise(FaultBase):
    """A sensor with a normally distributed error in every value. Target: device/stream."""

    kind: Literal["noise"]
    deviation: Positive = Field(description="Standard deviation, in the stream's unit.")


ContactFault = Bounce | Stuck
AnalogFault = Frozen | Drift | Noise
SensorFault = Bounce | Stuck | Frozen | Drift | Noise
AnyFault = Annotated[SystemFault | Bounce | Stuck | Frozen | Drift | Noise, Field(discriminator="kind")]


class Story(Section):
    """A whole scenario file."""

    name: Name = Field(description="Name of the scenario, as its folder or file.")
    extends: str | None = Field(None, description="Scenario whose tables this one changes.")
    title: Text = Field(description="Title on screens, English.")
    title_zh: Text = Field(description="Title on screens, Chinese.")
    simulated: Text = Field(description="What in it is measured, modelled and invented, English.")
    simulated_zh: Text = Field(description="The same, Chinese.")
    sources: tuple[Text, ...] = Field((), description="Where the figures come from, and their licence.")
    seed: int = Field(0, ge=0, lt=2**32, description="Seeds noise and bounce.")
    start_ms: Instant = Field(alias="start", description="Begin of the story.")
    end_ms: Instant = Field(alias="end", description="End of the story; this instant is still sampled.")
    outline: FileName | None = Field(None, description="GeoJSON land outline for the map.")
    site: tuple[Site, ...] = Field(max_length=MAX_SITES)
    catchment: tuple[Catchment, ...] = Field((), max_length=100)
    device: tuple[Device, ...] = Field(max_length=MAX_DEVICES)
    station: tuple[Station, ...] = Field((), max_length=100)
    faults: dict[Name, tuple[AnyFault, ...]] = Field({}, description="Sets of faults, by name.")
    usual_faults: Name | None = Field(None, description="The set that is part of the story, unless another is named.")
    warnings_as: Literal["cap", "12379"] = Field("cap", description="The shape that its warnings are published in.")
    issuer: tuple[Issuer, ...] = Field((), max_length=100)
    zone: tuple[Zone, ...] = Field((), max_length=1000)
    warning: tuple[Bulletin, ...] = Field((), max_length=MAX_WARNINGS)
