"""Hands on a SIMULATED board: they hold its sensors, spoil them, press its keys, pull its cable, cut its power."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Protocol

from edge_agent.hardware.board import Paper
from edge_agent.hardware.clock import Clock
from edge_agent.settings import AnalogSensor, AnySensor, ContactSensor, PulseSensor
from edge_agent.tasks.device import Device as Agent
from edge_agent.wire.ratings import LABELS
from firmware_sim.board import SimBoard
from firmware_sim.contacts import PULSE_MS
from firmware_sim.desk import SimDesk
from firmware_sim.faults import Measure, spoil_contact, spoil_measure
from firmware_sim.fingers import Touch
from firmware_sim.forms import Bounce, Device, Drift, Frozen, Noise, SensorFault, Stuck
from firmware_sim.sight import KeySight, SensorSight, Sight, read_slip

#: A fault by hand lasts until it is mended, s.
NO_END_S = 300_000_000.0
#: The bucket of a rain gauge is tipped so often at once at most.
MOST_TIPS = 100
#: What may be wrong with a sensor of each kind.
FITTING = {
    "analog": ("frozen", "drift", "noise"),
    "contact": ("bounce", "stuck"),
    "pulse": ("bounce", "stuck"),
}


class HandsRefused(Exception):
    """This board has no such part, or it cannot be moved so; the text says why."""


class Line(Protocol):
    """The cable of one board."""

    def cut(self) -> None:
        """Pull it."""

    def mend(self) -> None:
        """Put it back."""


class Handles:
    """One board for hands and eyes, through all its lives. The world moves what no hand holds."""

    def __init__(self, form: Device, clock: Clock, seed: int = 0) -> None:
        self._form, self._clock, self._seed = form, clock, seed
        self._sensors: dict[str, AnySensor] = {s.stream: s for s in form.sensor}
        self._by_pin = {s.pin: s for s in form.sensor if isinstance(s, PulseSensor | ContactSensor)}
        self._truth: dict[str, Measure] = {}
        self._world: dict[str, bool] = {}
        self._held: dict[str, float] = {}
        self._faults: dict[str, SensorFault] = {}
        self._spoiled: dict[str, Measure] = {}
        self._moving: set[asyncio.Task[None]] = set()
        self._board: SimBoard | None = None
        self._pulled = False
        self.agent: Agent | None = None
        self.desk: SimDesk | None = None
        self.line: Line | None = None
        self.cut_power: Callable[[float], None] | None = None

    def take(self, board: SimBoard | None) -> None:
        """Another life begins on this board; None: it is dark."""
        self._board = board
        self.agent, self.desk = None, None

    # -- the world's side -----------------------------------------------------------------------------------

    def measure(self, stream: str, truth: Measure) -> Measure:
        """What an analogue sensor measures, when `truth` is what the world has for it."""
        self._truth[stream] = truth

        def measured(at_ms: int) -> float:
            return self._spoiled.get(stream, self._true(stream))(at_ms)

        return measured

    def move(self, pin: int, closed: bool) -> None:
        """The world closes or opens a contact."""
        sensor = self._by_pin[pin]
        self._world[sensor.stream] = closed
        if sensor.stream not in self._held:
            self._put(sensor, closed)

    def _true(self, stream: str) -> Measure:
        held = self._held.get(stream)
        return self._truth.get(stream, lambda _at: 0.0) if held is None else lambda _at: held

    def _look_up(self, stream: str, at_ms: int) -> float:
        return self._true(stream)(at_ms)

    # -- hands ----------------------------------------------------------------------------------------------

    def hold(self, stream: str, value: float) -> None:
        """Hold a sensor at a value; a contact closed (not 0) or open; tip a rain gauge by it. Raises HandsRefused."""
        sensor = self._find(stream)
        match sensor:
            case AnalogSensor():
                self._held[stream] = value
            case ContactSensor():
                self._held[stream] = float(bool(value))
                self._put(sensor, bool(value))
            case PulseSensor():
                self._begin(self._tip(sensor, round(value / sensor.per_pulse)))
            case _:
                raise HandsRefused(f"{stream} is a table: there is nothing to move")

    def release(self, stream: str) -> None:
        """The world moves it again. Raises HandsRefused."""
        sensor = self._find(stream)
        self._held.pop(stream, None)
        if isinstance(sensor, ContactSensor):
            self._put(sensor, self._world.get(stream, False))

    def spoil(self, stream: str, kind: str, amount: float = 0.0) -> None:
        """Spoil a sensor until it is mended: `amount` is a drift per hour or a deviation. Raises HandsRefused."""
        sensor = self._find(stream)
        if kind not in FITTING.get(sensor.kind, ()):
            raise HandsRefused(f"{stream} cannot be {kind!r}")
        fault = make_fault(kind, f"{self._form.id}/{stream}", self._clock.now(), amount, closed=self._is_closed(sensor))
        self._faults[stream] = fault
        if isinstance(fault, Frozen | Drift | Noise):
            self._spoiled[stream] = spoil_measure(partial(self._look_up, stream), [fault], self._seed)

    def mend(self, stream: str) -> None:
        """It is sound again. Raises HandsRefused."""
        sensor = self._find(stream)
        self._faults.pop(stream, None)
        self._spoiled.pop(stream, None)
        if isinstance(sensor, ContactSensor):
            self._put(sensor, bool(self._held.get(stream, self._world.get(stream, False))))

    async def press(self, score: int, touch: Touch = Touch.PRESS) -> list[str]:
        """Touch a key; what became of each press that was seen. Raises HandsRefused."""
        if self.desk is None:
            raise HandsRefused(f"{self._form.id} has no keys, or is dark")
        return await self.desk.press(score, touch)

    def load_paper(self, stock: Paper) -> None:
        """The printer has so much paper from now on. Raises HandsRefused."""
        if self._board is None or not self._has_printer:
            raise HandsRefused(f"{self._form.id} has no printer, or is dark")
        self._board.slip_printer.stock = stock

    def stand(self, here: bool) -> None:
        """Somebody comes before the presence sensor, or leaves. Raises HandsRefused."""
        if self.desk is None or self._presence_pin is None:
            raise HandsRefused(f"{self._form.id} has no presence sensor, or is dark")
        self.desk.stand(here)

    def show_card(self, line: str) -> None:
        """Hold a card to the reader, once. Raises HandsRefused."""
        if self._board is None or not self._has_reader:
            raise HandsRefused(f"{self._form.id} has no card reader, or is dark")
        self._board.show_card(line)

    @property
    def _presence_pin(self) -> int | None:
        return None if self._form.rating is None else self._form.rating.presence_pin

    @property
    def _has_reader(self) -> bool:
        return self._form.rating is not None and self._form.rating.badge_reader is not None

    @property
    def _has_printer(self) -> bool:
        return self._form.rating is not None and self._form.rating.printer is not None

    def pull_cable(self, pulled: bool) -> None:
        """Pull the cable, or put it back. Raises HandsRefused."""
        if self.line is None:
            raise HandsRefused(f"the cable of {self._form.id} belongs to its story")
        self._pulled = pulled
        (self.line.cut if pulled else self.line.mend)()

    def darken(self, for_s: float) -> None:
        """Cut the power for so long, real seconds. Raises HandsRefused."""
        if self.cut_power is None:
            raise HandsRefused(f"the power of {self._form.id} belongs to its story")
        self.cut_power(for_s)

    @property
    def scale(self) -> int:
        """How many keys it has; 0 without."""
        return 0 if self._form.rating is None else self._form.rating.scale

    def _find(self, stream: str) -> AnySensor:
        if stream not in self._sensors:
            raise HandsRefused(f"{self._form.id} has no sensor {stream!r}")
        return self._sensors[stream]

    def _is_closed(self, sensor: AnySensor) -> bool:
        return bool(self._held.get(sensor.stream, self._world.get(sensor.stream, False)))

    def _put(self, sensor: PulseSensor | ContactSensor, closed: bool) -> None:
        fault = self._faults.get(sensor.stream)
        if isinstance(fault, Bounce):
            self._begin(self._bounce(sensor, closed, fault))
        elif not isinstance(fault, Stuck):
            self._set(sensor, closed)

    def _set(self, sensor: PulseSensor | ContactSensor, closed: bool) -> None:
        if self._board is not None:
            pull_up = sensor.pull_up if isinstance(sensor, ContactSensor) else True
            self._board.set_contact(sensor.pin, closed, pull_up=pull_up)

    async def _bounce(self, sensor: PulseSensor | ContactSensor, closed: bool, fault: Bounce) -> None:
        begun = self._clock.now()
        for at, state in spoil_contact([(begun, closed)], [fault], self._seed):
            await self._clock.sleep((at - self._clock.now()) / 1000)
            self._set(sensor, state)

    async def _tip(self, sensor: PulseSensor, times: int) -> None:
        for _ in range(min(max(times, 0), MOST_TIPS)):
            self._put(sensor, True)
            await self._clock.sleep(PULSE_MS / 1000)
            self._put(sensor, False)
            await self._clock.sleep(PULSE_MS / 1000)

    def _begin(self, moving: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(moving)
        self._moving.add(task)
        task.add_done_callback(self._moving.discard)

    # -- eyes -----------------------------------------------------------------------------------------------

    def look(self) -> Sight:
        """The board as it is now."""
        board, form = self._board, self._form
        printed = board is not None and self._has_printer
        return Sight(
            device=form.id,
            role=form.role.value,
            site=form.site,
            power=board is not None,
            link=not self._pulled,
            linked=self.agent is not None and self.agent.linked,
            waiting=0 if self.agent is None else sum(self.agent.outbox.depth.values()),
            can_cut=self.line is not None,
            lamps={name: board is not None and board.is_on(pin) for name, pin in self._outputs()},
            sensors=[self._see(sensor) for sensor in form.sensor],
            keys=self._see_keys(),
            slips=[read_slip(slip) for slip in board.slip_printer.slips] if board is not None and printed else [],
            paper=board.slip_printer.stock if board is not None and printed else None,
            screen=0 if self.desk is None else self.desk.port,
            present=None if self._presence_pin is None else board is not None and board.is_on(self._presence_pin),
            reader=self._has_reader,
        )

    def _outputs(self) -> list[tuple[str, int]]:
        panel, desk = self._form.panel, self._form.rating
        named = [("siren", panel.siren_pin), ("lamp", panel.lamp_pin)]
        if desk is not None:
            named += [("buzzer", desk.buzzer_pin), ("signal", desk.signal_pin)]
        return [(name, pin) for name, pin in named if pin is not None]

    def _see(self, sensor: AnySensor) -> SensorSight:
        fault = self._faults.get(sensor.stream)
        low, high = (sensor.low, sensor.high) if isinstance(sensor, AnalogSensor) else (0.0, 1.0)
        return SensorSight(
            stream=sensor.stream,
            kind=sensor.kind,
            label=sensor.label or sensor.stream,
            label_zh=sensor.label_zh or sensor.stream,
            unit=sensor.unit,
            low=low,
            high=high,
            value=self._value(sensor),
            held=sensor.stream in self._held,
            fault="" if fault is None else fault.kind,
        )

    def _value(self, sensor: AnySensor) -> float | None:
        match sensor:
            case AnalogSensor():
                measured = self._spoiled.get(sensor.stream, self._true(sensor.stream))(self._clock.now())
                return round(min(max(measured, sensor.low), sensor.high), 3)
            case ContactSensor():
                return float(self._is_closed(sensor))
        return None

    def _see_keys(self) -> list[KeySight]:
        desk, board = self._form.rating, self._board
        if desk is None:
            return []
        lamps = desk.lamp_pins or (None,) * desk.scale
        return [
            KeySight(score, en, zh, board is not None and pin is not None and board.is_on(pin))
            for score, ((en, zh), pin) in enumerate(zip(LABELS[desk.scale], lamps, strict=True), start=1)
        ]


def make_fault(kind: str, target: str, at_ms: int, amount: float, *, closed: bool) -> SensorFault:
    """The fault of that kind from `at_ms` on without an end; `amount` as `Handles.spoil`. Raises KeyError."""
    name = f"by-hand-{kind}"
    match kind:
        case "frozen":
            return Frozen.model_construct(kind="frozen", name=name, target=target, at_ms=at_ms, for_s=NO_END_S)
        case "drift":
            return Drift.model_construct(
                kind="drift", name=name, target=target, at_ms=at_ms, for_s=NO_END_S, per_hour=amount
            )
        case "noise":
            return Noise.model_construct(
                kind="noise", name=name, target=target, at_ms=at_ms, for_s=NO_END_S, deviation=amount
            )
        case "bounce":
            return Bounce.model_construct(
                kind="bounce", name=name, target=target, at_ms=at_ms, for_s=NO_END_S, edges=5, within_ms=10
            )
        case "stuck":
            return Stuck.model_construct(
                kind="stuck", name=name, target=target, at_ms=at_ms, for_s=NO_END_S, closed=closed
            )
    raise KeyError(kind)
