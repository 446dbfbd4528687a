"""What the duties of one device share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from edge_agent.hardware.board import Board
from edge_agent.hardware.clock import Clock, SystemClock
from edge_agent.identity.identity import Identity
from edge_agent.identity.personal import encode_body, seal_field
from edge_agent.settings import AgentSettings
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.tasks.progress import Progress
from edge_agent.wire.messages import ClockQuality, Notice
from edge_agent.wire.sealed import SealedText
from edge_agent.wire.tls import CertificateTime
from edge_agent.wire.topics import Lane

logger = logging.getLogger(__name__)


@dataclass
class Device:
    """One device in the middle of its life. `degraded` names what does not work, for people.

    `identity` is None for a device that speaks in the clear to its own machine. `machine_clock` is real time, whatever
    time the device lives in.
    """

    settings: AgentSettings
    board: Board
    clock: Clock
    outbox: Outbox
    identity: Identity | None = None
    machine_clock: SystemClock = field(default_factory=SystemClock)
    progress: Progress = field(default_factory=Progress)
    degraded: set[str] = field(default_factory=set)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    #: Whether there is a connection to the broker now.
    linked: bool = False

    #: The newest signed head of the evidence log that was seen (C2SP tlog-checkpoint); empty before the first.
    checkpoint: str = ""

    #: What people here must see: the newest word of the gateway, kept over restarts; None before the first.
    notice: Notice | None = None

    #: Called when there is another `notice`.
    on_notice: list[Callable[[], None]] = field(default_factory=list)

    #: Called with the settings as they were, once they have changed.
    followers: list[Callable[[AgentSettings], None]] = field(default_factory=list)
    _waits: set[asyncio.Timeout] = field(default_factory=set)

    def adopt(self, settings: AgentSettings) -> None:
        """Live by other settings from now on: the followers are told, and waits that settings measure are cut."""
        before, self.settings = self.settings, settings
        for follow in self.followers:
            follow(before)
        waits, self._waits = self._waits, set()
        for wait in waits:
            wait.reschedule(0)

    async def wait(self, duration: Awaitable[None]) -> bool:
        """Await a sleep whose length is a setting. False when it was cut because the settings have changed."""
        try:
            async with asyncio.timeout(None) as wait:
                self._waits.add(wait)
                try:
                    await duration
                finally:
                    self._waits.discard(wait)
        except TimeoutError:
            if wait.expired():
                return False
            raise
        return True

    def stamp(self, lane: Lane, kind: str, body: bytes, remember: tuple[str, str] | None = None) -> Item:
        """A fact of now."""
        clock = self.clock
        return Item(lane, kind, body, clock.now(), clock.quality(), clock.mono(), remember)

    def seal(self, field: str, plain: str) -> SealedText:
        """The text of a personal field, as a body may hold it. Raises NotSealed for a device without identity."""
        return seal_field(self.identity, field, plain)

    def record(self, kind: str, body: msgspec.Struct) -> Item:
        """A business fact of now, for the outbox. Raises NotSealed for a `Sealed` field that holds clear text."""
        return self.stamp(Lane.RECORD, kind, encode_body(body))

    def certificate_time(self) -> CertificateTime:
        """By what the broker's certificate is judged: this machine's clock, whatever time the device lives in."""
        clock = self.machine_clock
        begun = 0 if self.identity is None else self.identity.not_before_ms
        floor = max(begun, clock.floor())
        return CertificateTime(clock.now(), floor, trusted=clock.quality() is ClockQuality.NTP)

    def report(self, part: str, trouble: Exception | None) -> None:
        """Say how a part does: its trouble is logged once and named in `degraded` until it is over (None)."""
        if trouble is not None and part not in self.degraded:
            logger.error("%s: %s", part, trouble, extra={"device": self.settings.device})
            self.degraded.add(part)
        elif trouble is None and part in self.degraded:
            logger.info("%s: works again", part, extra={"device": self.settings.device})
            self.degraded.discard(part)


#: A duty runs as long as the device does; an application package adds its own.
Duty = Callable[[Device], Awaitable[None]]
