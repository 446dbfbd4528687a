"""The agent's settings: one TOML file, checked whole, frozen. Unknown keys are refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge_agent.wire.messages import Role
from edge_agent.wire.tls import needs_tls
from edge_agent.wire.topics import DEVICE_ID, STREAM_NAME

DeviceId = Annotated[str, Field(pattern=f"^{DEVICE_ID.pattern}$")]
StreamId = Annotated[str, Field(pattern=f"^{STREAM_NAME.pattern}$")]
Pin = Annotated[int, Field(ge=0, le=27, description="BCM number of the pin.")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
#: Long enough for any rule and stream, and short enough to be counted in ms and ns.
YEAR_S = 31_622_400
Interval = Annotated[float, Field(gt=0, le=YEAR_S)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


Share = Annotated[float, Field(ge=0.01, le=0.9, allow_inf_nan=False)]


class Section(BaseModel):
    """What all sections share: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Broker(Section):
    """Where the MQTT broker is."""

    host: str = Field("127.0.0.1", description="Name or address of the MQTT broker.")
    port: int = Field(1883, ge=1, le=65535, description="TCP port of the MQTT broker.")
    keepalive_s: int = Field(45, ge=5, le=3600, description="MQTT keep-alive.")


class IdentitySettings(Section):
    """Who this device is; without a folder it speaks in the clear, and only to a broker on its own machine."""

    folder: Path | None = Field(None, description="The folder that `weiran provision device` made; key.pem mode 0600.")


class OutboxSettings(Section):
    """Bounds of the store on the device."""

    max_mb: int = Field(256, ge=1, le=65536, description="Largest size of the outbox file, MB.")
    window: int = Field(8, ge=1, le=256, description="Frames sent and not yet acknowledged by the gateway.")
    ack_timeout_s: Positive = Field(10, description="Frames without the gateway's ack are sent again after this.")
    queue: int = Field(10_000, ge=10, le=1_000_000, description="Samples that may wait for the disk.")
    alarm_share: Share = Field(0.10, description="Share of max_mb that is kept free for alarms.")
    record_share: Share = Field(0.30, description="Share of max_mb for records; when it is full, none are taken.")
    reading_share: Share = Field(
        0.45, description="Share of max_mb for readings; the oldest are thinned, then dropped."
    )
    diagnostic_share: Share = Field(0.05, description="Share of max_mb for diagnostics; the oldest are dropped.")
    ballast_kb: int = Field(1024, ge=0, le=65536, description="Room held beside the file for a full disk, KB; 0: none.")
    live_share: Share = Field(0.7, description="Share of the window for the newest readings while a backlog is sent.")

    @model_validator(mode="after")
    def _shares_fit(self) -> OutboxSettings:
        total = self.alarm_share + self.record_share + self.reading_share + self.diagnostic_share
        if total > 0.95:
            raise ValueError(f"the shares of the lanes are {total:.2f} together; 0.95 at most, the rest is for SQLite")
        return self


class Sensor(Section):
    """What every stream has, whatever its sensor."""

    stream: StreamId = Field(description="Name of the stream, unique on the device.")
    unit: str = Field(max_length=14, description="SenML unit of the values.")  # a rate adds two characters: m/h
    label: str = Field("", max_length=200, description="Name on screens, English.")
    label_zh: str = Field("", max_length=200, description="Name on screens, Chinese.")
    interval_s: Interval = Field(60, description="A value is taken every so many seconds.")
    max_interval_s: Interval = Field(600, description="A value is reported at least this often.")
    deadband: Finite = Field(0, ge=0, description="A change of at least this much is reported; 0 reports every value.")


class AnalogSensor(Sensor):
    """A converter channel scaled to a quantity: level, gas concentration."""

    kind: Literal["analog"]
    channel: int = Field(ge=0, le=7, description="MCP3008 channel.")
    low: Finite = Field(description="Quantity at ratio 0.")
    high: Finite = Field(description="Quantity at ratio 1.")
    valid_low: Finite | None = Field(None, description="Below this the sensor is out of range: a broken wire.")
    valid_high: Finite | None = Field(None, description="Above this the sensor is out of range: a short circuit.")
    stuck_after_s: Interval | None = Field(
        None, description="The very same value for so long means a stuck sensor. Leave it out where that is normal."
    )

    @model_validator(mode="after")
    def _range(self) -> AnalogSensor:
        if self.valid_low is not None and self.valid_high is not None and self.valid_low >= self.valid_high:
            raise ValueError("`valid_low` must be less than `valid_high`, or no value would be in range")
        return self


class PulseSensor(Sensor):
    """A tipping-bucket rain gauge: quantity per interval from counted pulses."""

    kind: Literal["pulse"]
    pin: Pin
    per_pulse: Positive = Field(description="Quantity of one pulse, for example 0.2 mm.")
    debounce_s: float = Field(0.02, ge=0, le=10, description="Edges closer than this are one pulse.")


class ContactSensor(Sensor):
    """A switch: float, door, smoke, gas or flame detector output. True means active."""

    kind: Literal["contact"]
    pin: Pin
    pull_up: bool = Field(True, description="True for a contact that closes to ground.")
    debounce_s: float = Field(0.05, ge=0, le=10, description="A state counts once it has held this long.")
    stuck_after_s: Interval | None = Field(
        None, description="Active for so long means a stuck contact. Leave it out where that is normal."
    )
    flaps_per_min: int = Field(
        120, ge=2, le=10_000, description="More changes in a minute, bounces counted, mean a flapping contact."
    )


