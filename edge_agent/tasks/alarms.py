"""Applies the edge rules to samples: siren and lamp at once, then the alarm record."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator

import msgspec

from edge_agent.hardware.board import HardwareError, Output
from edge_agent.rules import NS, Change, Rise, Trigger
from edge_agent.settings import AgentSettings, AnyRule, ContactRule, ResidualRule, RiseRule
from edge_agent.storage.outbox import Item, OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import ALARM, AlarmBody, AlarmState, RuleInfo
from edge_agent.wire.topics import Lane

logger = logging.getLogger(__name__)

CONTACT_ABOVE, CONTACT_CLEAR = 1.0, 0.0
RETRY_S = 1.0
MEMORY = "rule."
#: A prediction counts for so many sampling intervals of its stream.
PREDICTION_INTERVALS = 3


class Watch:
    """One rule and where it stands. A prediction older than `stale_s` is forgotten."""

    def __init__(self, rule: AnyRule, unit: str, stale_s: float) -> None:
        self.rule = rule
        above, clear = (CONTACT_ABOVE, CONTACT_CLEAR) if isinstance(rule, ContactRule) else (rule.above, rule.clear)
        self.unit = f"{unit}/h" if isinstance(rule, RiseRule) else unit
        self.trigger = Trigger(above, clear, rule.hold_s)
        self._rise = Rise(rule.window_s) if isinstance(rule, RiseRule) else None
        self._stale_ns = stale_s * NS
        self._predicted: tuple[float, int] | None = None
        self.judged = False
        self.declared: bool | None = None  # its standing as the birth message has it
        self.known = False  # whether it ever had one

    def follow(self, rule: AnyRule, stale_s: float) -> None:
        """Judge by other limits from the next value on; an alarm that stands, and what was seen, stay."""
        self.rule, self._stale_ns = rule, stale_s * NS
        if not isinstance(rule, ContactRule):
            self.trigger.above, self.trigger.clear = rule.above, rule.clear
        self.trigger.hold_s = rule.hold_s
        if self._rise is not None and isinstance(rule, RiseRule):
            self._rise.window_s = rule.window_s

    @property
    def info(self) -> RuleInfo:
        """The rule as the birth message declares it."""
        rule = self.rule
        return RuleInfo(
            name=rule.name,
            stream=rule.stream,
            type=rule.type,
            limit=self.trigger.above,
            unit=self.unit,
            severity=rule.severity,
            label=rule.label,
            label_zh=rule.label_zh,
            raised=self.standing,
        )

    @property
    def standing(self) -> bool | None:
        """Whether the rule stands raised; None before its first value, and while the condition has to hold."""
        if self.trigger.raised:
            return True
        return False if self.judged and self.trigger.since is None else None

    def quantity(self, stream: str, value: float, mono: int) -> float | None:
        """What the trigger looks at after this sample; None when it says nothing to this rule."""
        if isinstance(self.rule, ResidualRule) and stream == self.rule.predicted:
            self._predicted = value, mono
            return None
        if stream != self.rule.stream:
            return None
        if self._rise is not None:
            return self._rise.update(value, mono)
        if isinstance(self.rule, ResidualRule):
            return self._residual(value, mono)
        return value

    def _residual(self, value: float, mono: int) -> float | None:
        if self._predicted is not None and mono - self._predicted[1] > self._stale_ns:
            self._predicted = None
        return None if self._predicted is None else value - self._predicted[0]


def make_watches(settings: AgentSettings) -> list[Watch]:
    """A watch for every rule, in the settings' order."""
    sensors = {sensor.stream: sensor for sensor in settings.sensor}
    return [Watch(rule, sensors[rule.stream].unit, _stale_s(rule, settings)) for rule in settings.rule]


def _stale_s(rule: AnyRule, settings: AgentSettings) -> float:
    """How long a prediction of the rule's counts, s."""
    name = getattr(rule, "predicted", rule.stream)
    return PREDICTION_INTERVALS * next(s.interval_s for s in settings.sensor if s.stream == name)


