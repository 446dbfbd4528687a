"""The places at which a program can be made to die, and the connection that has two of them around each sending."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import copy_context
from enum import StrEnum
from typing import NamedTuple

from edge_agent.wire.session import Session


class Side(StrEnum):
    """Of an await: before it begins, or when it is done and nobody has been told."""

    BEFORE = "before"
    AFTER = "after"


class Place(NamedTuple):
    """Where to die."""

    step: str
    side: Side


def _both_sides(*steps: str) -> tuple[Place, ...]:
    return tuple(Place(step, side) for step in steps for side in Side)


#: put and delete are outbox commits that take in or let go, send is a frame's publish.
DEVICE_PLACES = _both_sides("connect", "put", "read", "send", "delete")
#: claim, ledger and standing are transactions, store is the series write, ack goes to the device, puback to the
#: broker; statement is inside of a transaction.
GATEWAY_PLACES = (
    *_both_sides("claim", "store", "ledger", "ack", "standing", "puback"),
    Place("statement", Side.BEFORE),
)


class Snares:
    """Lie at places of one program, and do something when it gets there for the n-th time. Made outside of it."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.places = tuple(places)
        self.sprung: Counter[Place] = Counter()
        self._outside = copy_context()
        self._laid: dict[Place, tuple[int, Callable[[], None]]] = {}

    def lay(self, place: Place, passes: int, spring: Callable[[], None]) -> None:
        """Call `spring` at the place, after it has been passed `passes` times; one that lies there is taken up."""
        assert place in self.places
        self._laid[place] = (passes, spring)

    def take_up(self) -> None:
        """Let the program pass everywhere."""
        self._laid.clear()

    def reach(self, step: str, side: Side) -> None:
        """The program is there."""
        place = Place(step, side)
        passes, spring = self._laid.pop(place, (0, None))
        if passes and spring is not None:
            self._laid[place] = (passes - 1, spring)
        elif spring is not None:
            self.sprung[place] += 1
            self._outside.copy().run(spring)  # what it sets going does not die with the program

    async def cross(self, step: str, side: Side) -> None:
        """The same with a pause, from which a killed program does not return."""
        self.reach(step, side)
        await asyncio.sleep(0)


class SnaredSession:
    """A session with places around what it sends: `send` of frames, `ack`, `puback`."""

    def __init__(self, session: Session, snares: Snares) -> None:
        self._session = session
        self._snares = snares

    @property
    def receive_maximum(self) -> int:
        return self._session.receive_maximum

    async def keep_alive(self) -> str:
        return await self._session.keep_alive()

    async def subscribe(self, filters: Iterable[str]) -> None:
        await self._session.subscribe(filters)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> asyncio.Future[None]:
        self._snares.reach("send", Side.BEFORE)
        future = self._session.publish(topic, payload, retain=retain)
        self._snares.reach("send", Side.AFTER)
        return future

    def send(self, topic: str, payload: bytes) -> None:
        self._snares.reach("ack", Side.BEFORE)
        self._session.send(topic, payload)
        self._snares.reach("ack", Side.AFTER)

    def acknowledge(self, tokens: Iterable[int]) -> None:
        self._snares.reach("puback", Side.BEFORE)
        self._session.acknowledge(tokens)
        self._snares.reach("puback", Side.AFTER)
