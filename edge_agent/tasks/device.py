"""What the duties of one device share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from edge_agent.hardware.board import Board
from edge_agent.hardware.clock import Clock
from edge_agent.settings import AgentSettings
from edge_agent.storage.outbox import Item, Outbox
from edge_agent.wire.topics import Lane

logger = logging.getLogger(__name__)


@dataclass
class Device:
    """One device in the middle of its life. `degraded` names what does not work, for people."""

    settings: AgentSettings
    board: Board
    clock: Clock
    outbox: Outbox
    degraded: set[str] = field(default_factory=set)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stamp(self, lane: Lane, kind: str, body: bytes, remember: tuple[str, str] | None = None) -> Item:
        """A fact of now."""
        clock = self.clock
        return Item(lane, kind, body, clock.now(), clock.quality(), clock.mono(), remember)

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
