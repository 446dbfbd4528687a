"""Keeps the device's settings as they are desired from afar: remembers, applies, tries, reverts, reports."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import msgspec

from edge_agent.settings import AgentSettings
from edge_agent.storage.outbox import OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.twin import memory as decisions
from edge_agent.twin.memory import PARTS, Memory

logger = logging.getLogger(__name__)

MEMORY = "twin."
KEY = "memory"
RETRY_S = 2.0
#: The duty turns at least this often, and one piece of its work takes no longer.
TURN_S = 30.0
PART = "settings from afar"

#: Publishes `config/reported`; the future is done at PUBACK.
Publish = Callable[[bytes], asyncio.Future[None]]


class TwinDesk:
    """The twin of one device. `receive`, `reached`, `linked` are called by the uplink; `run` is the duty."""

    def __init__(self, device: Device, base: AgentSettings, memory: Memory) -> None:
        self._device = device
        self._base = base
        self._memory = memory
        self._saved = memory
        self._desired: bytes | None = None
        self._publish: Publish | None = None
        self._unsaid = True
        self._reached = False
        self._some = asyncio.Event()
        self._part_ends = 0.0

    @classmethod
    async def open(cls, device: Device) -> TwinDesk:
        """Take up where the last life ended, before any duty looks at the settings. Raises StorageError.

        A trial that was under way has lost a part of its time: settings that end the agent's life end their trial.
        """
        base = device.settings
        remembered = await device.outbox.recall(MEMORY)
        desk = cls(device, base, _read(remembered.get(KEY)))
        await desk._pay()
        return desk

    # -- what the uplink tells ------------------------------------------------------------------------------

    def receive(self, payload: bytes) -> None:
        """A `config/desired`; the newest counts."""
        self._desired = payload
        self._some.set()

    def reached(self) -> None:
        """The gateway has acknowledged something over a connection that was made with the settings of now."""
        if self._memory.trial is not None:
            self._reached = True
            self._some.set()

    def linked(self, publish: Publish) -> None:
        """A connection is up. What has been said before is not said again."""
        self._publish = publish
        if self._unsaid:
            self._say()

    # -- the duty -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """The duty: one thing after the other, and each on disk before it is in use."""
        mark = self._device.progress.begin("twin")
        while True:
            mark.beat(TURN_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s()):
                    await self._some.wait()
            self._some.clear()
            await self._work()

    def _wait_s(self) -> float:
        """Until the next part of a trial is due, or what could not be stored; on the monotonic clock."""
        waits = [RETRY_S] if self._memory is not self._saved or self._desired is not None else [TURN_S]
        if self._memory.trial is not None:
            waits.append(max(self._part_ends - _now_s(), 0.0))
        return min(waits)

    async def _work(self) -> None:
        if self._reached:
            self._reached = False
            await self._turn(decisions.confirm(self._memory))
        if self._desired is not None:
            await self._take(self._desired)
        if self._memory.trial is not None and _now_s() >= self._part_ends:
            await self._pay()
        if self._memory is not self._saved:
            await self._save(self._memory)

    async def _take(self, payload: bytes) -> None:
        """New settings are on disk before they are in use; as long as they cannot be, they wait."""
        memory = decisions.take(self._memory, self._base, payload)
        if memory is not self._memory:
            if not await self._save(memory):
                return
            self._reached = False  # what was acknowledged before says nothing of these
            self._part_ends = _now_s()
            await self._turn(memory)
        if self._desired is payload:
            self._desired = None

    async def _pay(self) -> None:
        trial_s = self._device.settings.twin.trial_s
        self._part_ends = _now_s() + trial_s / PARTS
        await self._turn(decisions.charge(self._memory, trial_s))

    async def _turn(self, memory: Memory) -> None:
        """Live by what is remembered from now on, and say so when there is something new to say."""
        before, self._memory = self._memory, memory
        await self._save(memory)
        settings = decisions.effective(self._base, memory)
        if settings != self._device.settings:
            self._device.adopt(settings)
        if memory.outcome != before.outcome:
            self._log()
            self._say()

    async def _save(self, memory: Memory) -> bool:
        if memory is self._saved:
            return True
        try:
            await self._device.outbox.note(MEMORY + KEY, msgspec.json.encode(memory).decode())
        except OutboxFull as exc:
            self._device.report(PART, exc)
            return False
        self._device.report(PART, None)
        self._saved = memory
        return True

    # -- saying ---------------------------------------------------------------------------------------------

    def _log(self) -> None:
        outcome = self._memory.outcome
        if outcome is not None:
            fields = {"device": self._device.settings.device, "version": outcome.version, "hash": outcome.hash}
            logger.info("settings from afar: %s", outcome.state.value, extra=fields)

    def _say(self) -> None:
        self._unsaid = True
        if self._publish is None:
            return
        report = decisions.report(self._memory, self._device.settings, self._device.clock.now())
        outcome = self._memory.outcome
        said = self._publish(msgspec.json.encode(report))
        said.add_done_callback(lambda done: self._note_said(done, outcome is self._memory.outcome))

    def _note_said(self, done: asyncio.Future[None], newest: bool) -> None:
        if newest and not done.cancelled() and done.exception() is None:
            self._unsaid = False


def needs_new_link(before: AgentSettings, after: AgentSettings) -> bool:
    """Whether the settings differ in what a connection is made with."""
    return (before.broker, before.outbox) != (after.broker, after.outbox)


def _read(text: str | None) -> Memory:
    if text is None:
        return Memory()
    try:
        return msgspec.json.decode(text, type=Memory)
    except msgspec.DecodeError as exc:
        logger.error("what was remembered of the settings from afar cannot be read; the own file counts: %s", exc)
        return Memory()


def _now_s() -> float:
    """The loop's own monotonic time."""
    return asyncio.get_running_loop().time()
