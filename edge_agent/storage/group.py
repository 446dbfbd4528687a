"""What the outbox's next commit takes in: facts with who waits for them, and the gateway's word."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from edge_agent.storage.commit import Work
from edge_agent.storage.facts import Item
from edge_agent.wire.messages import GapBody, LaneAck
from edge_agent.wire.topics import Lane

LARGEST_GROUP = 2000


@dataclass
class Group:
    """One commit's facts: `waiting[i]` is who waits for `items[i]`, None for a sample."""

    items: list[Item] = field(default_factory=list)
    waiting: list[asyncio.Future[int] | None] = field(default_factory=list)
    acks: list[tuple[Lane, LaneAck]] = field(default_factory=list)
    salvaged: list[tuple[str, Lane, LaneAck]] = field(default_factory=list)

    def add(self, item: Item, stored: asyncio.Future[int] | None) -> None:
        """One more fact."""
        self.items.append(item)
        self.waiting.append(stored)

    def split(self) -> Group | None:
        """What is too much for one commit, taken out of it; None when nothing is."""
        if len(self.items) <= LARGEST_GROUP:
            return None
        rest = Group(self.items[LARGEST_GROUP:], self.waiting[LARGEST_GROUP:])
        del self.items[LARGEST_GROUP:], self.waiting[LARGEST_GROUP:]
        return rest

    def work(self, loss: GapBody | None, newest: Item | None) -> Work:
        """The same for the file's thread; `newest` is the newest fact that the device has made."""
        return Work(self.items, [w is not None for w in self.waiting], self.acks, self.salvaged, loss, newest)
