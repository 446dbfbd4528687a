"""Finds sensors that are there and yet wrong: stuck, silent, out of range, flapping; told by name until it is over.

Their values are reported and shown to the rules all the same: a flood may well be more than a sensor can measure, and
whoever is warned in vain is better off than whoever is not.
"""

from __future__ import annotations

import msgspec

from edge_agent.rules import NS, Flutter, Stillness
from edge_agent.settings import AnalogSensor, AnySensor, ContactSensor
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import SENSOR_STATE, SensorStateBody, SensorTrouble
from edge_agent.wire.topics import Lane

#: Without a value for so many intervals a sensor is silent.
SILENT_INTERVALS = 3
REASON_LENGTH = 200


class SensorFault(Exception):
    """What is wrong with a sensor, for people."""


class SensorHealth:
    """One stream's sensor."""

    def __init__(self, device: Device, stream: str) -> None:
        self._device = device
        self._stream = stream
        self._stillness = Stillness()
        self._flutter = Flutter()
        self._heard = device.clock.mono()
        self._standing: set[SensorTrouble] = set()

    def hear(self) -> None:
        """There is a value."""
        self._heard = self._device.clock.mono()
        self._judge(SensorTrouble.SILENT, "")

    def see_value(self, sensor: AnySensor, value: float) -> None:
        """A value of now, of a sensor that gives one at each tick."""
        if isinstance(sensor, AnalogSensor):
            still_s = self._stillness.update(value, self._device.clock.mono())
            self._judge(SensorTrouble.STUCK, _still_too_long(still_s, sensor.stuck_after_s, f"{value:g} {sensor.unit}"))
            self._judge(SensorTrouble.OUT_OF_RANGE, _beyond(sensor, value))

    def see_nothing(self, sensor: AnySensor, trouble: Exception) -> None:
        """No value was to be had now. That it cannot be read is named already, by the sampler; silence is recorded."""
        silent_s = (self._device.clock.mono() - self._heard) / NS
        if silent_s >= SILENT_INTERVALS * sensor.interval_s:
            self._judge(SensorTrouble.SILENT, f"no value for {silent_s:.0f} s: {trouble}")

    def see_edge(self, sensor: ContactSensor) -> None:
        """The contact has changed, if only by a bounce."""
        self._flutter.edge(self._device.clock.mono())
        self._judge_flutter(sensor)

    def see_contact(self, sensor: ContactSensor, active: bool) -> None:
        """The contact's settled state, at each tick."""
        self._judge_flutter(sensor)
        still_s = self._stillness.update(float(active), self._device.clock.mono())
        self._judge(SensorTrouble.STUCK, _still_too_long(still_s, sensor.stuck_after_s, "active") if active else "")

    def _judge_flutter(self, sensor: ContactSensor) -> None:
        changes = self._flutter.count(self._device.clock.mono())
        self._judge(SensorTrouble.FLAPPING, f"{changes} changes in a minute" if changes > sensor.flaps_per_min else "")

    def _judge(self, trouble: SensorTrouble, reason: str) -> None:
        """There is a trouble if there is a reason; told when that changes."""
        if (trouble in self._standing) == bool(reason):
            return
        self._standing ^= {trouble}
        if trouble is not SensorTrouble.SILENT:
            part = f"sensor {self._stream} {trouble.value.replace('_', ' ')}"
            self._device.report(part, SensorFault(reason) if reason else None)
        body = SensorStateBody(self._stream, trouble, over=not reason, reason=reason[:REASON_LENGTH])
        self._device.outbox.offer(self._device.stamp(Lane.DIAGNOSTIC, SENSOR_STATE, msgspec.json.encode(body)))


def _still_too_long(still_s: float, limit_s: float | None, what: str) -> str:
    return "" if limit_s is None or still_s < limit_s else f"{what.strip()} for {still_s:.0f} s without any change"


def _beyond(sensor: AnalogSensor, value: float) -> str:
    """Why the value is none that the sensor can give."""
    if sensor.valid_low is not None and value < sensor.valid_low:
        return f"{value:g} {sensor.unit} is below {sensor.valid_low:g}"
    if sensor.valid_high is not None and value > sensor.valid_high:
        return f"{value:g} {sensor.unit} is above {sensor.valid_high:g}"
    return ""
