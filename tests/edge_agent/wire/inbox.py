"""Where a test finds what a connection delivered."""

from __future__ import annotations

import asyncio

from edge_agent.wire.session import Delivery

LIMIT_S = 30.0


class Inbox:
    """Deliveries as they come."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Delivery] = asyncio.Queue()

    def __call__(self, delivery: Delivery) -> None:
        self.queue.put_nowait(delivery)

    async def take(self, count: int) -> list[Delivery]:
        return [await asyncio.wait_for(self.queue.get(), LIMIT_S) for _ in range(count)]