class TableSensor(Sensor):
    """Values known beforehand, from a CSV file `at,value`: a tide table. Interpolated in time."""

    kind: Literal["table"]
    file: Path = Field(description="CSV with the columns at (RFC 3339, Z) and value.")
    predicts: StreamId = Field(description="The measured stream whose expected value this is.")


AnySensor = Annotated[AnalogSensor | PulseSensor | ContactSensor | TableSensor, Field(discriminator="kind")]


class RuleBase(Section):
    """What every alarm rule has."""

    name: StreamId = Field(description="Name of the rule, unique on the device.")
    stream: StreamId = Field(description="The stream it watches.")
    severity: Literal["urgent", "attention"] = Field("urgent", description="How the console ranks it.")
    label: str = Field("", max_length=200, description="Name on screens, English.")
    label_zh: str = Field("", max_length=200, description="Name on screens, Chinese.")
    hold_s: float = Field(0, ge=0, le=YEAR_S, description="The condition must hold so long before the alarm is raised.")
    siren: bool = Field(True, description="Whether siren and lamp go on with the alarm.")


class HysteresisRule(RuleBase):
    """What rules with two levels have."""

    above: Finite
    clear: Finite

    @model_validator(mode="after")
    def _keep_apart(self) -> HysteresisRule:
        if self.clear >= self.above:
            raise ValueError("`clear` must be less than `above`, or the alarm would flutter")
        return self


class ThresholdRule(HysteresisRule):
    """Raised at `above`, cleared at `clear` or below."""

    type: Literal["threshold"]
    above: Finite = Field(description="Raised at this value or more.")
    clear: Finite = Field(description="Cleared at this value or less; below `above`.")


class RiseRule(HysteresisRule):
    """Raised when the stream rises by `above` per hour over `window_s`; cleared at `clear` per hour."""

    type: Literal["rise"]
    above: Finite = Field(description="Raised at this rise per hour or more.")
    clear: Finite = Field(description="Cleared at this rise per hour or less; below `above`.")
    window_s: Interval = Field(900, description="The rise is measured over this time.")


class ResidualRule(HysteresisRule):
    """Raised when the stream exceeds its predicted stream by `above`; cleared at `clear`: storm surge."""

    type: Literal["residual"]
    predicted: StreamId = Field(description="The stream with the expected value.")
    above: Finite = Field(description="Raised at this excess or more.")
    clear: Finite = Field(description="Cleared at this excess or less; below `above`.")


class ContactRule(RuleBase):
    """Raised when a contact is active, cleared when it is not."""

    type: Literal["contact"]


AnyRule = Annotated[ThresholdRule | RiseRule | ResidualRule | ContactRule, Field(discriminator="type")]


class TwinSettings(Section):
    """Settings that change from afar."""

    trial_s: float = Field(
        600,
        ge=1,
        le=86_400,
        description="Changed settings go back unless the gateway is reached within this, real time.",
    )


class Panel(Section):
    """What sounds and shines on site while an alarm is raised."""

    siren_pin: Pin | None = Field(None, description="Output pin of the siren.")
    lamp_pin: Pin | None = Field(None, description="Output pin of the lamp.")


class AgentSettings(Section):
    """Everything one device needs to know."""

    device: DeviceId = Field(description="The device's id: its MQTT client id.")
    role: Role = Field(Role.SENSOR_NODE, description="What the device is there for.")
    state_dir: Path = Field(description="Folder of the outbox; on a disk, not in memory.")
    heartbeat_s: Positive = Field(60, le=86_400, description="A heartbeat is sent every so many seconds of real time.")
    hung_after_s: Positive = Field(
        60, le=3600, description="A duty this much behind its time is hung: systemd's watchdog is told no more."
    )
    broker: Broker = Broker()
    identity: IdentitySettings = IdentitySettings()
    outbox: OutboxSettings = OutboxSettings()
    twin: TwinSettings = TwinSettings()
    panel: Panel = Panel()
    sensor: tuple[AnySensor, ...] = Field((), max_length=256)
    rule: tuple[AnyRule, ...] = Field((), max_length=256)

    @model_validator(mode="after")
    def _speaks_safely(self) -> AgentSettings:
        if self.identity.folder is None and needs_tls(self.broker.host):
            raise ValueError("identity.folder is needed for a broker on another machine; see weiran provision device")
        return self

    @model_validator(mode="after")
    def _names_fit(self) -> AgentSettings:
        streams = [s.stream for s in self.sensor]
        _refuse_twice("sensor.stream", streams)
        _refuse_twice("rule.name", [r.name for r in self.rule])
        pins = [s.pin for s in self.sensor if isinstance(s, PulseSensor | ContactSensor)]
        pins += [p for p in (self.panel.siren_pin, self.panel.lamp_pin) if p is not None]
        _refuse_twice("pin", [str(p) for p in pins])
        for rule in self.rule:
            for stream in (rule.stream, getattr(rule, "predicted", rule.stream)):
                if stream not in streams:
                    raise ValueError(f"rule {rule.name!r} watches {stream!r}, which no [[sensor]] has as its stream")
        return self


def _refuse_twice(field: str, values: list[str]) -> None:
    twice = {v for v in values if values.count(v) > 1}
    if twice:
        raise ValueError(f"{field} {sorted(twice)[0]!r} is used twice; give each its own")
