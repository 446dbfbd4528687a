"""How a sensor's fault shows in what was stored: the readings against what the sensor should have said.

A fault that changes values is seen as their difference from the truth; a bouncing contact is seen when the filters
made of its edges just the changes that there were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from edge_agent.settings import AnalogSensor, AnySensor, ContactSensor, PulseSensor
from firmware_sim.contacts import Changes, closed_at
from firmware_sim.forms import Bounce, SensorFault
from firmware_sim.nature import Nature
from firmware_sim.scenario import Scenario

ADC_STEPS = 1023
#: Values of one stream in time order: (ms UTC, value; a contact's is 0 or 1).
Samples = Sequence[tuple[int, float]]


def find_traces(
    scenario: Scenario, faults: Sequence[SensorFault], samples_of: Callable[[str, str], Samples]
) -> dict[str, list[str]]:
    """{name of the fault: what shows it}; an empty list for a fault that left no trace."""
    nature = Nature(scenario, scenario.folders)
    return {fault.name: _trace(scenario, nature, fault, samples_of) for fault in faults}


def _trace(
    scenario: Scenario, nature: Nature, fault: SensorFault, samples_of: Callable[[str, str], Samples]
) -> list[str]:
    device_id, stream = fault.target.split("/")
    device = scenario.device_of(device_id)
    sensor = next(s for s in device.sensor if s.stream == stream)
    samples = [s for s in samples_of(device_id, stream) if fault.at_ms <= s[0] < fault.until_ms]
    source = device.wiring[stream]
    if isinstance(sensor, AnalogSensor):
        return _off_truth(sensor, nature.measure(source), samples)
    per_pulse = sensor.per_pulse if isinstance(sensor, PulseSensor) else None
    truth = nature.changes(source, per_pulse)
    if isinstance(fault, Bounce):
        return _filtered(sensor, [c for c in truth if fault.at_ms <= c[0] < fault.until_ms], samples)
    return _unlike(truth, samples)


def _off_truth(sensor: AnalogSensor, truth: Callable[[int], float], samples: Samples) -> list[str]:
    step = abs(sensor.high - sensor.low) / ADC_STEPS
    worst = max((abs(value - truth(at)) for at, value in samples), default=0.0)
    return [f"readings: up to {worst:.3g} {sensor.unit} off the truth"] if worst > step else []


def _unlike(truth: Changes, samples: Samples) -> list[str]:
    unlike = sum(bool(value) != closed_at(truth, at) for at, value in samples)
    return [f"readings: {unlike} values unlike the truth"] if unlike else []


def _filtered(sensor: AnySensor, changes: Changes, samples: Samples) -> list[str]:
    if isinstance(sensor, PulseSensor):
        told, true = round(sum(value for _, value in samples) / sensor.per_pulse), sum(closed for _, closed in changes)
        return [f"pulse filter: {told} tips for {true}"] if told == true and true else []
    assert isinstance(sensor, ContactSensor)
    told, true = sum(a[1] != b[1] for a, b in pairwise(samples)), len(changes)
    return [f"debounce: {told} changes for {true}"] if told == true and true else []
