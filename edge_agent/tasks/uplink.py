"""Keeps the device in touch with the gateway: presence, birth, sending, and acting on acknowledgements."""

from __future__ import annotations

import asyncio
import logging
from importlib.metadata import version

import msgspec

from edge_agent.settings import AgentSettings
from edge_agent.storage.outbox import OutboxFull
from edge_agent.tasks.device import Device
from edge_agent.tasks.heads import HeadDesk
from edge_agent.tasks.notices import NoticeDesk
from edge_agent.tasks.sending import Sender
from edge_agent.tasks.twin import TwinDesk, needs_new_link
from edge_agent.wire.messages import (
    Ack,
    Birth,
    Presence,
    PresenceState,
    RuleInfo,
    StreamInfo,
)
from edge_agent.wire.session import Connect, Delivery, LinkOptions, Session, Will, stay_connected
from edge_agent.wire.topics import Lane, Leaf, Topic

logger = logging.getLogger(__name__)

WILL_DELAY_S = 30
NUMBER_RETRY_S = 10.0
#: The sender turns at least this often, and an attempt to connect with the pause before the next takes no longer.
TURN_S, ATTEMPT_S = 30.0, 240.0

_ack_decoder = msgspec.json.Decoder(Ack)


class Uplink:
    """The sending side of one device, across connections."""

    def __init__(
        self,
        device: Device,
        rules: list[RuleInfo],
        *,
        connect: Connect,
        twin: TwinDesk | None = None,
        notices: NoticeDesk | None = None,
        heads: HeadDesk | None = None,
    ) -> None:
        self._device = device
        self._rules = rules
        self._connect = connect
        self._twin = twin
        self._notices = notices
        self._heads = heads
        self._connection: Session | None = None
        self._undeclared = False
        self._made_with = device.settings
        identity = device.identity
        self._tls = None if identity is None else identity.context(device.certificate_time)
        self._conn = 0
        self._sender = Sender(device)
        self._mark = device.progress.begin("uplink")
        device.followers.append(self._follow)

    async def run(self) -> None:
        """The duty: connect, announce, send; again after every loss."""
        await stay_connected(self._prepare, self._on_delivery, self._serve, connect=self._connect)

    async def _prepare(self) -> LinkOptions:
        """The connection number is on disk before CONNECT, so that an old will can be told from a new one."""
        self._conn = await self._next_connection()
        will = Will(self._topic(Leaf.PRESENCE), self._presence(PresenceState.LOST), WILL_DELAY_S)
        self._made_with = settings = self._device.settings
        broker, device = settings.broker, settings.device
        return LinkOptions(broker.host, broker.port, device, broker.keepalive_s, will=will, tls=self._tls)

    async def _next_connection(self) -> int:
        while True:
            self._mark.beat(ATTEMPT_S)
            try:
                number = await self._device.outbox.next_connection()
            except OutboxFull as exc:
                self._device.report("connection number", exc)
                await asyncio.sleep(NUMBER_RETRY_S)
            else:
                self._device.report("connection number", None)
                return number

    def _follow(self, _before: AgentSettings) -> None:
        """Settings have changed: what the birth declares is said anew, if need be over a new connection."""
        self.declare_again()

    def declare_again(self) -> None:
        """There is more to say, or other things, than the last birth did."""
        self._undeclared = True
        self._device.outbox.changed.set()

    async def _serve(self, connection: Session) -> None:
        self._connection = connection
        self._sender.begin(connection)
        await connection.subscribe([self._topic(leaf) for leaf in (Leaf.ACK, Leaf.NOTICE, Leaf.DESIRED)])
        connection.publish(self._topic(Leaf.PRESENCE), self._presence(PresenceState.ONLINE), retain=True)
        self._declare(connection)
        if self._twin is not None:
            topic = self._topic(Leaf.REPORTED)
            self._twin.linked(lambda payload: connection.publish(topic, payload, retain=True))
        self._device.linked = True
        try:
            await self._send(connection)
        finally:
            self._device.linked = False
            connection.publish(self._topic(Leaf.PRESENCE), self._presence(PresenceState.OFFLINE), retain=True)

    def _declare(self, connection: Session) -> None:
        self._undeclared = False
        connection.publish(self._topic(Leaf.BIRTH), msgspec.json.encode(self._birth()), retain=True)

    # -- sending --------------------------------------------------------------------------------------------

    async def _send(self, connection: Session) -> None:
        changed = self._device.outbox.changed
        while not needs_new_link(self._made_with, self._device.settings):
            changed.clear()
            self._mark.beat(TURN_S)
            if self._undeclared:
                self._declare(connection)
            await self._sender.send(connection)
            try:
                async with asyncio.timeout(self._wait_s()):  # wait_for of Python 3.11 can miss a cancellation
                    await changed.wait()
            except TimeoutError:
                self._sender.resend()

    def _wait_s(self) -> float:
        """Until the sender has something to do; TURN_S when there is nothing to wait for but a change."""
        wait = self._sender.wait_s()
        return TURN_S if wait is None else min(wait, TURN_S)

    # -- receiving ------------------------------------------------------------------------------------------

    def _on_delivery(self, delivery: Delivery) -> None:
        """An `ack`, `config/desired` or `notice`; anything else is not for this device."""
        if delivery.topic == self._topic(Leaf.DESIRED):
            self._take_desired(delivery)
        if delivery.topic == self._topic(Leaf.NOTICE):
            self._take_notice(delivery)
        if delivery.topic != self._topic(Leaf.ACK) or delivery.retain:
            return  # the gateway never retains an ack
        try:
            ack = _ack_decoder.decode(delivery.payload)
            if self._sender.take_ack(ack):
                self._note_reached()
            if self._heads is not None and ack.checkpoint:
                self._heads.receive(ack.checkpoint)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as exc:
            logger.warning("an ack cannot be read: %s", exc)

    def _take_desired(self, delivery: Delivery) -> None:
        """PUBACK at once: it is retained, and the gateway says it again at every birth."""
        if self._connection is not None:
            self._connection.acknowledge([delivery.token])
        if self._twin is not None and delivery.payload:  # without one, what was desired has been taken back
            self._twin.receive(delivery.payload)

    def _take_notice(self, delivery: Delivery) -> None:
        """PUBACK at once: it is retained."""
        if self._connection is not None:
            self._connection.acknowledge([delivery.token])
        if self._notices is not None and delivery.payload:
            self._notices.receive(delivery.payload)

    def _note_reached(self) -> None:
        """What comes over a connection of other settings says nothing of these."""
        if self._twin is not None and not needs_new_link(self._made_with, self._device.settings):
            self._twin.reached()

    # -- messages -------------------------------------------------------------------------------------------

    def _topic(self, part: Lane | Leaf) -> str:
        return str(Topic(self._device.settings.device, part))

    def _presence(self, state: PresenceState) -> bytes:
        at = self._device.machine_clock.now()  # presence lives in real time
        return msgspec.json.encode(Presence(state, self._device.outbox.epoch, self._conn, at))

    def _birth(self) -> Birth:
        device = self._device
        return Birth(
            role=device.settings.role,
            software=version("weiran"),
            serial=device.board.serial,
            epoch=device.outbox.epoch,
            boot=device.outbox.boot,
            heartbeat_s=device.settings.heartbeat_s,
            at=device.clock.now(),
            mono=device.clock.mono(),
            streams=describe_streams(device.settings),
            rules=self._rules,
            simulated=device.board.simulated,
        )


def describe_streams(settings: AgentSettings) -> list[StreamInfo]:
    """The streams as the birth message declares them."""
    return [
        StreamInfo(
            name=s.stream,
            unit=s.unit,
            interval_s=s.max_interval_s if s.deadband else max(s.interval_s, 0.001),
            label=s.label,
            label_zh=s.label_zh,
            predicts=getattr(s, "predicts", None),
        )
        for s in settings.sensor
    ]
