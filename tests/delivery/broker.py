"""A broker as bad as brokers are, in memory: it delays, mixes topics, sends twice, loses what it has acknowledged.

What it keeps of MQTT 5: order within a topic, sessions that outlive a connection, QoS 1 messages sent again on
reconnect until acknowledged, Receive Maximum, retained messages, take-over of a client id. The faults are those of
faults.md F1: PUBACK for messages that are then lost, full queues, and everything gone with a kill.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import NamedTuple

from edge_agent.wire.session import Delivery, LinkError, LinkOptions, Refused
from tests.delivery.loop import this_life

#: Messages kept for a client that is away; more are dropped although they were acknowledged.
MAX_QUEUED = 60


@dataclass
class Faults:
    """How often what goes wrong. `healed` ends it."""

    lost_after_puback: float = 0.03
    sent_twice: float = 0.05
    puback_lost: float = 0.03
    refused: float = 0.02
    ack_lost: float = 0.05

    def heal(self) -> None:
        """From now on nothing goes wrong."""
        self.lost_after_puback = self.sent_twice = self.puback_lost = self.refused = self.ack_lost = 0.0


class Message(NamedTuple):
    """What the broker passes on."""

    topic: str
    payload: bytes
    retain: bool
    qos: int


class _Wire:
    """One direction of a connection: in order, each message after a while; cut, some of the rest still arrives."""

    def __init__(self, lots: random.Random, outside: Context) -> None:
        self._lots = lots
        self._outside = outside  # what is sent does not die with the sender
        self._under_way: deque[Callable[[], None]] = deque()
        self._last = 0.0
        self.dumb = False

    def carry(self, arrive: Callable[[], None]) -> None:
        """Have `arrive` called at the other end."""
        if self.dumb:
            return
        loop = asyncio.get_running_loop()
        self._last = max(self._last, loop.time() + self._lots.expovariate(100)) + 1e-6
        self._under_way.append(arrive)
        loop.call_at(self._last, self._arrive, context=self._outside)

    def _arrive(self) -> None:
        if self._under_way:
            self._under_way.popleft()()

    def cut(self) -> None:
        """Nothing more is taken; of what is under way the first few arrive."""
        self.dumb = True
        for _ in range(self._lots.randint(0, len(self._under_way))):
            self._under_way.pop()


@dataclass
class _Mailbox:
    """What the broker knows of one client, connected or not."""

    filters: list[str] = field(default_factory=list)
    queues: dict[str, deque[Message]] = field(default_factory=dict)
    unacknowledged: dict[int, Message] = field(default_factory=dict)
    connection: MemorySession | None = None
    token: int = 0

    @property
    def waiting(self) -> int:
        return sum(map(len, self.queues.values()))

    def requeue(self) -> None:
        """What was not acknowledged comes again, before the rest."""
        for token in sorted(self.unacknowledged, reverse=True):
            message = self.unacknowledged.pop(token)
            self.queues.setdefault(message.topic, deque()).appendleft(message)


class Broker:
    """See the module. Make it outside of any life."""

    def __init__(self, lots: random.Random, receive_maximum: int) -> None:
        self.lots = lots
        self.faults = Faults()
        self.receive_maximum = receive_maximum
        self.is_up = True
        self._outside = copy_context()
        self._mailboxes: dict[str, _Mailbox] = {}
        self._retained: dict[str, bytes] = {}

    # -- life ---------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """Everything in memory is gone: sessions, queues, retained messages, connections."""
        self.is_up = False
        for mailbox in self._mailboxes.values():
            if mailbox.connection is not None:
                mailbox.connection.sever("the broker died")
        self._mailboxes.clear()
        self._retained.clear()

    def start(self) -> None:
        """Up again, with nothing."""
        self.is_up = True

    def connect(self, options: LinkOptions, on_delivery: Callable[[Delivery], None]) -> MemorySession:
        """A connection for the life it is called in; an older one of the same client ends."""
        if not self.is_up:
            raise LinkError("nobody answers")
        mailbox = self._mailboxes.setdefault(options.client_id, _Mailbox())
        if mailbox.connection is not None:
            mailbox.connection.sever("taken over")
        mailbox.connection = MemorySession(self, mailbox, options, on_delivery)
        mailbox.requeue()
        return mailbox.connection

    def connection(self, client_id: str) -> MemorySession | None:
        """The standing connection of a client."""
        mailbox = self._mailboxes.get(client_id)
        return None if mailbox is None else mailbox.connection

    # -- messages -----------------------------------------------------------------------------------------

    def take(self, message: Message) -> None:
        """A message has come in: keep it if it is to be retained, and hand it to those who asked for it."""
        if message.retain:
            self._retained[message.topic] = message.payload
        for mailbox in list(self._mailboxes.values()):
            if any(_matches(f, message.topic) for f in mailbox.filters):
                self._queue(mailbox, message._replace(retain=False))

    def subscribe(self, mailbox: _Mailbox, filters: Iterable[str]) -> None:
        """Add filters, and send what is retained under them."""
        mailbox.filters += [f for f in filters if f not in mailbox.filters]
        for topic, payload in self._retained.items():
            if any(_matches(f, topic) for f in mailbox.filters):
                self._queue(mailbox, Message(topic, payload, True, 1))

    def _queue(self, mailbox: _Mailbox, message: Message) -> None:
        if message.qos == 0 and mailbox.connection is None:
            return
        if mailbox.waiting < MAX_QUEUED:
            mailbox.queues.setdefault(message.topic, deque()).append(message)
        self.pump(mailbox)

    def wire(self) -> _Wire:
        """One direction of a new connection."""
        return _Wire(random.Random(self.lots.random()), self._outside)

    def pump(self, mailbox: _Mailbox) -> None:
        """Send on what the client can take, from topics in any order."""
        while (connection := mailbox.connection) is not None:
            topics = sorted(topic for topic, queue in mailbox.queues.items() if queue)
            if not topics or len(mailbox.unacknowledged) >= connection.options.receive_maximum:
                return
            message = mailbox.queues[self.lots.choice(topics)].popleft()
            for _ in range(2 if self.lots.random() < self.faults.sent_twice else 1):
                mailbox.token += 1
                if message.qos:
                    mailbox.unacknowledged[mailbox.token] = message
                connection.hand_over(Delivery(message.topic, message.payload, message.retain, mailbox.token))


class MemorySession:
    """A client's end of a connection: what `edge_agent.wire.session.Session` asks for. It dies with its life."""

    def __init__(
        self, broker: Broker, mailbox: _Mailbox, options: LinkOptions, on_delivery: Callable[[Delivery], None]
    ) -> None:
        self.options = options
        self._broker = broker
        self._mailbox = mailbox
        self._on_delivery = on_delivery
        self._owner = copy_context()
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._up, self._down = broker.wire(), broker.wire()
        self._published: list[asyncio.Future[None]] = []
        this_life().hold(lambda: self.sever("its program died"))

    @property
    def receive_maximum(self) -> int:
        return self._broker.receive_maximum

    # -- what goes wrong with it --------------------------------------------------------------------------

    def sever(self, reason: str) -> None:
        """The connection ends, and both sides know it."""
        self._up.cut()
        self._down.cut()
        if self._mailbox.connection is self:
            self._mailbox.connection = None
        if not self._lost.done():
            self._lost.set_result(reason)
        for future in self._published:
            if not future.done():
                future.set_exception(LinkError(f"connection lost: {reason}"))

    def mute(self, until_s: float) -> None:
        """Nothing passes any more, and nobody notices before `until_s` from now."""
        self._up.dumb = self._down.dumb = True
        asyncio.get_running_loop().call_later(until_s, self.sever, "keep-alive ran out")

    # -- what the client does -----------------------------------------------------------------------------

    async def keep_alive(self) -> str:
        return await asyncio.shield(self._lost)

    async def subscribe(self, filters: Iterable[str]) -> None:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._published.append(granted)
        granted.add_done_callback(_retrieve)
        names = list(filters)

        def arrive() -> None:
            self._back(granted, None)
            self._broker.subscribe(self._mailbox, names)

        self._up.carry(arrive)
        await granted

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_retrieve)
        if self._lost.done():
            future.set_exception(LinkError("not connected"))
            return future
        self._published.append(future)
        self._up.carry(lambda: self._arrived(Message(topic, payload, retain, 1), future))
        return future

    def send(self, topic: str, payload: bytes) -> None:
        if self._broker.lots.random() >= self._broker.faults.ack_lost:
            self._up.carry(lambda: self._broker.take(Message(topic, payload, False, 0)))

    def acknowledge(self, tokens: Iterable[int]) -> None:
        listed = list(tokens)
        self._up.carry(lambda: self._acknowledged(listed))

    # -- what the broker does -----------------------------------------------------------------------------

    def hand_over(self, delivery: Delivery) -> None:
        """Send a message to the client."""

        def arrive() -> None:
            asyncio.get_running_loop().call_soon(self._deliver, delivery, context=self._owner)

        self._down.carry(arrive)

    def _deliver(self, delivery: Delivery) -> None:
        if not self._lost.done():
            self._on_delivery(delivery)

    def _arrived(self, message: Message, future: asyncio.Future[None]) -> None:
        lots, faults = self._broker.lots, self._broker.faults
        if lots.random() < faults.refused:
            self._back(future, Refused("quota exceeded"))
            return
        if lots.random() >= faults.puback_lost:
            self._back(future, None)
        if lots.random() >= faults.lost_after_puback:
            self._broker.take(message)

    def _acknowledged(self, tokens: Iterable[int]) -> None:
        for token in tokens:
            self._mailbox.unacknowledged.pop(token, None)
        self._broker.pump(self._mailbox)

    def _back(self, future: asyncio.Future[None], error: Exception | None) -> None:
        """Answer the client."""

        def arrive() -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self._down.carry(arrive)


def _matches(pattern: str, topic: str) -> bool:
    """MQTT 5, 4.7: `+` stands for one level."""
    wanted, given = pattern.split("/"), topic.split("/")
    return len(wanted) == len(given) and all(w in ("+", g) for w, g in zip(wanted, given, strict=True))


def _retrieve(future: asyncio.Future[None]) -> None:
    """Mark a failure as seen: callers may let the future go."""
    if not future.cancelled():
        future.exception()
