"""Applies the edge rules to samples: siren and lamp at once, then the alarm record."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from edge_agent.hardware.board import HardwareError, Output
from edge_agent.rules import Change, Rise, Trigger
from edge_agent.settings import AnyRule, ContactRule, ResidualRule, RiseRule
from edge_agent.storage.outbox import Item, OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.wire.messages import ALARM, AlarmBody, AlarmState, RuleInfo
from edge_agent.wire.topics import Lane

logger = logging.getLogger(__name__)

CONTACT_ABOVE, CONTACT_CLEAR = 1.0, 0.0
RETRY_S = 1.0
MEMORY = "rule."


class Watch:
    """One rule and where it stands."""

    def __init__(self, rule: AnyRule, unit: str) -> None:
        self.rule = rule
        above, clear = (CONTACT_ABOVE, CONTACT_CLEAR) if isinstance(rule, ContactRule) else (rule.above, rule.clear)
        self.unit = f"{unit}/h" if isinstance(rule, RiseRule) else unit
        self.trigger = Trigger(above, clear, rule.hold_s)
        self._rise = Rise(rule.window_s) if isinstance(rule, RiseRule) else None
        self._predicted: float | None = None

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
        )

    def quantity(self, stream: str, value: float, mono: int) -> float | None:
        """What the trigger looks at after this sample; None when it says nothing to this rule."""
        if isinstance(self.rule, ResidualRule) and stream == self.rule.predicted:
            self._predicted = value
            return None
        if stream != self.rule.stream:
            return None
        if self._rise is not None:
            return self._rise.update(value, mono)
        if isinstance(self.rule, ResidualRule):
            return None if self._predicted is None else value - self._predicted
        return value


class AlarmDesk:
    """All rules of a device. `see` is called with every sample; the records are written by `write_alarms`."""

    def __init__(self, device: Device) -> None:
        units = {sensor.stream: sensor.unit for sensor in device.settings.sensor}
        self._device = device
        self.watches = [Watch(rule, units[rule.stream]) for rule in device.settings.rule]
        self._unwritten: asyncio.Queue[Item] = asyncio.Queue()
        panel = device.settings.panel
        pins = [pin for pin in (panel.siren_pin, panel.lamp_pin) if pin is not None]
        self._outputs: list[Output] = [device.board.output(pin) for pin in pins]

    async def restore(self) -> None:
        """Take up where the last life of the agent ended: an alarm that stood still stands."""
        remembered = await self._device.outbox.recall(MEMORY)
        for watch in self.watches:
            watch.trigger.raised = remembered.get(watch.rule.name) == AlarmState.RAISED
        self._switch_outputs()

    def see(self, stream: str, value: float, at: int, mono: int) -> None:
        """Judge a sample by every rule; switches siren and lamp before anything is stored."""
        for watch in self.watches:
            quantity = watch.quantity(stream, value, mono)
            if quantity is None:
                continue
            since = watch.trigger.since
            change = watch.trigger.update(quantity, mono)
            if change is not None:
                self._switch_outputs()
                began = at - (mono - (since if since is not None else mono)) // 1_000_000
                self._unwritten.put_nowait(self._alarm(watch, change, quantity, began))

    def _switch_outputs(self) -> None:
        """A siren that fails is told of, and must not keep the alarm from being recorded."""
        sound = any(watch.trigger.raised and watch.rule.siren for watch in self.watches)
        for output in self._outputs:
            try:
                output.set(sound)
            except HardwareError as exc:
                logger.error("siren or lamp: %s", exc)
                self._device.degraded.add("siren or lamp")

    def _alarm(self, watch: Watch, change: Change, quantity: float, since: int) -> Item:
        state = AlarmState(change.value)
        body = AlarmBody(
            rule=watch.rule.name,
            stream=watch.rule.stream,
            state=state,
            value=round(quantity, 6),
            limit=watch.trigger.above,
            unit=watch.unit,
            since=since,
        )
        remember = (MEMORY + watch.rule.name, state.value)
        return self._device.stamp(Lane.ALARM, ALARM, msgspec.json.encode(body), remember)

    async def write_alarms(self) -> None:
        """The duty: put every alarm into the outbox, and keep at it while the disk refuses."""
        while True:
            await self._put(await self._unwritten.get())

    async def flush(self) -> None:
        """Before the outbox closes: what a rule has said is stored, unless the disk refuses it now."""
        while not self._unwritten.empty():
            try:
                await self._device.outbox.put(self._unwritten.get_nowait())
            except OutboxFull as exc:
                logger.error("an alarm cannot be stored: %s", exc)

    async def _put(self, item: Item) -> None:
        while True:
            try:
                await self._device.outbox.put(item)
            except OutboxFull as exc:
                if "alarm" not in self._device.degraded:
                    logger.error("an alarm cannot be stored: %s", exc)
                self._device.degraded.add("alarm")
                await self._wait_with(item)
            else:
                self._device.degraded.discard("alarm")
                return

    async def _wait_with(self, item: Item) -> None:
        """Wait before the next try; a stop meanwhile leaves the item to `flush`."""
        try:
            await asyncio.sleep(RETRY_S)
        except asyncio.CancelledError:
            self._unwritten.put_nowait(item)
            raise
