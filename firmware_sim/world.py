"""The world around one simulated board: what its sensors sense, faults included, put on its pins in time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from edge_agent.hardware.clock import Clock
from edge_agent.settings import AnalogSensor, AnySensor, ContactSensor, PulseSensor
from firmware_sim.board import SimBoard
from firmware_sim.contacts import Changes, closed_at
from firmware_sim.converter import Source
from firmware_sim.faults import Measure, spoil_contact, spoil_measure
from firmware_sim.forms import Bounce, Device, Drift, FaultBase, Frozen, Noise, Stuck
from firmware_sim.nature import Nature


class ContactWire(NamedTuple):
    """A contact on a pin, and how it moves."""

    pin: int
    pull_up: bool
    changes: Changes


class Hands(Protocol):
    """Hands that may hold what the world would move."""

    def measure(self, stream: str, truth: Measure) -> Measure:
        """What an analogue sensor measures, when `truth` is what the world has for it."""

    def move(self, pin: int, closed: bool) -> None:
        """The world closes or opens a contact."""


class World:
    """Everything outside one board. A world may join at any time of the story: it finds the state of that time."""

    def __init__(
        self,
        device: Device,
        nature: Nature,
        clock: Clock,
        faults: tuple[FaultBase, ...] = (),
        seed: int = 0,
        hands: Hands | None = None,
    ) -> None:
        """Faults for other devices, and those of processes and links, are passed over.

        All that moves goes through `hands`, where there are any.
        """
        self._device = device
        self._nature = nature
        self._clock = clock
        self._faults = faults
        self._seed = seed
        self._hands = hands

    async def run(self, board: SimBoard) -> None:
        """Drive `board` until its contacts have made their last change of the story."""
        wires = self.connect(board)
        for at, pin, closed, pull_up in _merged(wires, self._clock.now()):
            await self._clock.sleep((at - self._clock.now()) / 1000)
            self._move(board, pin, closed, pull_up)

    def connect(self, board: SimBoard) -> list[ContactWire]:
        """Wire every sensor of the device to `board` and set its contacts as they are now; returns those."""
        wires = []
        for sensor in self._device.sensor:
            match sensor:
                case AnalogSensor():
                    board.attach(sensor.channel, self._source(sensor))
                case PulseSensor() | ContactSensor():
                    wires.append(self._wire(sensor))
        for pin, pull_up, changes in wires:
            self._move(board, pin, closed_at(changes, self._clock.now()), pull_up)
        return wires

    def _move(self, board: SimBoard, pin: int, closed: bool, pull_up: bool) -> None:
        if self._hands is None:
            board.set_contact(pin, closed, pull_up=pull_up)
        else:
            self._hands.move(pin, closed)

    def _source(self, sensor: AnalogSensor) -> Source:
        kinds = [f for f in self._faults_of(sensor) if isinstance(f, Frozen | Drift | Noise)]
        truth = self._nature.measure(self._device.wiring[sensor.stream])
        measure = spoil_measure(truth, kinds, self._seed)
        if self._hands is not None:
            measure = self._hands.measure(sensor.stream, measure)
        return _ratio(measure, sensor.low, sensor.high, self._clock.now)

    def _wire(self, sensor: PulseSensor | ContactSensor) -> ContactWire:
        kinds = [f for f in self._faults_of(sensor) if isinstance(f, Bounce | Stuck)]
        per_pulse = sensor.per_pulse if isinstance(sensor, PulseSensor) else None
        truth = self._nature.changes(self._device.wiring[sensor.stream], per_pulse)
        pull_up = sensor.pull_up if isinstance(sensor, ContactSensor) else True
        return ContactWire(sensor.pin, pull_up, spoil_contact(truth, kinds, self._seed))

    def _faults_of(self, sensor: AnySensor) -> list[FaultBase]:
        return [f for f in self._faults if f.target == f"{self._device.id}/{sensor.stream}"]


def _ratio(measure: Measure, low: float, high: float, now: Callable[[], int]) -> Source:
    """The sensor's output as a ratio of the converter's full scale."""
    return lambda: (measure(now()) - low) / (high - low)


def _merged(wires: list[ContactWire], after_ms: int) -> Iterator[tuple[int, int, bool, bool]]:
    """All changes later than `after_ms`, in order of time: (at, pin, closed, pull_up)."""
    return heapq.merge(*([(at, w.pin, closed, w.pull_up) for at, closed in w.changes if at > after_ms] for w in wires))