class AlarmDesk:
    """All rules of a device. `see` is called with every sample; the records are written by `write_alarms`."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.watches = make_watches(device.settings)
        #: As the birth message declares them; kept as they are now.
        self.rules = [watch.info for watch in self.watches]
        #: Called when it is known for the first time how a rule stands: the birth has more to say.
        self.on_known: Callable[[], None] = lambda: None
        device.followers.append(self._follow)
        self._unwritten: deque[Item] = deque()
        self._some = asyncio.Event()
        self._outputs = list(self._open_outputs())

    def _follow(self, _before: AgentSettings) -> None:
        settings = self._device.settings
        for watch, rule in zip(self.watches, settings.rule, strict=True):
            watch.follow(rule, _stale_s(rule, settings))
        self._describe()

    def _describe(self) -> None:
        self.rules[:] = [watch.info for watch in self.watches]

    def _note_standing(self, watch: Watch) -> None:
        watch.judged = True
        if watch.standing is watch.declared:
            return
        watch.declared = watch.standing
        self._describe()
        if not watch.known:
            watch.known = True
            self.on_known()

    def _open_outputs(self) -> Iterator[Output]:
        """A siren or lamp that cannot be opened leaves the other, and the agent, at work."""
        panel = self._device.settings.panel
        for pin in (panel.siren_pin, panel.lamp_pin):
            if pin is None:
                continue
            try:
                yield self._device.board.output(pin)
            except HardwareError as exc:
                self._tell_of_output(exc)

    async def restore(self) -> None:
        """Take up where the last life of the agent ended: an alarm stands on, unless its rule is gone."""
        remembered = await self._device.outbox.recall(MEMORY)
        raised = {name: body for name, text in remembered.items() if (body := _raised(text)) is not None}
        for watch in self.watches:
            watch.trigger.raised = raised.pop(watch.rule.name, None) is not None
            watch.declared, watch.known = watch.standing, watch.trigger.raised
        for body in raised.values():
            logger.warning("the rule %s is gone; its alarm is cleared", body.rule)
            cleared = msgspec.structs.replace(body, state=AlarmState.CLEARED, since=self._device.clock.now())
            self._say(cleared)
        self._describe()
        self._switch_outputs()

    def see(self, stream: str, value: float, at: int, mono: int) -> None:
        """Judge a sample by every rule; switches siren and lamp before anything is stored."""
        for watch in self.watches:
            quantity = watch.quantity(stream, value, mono)
            self._tell_of_prediction(watch, stream, quantity)
            if quantity is None:
                continue
            since = watch.trigger.since
            change = watch.trigger.update(quantity, mono)
            self._note_standing(watch)
            if change is not None:
                self._switch_outputs()
                began = at - (mono - (since if since is not None else mono)) // 1_000_000
                self._tell_of_change(watch, change, quantity, began)

    def _switch_outputs(self) -> None:
        """A siren that fails is told of, and must not keep the alarm from being recorded."""
        sound = any(watch.trigger.raised and watch.rule.siren for watch in self.watches)
        for output in self._outputs:
            try:
                output.set(sound)
            except HardwareError as exc:
                self._tell_of_output(exc)

    def _tell_of_output(self, exc: HardwareError) -> None:
        logger.error("siren or lamp: %s", exc)
        self._device.degraded.add("siren or lamp")

    def _tell_of_prediction(self, watch: Watch, stream: str, quantity: float | None) -> None:
        """A rule that lacks its prediction cannot warn: people are told."""
        if not isinstance(watch.rule, ResidualRule) or stream != watch.rule.stream:
            return
        name = f"rule {watch.rule.name}: no prediction"
        (self._device.degraded.add if quantity is None else self._device.degraded.discard)(name)

    def _tell_of_change(self, watch: Watch, change: Change, quantity: float, since: int) -> None:
        self._say(
            AlarmBody(
                rule=watch.rule.name,
                stream=watch.rule.stream,
                state=AlarmState(change.value),
                value=round(quantity, 6),
                limit=watch.trigger.above,
                unit=watch.unit,
                since=since,
            )
        )

    def _say(self, body: AlarmBody) -> None:
        """Hand over a record, remembered whole: should its rule be gone in the next life, it can still be cleared."""
        encoded = msgspec.json.encode(body)
        memory = (MEMORY + body.rule, encoded.decode())
        self._unwritten.append(self._device.stamp(Lane.ALARM, ALARM, encoded, memory))
        self._some.set()

    async def write_alarms(self) -> None:
        """The duty: put every alarm into the outbox, in order, and keep at it while the disk refuses."""
        while True:
            await self._some.wait()
            self._some.clear()
            if not await self._put_all():
                self._some.set()
                await asyncio.sleep(RETRY_S)

    async def flush(self) -> None:
        """Before the outbox closes: what a rule has said is stored, unless the disk refuses it now."""
        if not await self._put_all():
            logger.error("%d alarms could not be stored", len(self._unwritten))

    async def _put_all(self) -> bool:
        """Whether all is stored; what the disk refused stays the next in line."""
        while self._unwritten:
            item = self._unwritten.popleft()
            try:
                await self._device.outbox.put(item)
            except OutboxFull as exc:
                self._unwritten.appendleft(item)
                self._device.report("alarm", exc)
                return False
        self._device.report("alarm", None)
        return True


def _raised(text: str) -> AlarmBody | None:
    """The alarm that was remembered as standing."""
    try:
        body = msgspec.json.decode(text, type=AlarmBody)
    except msgspec.DecodeError:
        logger.warning("what was remembered of a rule cannot be read: %s", text)
        return None
    return body if body.state is AlarmState.RAISED else None
