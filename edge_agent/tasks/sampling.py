"""Samples the sensors: one duty per stream, on ticks that are multiples of its interval since the epoch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge_agent.hardware.board import HardwareError
from edge_agent.hardware.clock import Clock
from edge_agent.hardware.tables import TideTable
from edge_agent.rules import Debounce, PulseFilter, Reporter
from edge_agent.settings import AgentSettings, AnalogSensor, AnySensor, ContactSensor, PulseSensor, TableSensor
from edge_agent.tasks.alarms import AlarmDesk
from edge_agent.tasks.device import Device
from edge_agent.tasks.sensor_health import SensorHealth
from edge_agent.wire import senml
from edge_agent.wire.messages import READING, ClockQuality
from edge_agent.wire.topics import Lane

#: Digits kept of a scaled value: far below any sensor's resolution, so that bytes stay short.
DIGITS = 6
REOPEN_S = 30.0


class Sampler:
    """One stream: takes values, shows them to the rules, reports what is due."""

    def __init__(self, device: Device, desk: AlarmDesk, sensor: AnySensor) -> None:
        self.device = device
        self.sensor = sensor
        self._desk = desk
        self._reporter = Reporter(sensor.deadband, sensor.max_interval_s)
        self.health = SensorHealth(device, sensor.stream)
        self._mark = device.progress.begin(f"sampling {sensor.stream}")
        device.followers.append(self._follow)

    def _follow(self, _before: AgentSettings) -> None:
        """Go on by the new settings; what was reported last stays known."""
        self.sensor = next(s for s in self.device.settings.sensor if s.stream == self.sensor.stream)
        self._reporter.deadband, self._reporter.max_interval_s = self.sensor.deadband, self.sensor.max_interval_s

    def take(self, value: float | bool, *, always: bool = False) -> None:
        """Take in a value of now: rules first, then the report, if it is due."""
        clock = self.device.clock
        at, mono = clock.now(), clock.mono()
        self.health.hear()
        self._desk.see(self.sensor.stream, float(value), at, mono)
        due = self._reporter.is_due(float(value), mono)
        if due or always:
            body = senml.encode_pack([senml.entry(self.sensor.stream, self.sensor.unit, value)])
            self.device.outbox.offer(self.device.stamp(Lane.READING, READING, body))

    async def next_tick(self) -> None:
        """Sleep until the wall clock is at the next multiple of the interval; a changed interval counts at once."""
        clock = self.device.clock
        while True:
            interval_ms = max(1, round(self.sensor.interval_s * 1000))
            wait_ms = interval_ms - clock.now() % interval_ms
            due = clock.now() + wait_ms
            self._mark.beat(wait_ms / 1000)
            if await self.device.wait(clock.sleep(wait_ms / 1000)) or clock.now() >= due:
                return

    def at_tick(self) -> bool:
        """Whether now is a tick: then the first value is taken at once."""
        return self.device.clock.now() % max(1, round(self.sensor.interval_s * 1000)) == 0

    def miss(self, trouble: Exception) -> None:
        """Take note that there is no value now, and why."""
        self.report(trouble)
        self.health.see_nothing(self.sensor, trouble)

    async def rest(self) -> None:
        """Leave a sensor that cannot be opened alone for a while."""
        self._mark.beat(REOPEN_S)
        await asyncio.sleep(REOPEN_S)

    def report(self, trouble: Exception | None) -> None:
        """Say whether the sensor works."""
        self.device.report(f"sensor {self.sensor.stream}", trouble)


async def sample(device: Device, desk: AlarmDesk, sensor: AnySensor) -> None:
    """The duty of one stream. A sensor that cannot be opened is tried again; the others go on."""
    sampler = Sampler(device, desk, sensor)
    while True:
        try:
            await _sample_kind(sampler, sensor)
        except* HardwareError as group:
            sampler.miss(group.exceptions[0])
        await sampler.rest()


async def _sample_kind(sampler: Sampler, sensor: AnySensor) -> None:
    device = sampler.device
    match sensor:
        case AnalogSensor():
            await _sample_values(sampler, _analog_reader(device, sensor))
        case TableSensor():
            table = TideTable.load(sensor.file)
            await _sample_values(sampler, lambda: _look_up(table, device.clock))
        case PulseSensor():
            await _sample_pulses(sampler, sensor)
        case ContactSensor():
            await _sample_contact(sampler, sensor)


def _analog_reader(device: Device, sensor: AnalogSensor) -> Callable[[], float | None]:
    channel = device.board.analog(sensor.channel)
    span = sensor.high - sensor.low
    return lambda: round(sensor.low + channel.read() * span, DIGITS)


async def _sample_values(sampler: Sampler, read: Callable[[], float | None]) -> None:
    if not sampler.at_tick():
        await sampler.next_tick()
    while True:
        try:
            _take(sampler, read())
        except HardwareError as exc:
            sampler.miss(exc)
        await sampler.next_tick()


def _take(sampler: Sampler, value: float | None) -> None:
    sampler.report(None)
    if value is None:  # a table that has ended; the rule that lacks it says so
        return
    sampler.health.see_value(sampler.sensor, value)
    sampler.take(value)


def _look_up(table: TideTable, clock: Clock) -> float | None:
    """None too when nobody knows what time it is: a tide of another day would raise false alarms."""
    return None if clock.quality() is ClockQuality.UNSET else table.value(clock.now())


async def _sample_pulses(sampler: Sampler, sensor: PulseSensor) -> None:
    """Count tips between ticks; an interval with rain is always reported, a dry one by max_interval_s."""
    tips = 0
    filtering = PulseFilter(sensor.debounce_s)
    clock = sampler.device.clock
    loop = asyncio.get_running_loop()

    def count(active: bool, mono: int) -> None:
        nonlocal tips
        tips += filtering.edge(active, mono)

    def on_edge(active: bool) -> None:
        loop.call_soon_threadsafe(count, active, clock.mono())

    sampler.device.board.digital(sensor.pin, pull_up=True).on_change(on_edge)
    sampler.report(None)
    try:
        while True:
            await sampler.next_tick()
            counted, tips = tips, 0
            sampler.take(round(counted * sensor.per_pulse, DIGITS), always=counted > 0)
    finally:  # the agent stops, and the outbox is still open: rain since the last tick is not lost
        if tips:
            sampler.take(round(tips * sensor.per_pulse, DIGITS), always=True)


async def _sample_contact(sampler: Sampler, sensor: ContactSensor) -> None:
    """Report a settled change at once, and the state at ticks by max_interval_s."""
    device, clock = sampler.device, sampler.device.clock
    contact = device.board.digital(sensor.pin, pull_up=sensor.pull_up)
    debounce = Debounce(sensor.debounce_s, contact.active)
    edges = asyncio.Event()
    loop = asyncio.get_running_loop()

    def note(active: bool, mono: int) -> None:
        debounce.edge(active, mono)
        edges.set()
        if isinstance(sampler.sensor, ContactSensor):
            sampler.health.see_edge(sampler.sensor)

    def on_edge(active: bool) -> None:
        loop.call_soon_threadsafe(note, active, clock.mono())

    def look() -> None:
        """An edge may have been missed: what the pin reads now is put right in time."""
        if (active := contact.active) != debounce.stable:
            note(active, clock.mono())

    contact.on_change(on_edge)
    look()
    sampler.take(debounce.stable)
    async with asyncio.TaskGroup() as group:
        group.create_task(_settle(sampler, sensor, debounce, edges))
        group.create_task(_repeat(sampler, debounce, look))


async def _settle(sampler: Sampler, sensor: ContactSensor, debounce: Debounce, edges: asyncio.Event) -> None:
    while True:
        await edges.wait()
        edges.clear()
        await sampler.device.clock.sleep(sensor.debounce_s)
        if debounce.settle(sampler.device.clock.mono()):
            sampler.take(debounce.stable)


async def _repeat(sampler: Sampler, debounce: Debounce, look: Callable[[], None]) -> None:
    while True:
        await sampler.next_tick()
        try:
            look()
        except HardwareError as exc:
            sampler.report(exc)
        else:
            sampler.report(None)
            sampler.take(debounce.stable)
            if isinstance(sampler.sensor, ContactSensor):
                sampler.health.see_contact(sampler.sensor, debounce.stable)
