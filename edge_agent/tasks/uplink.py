"""Keeps the device in touch with the gateway: presence, birth, sending, and acting on acknowledgements."""

from __future__ import annotations

import asyncio
import logging
from importlib.metadata import version

import msgspec

from edge_agent.proof.signatures import Statement
from edge_agent.settings import AgentSettings
from edge_agent.storage.outbox import OutboxFull, Pending, StorageError
from edge_agent.tasks.device import Device
from edge_agent.tasks.twin import TwinDesk, needs_new_link
from edge_agent.wire.frames import encode_frame, split_records
from edge_agent.wire.messages import (
    Ack,
    Birth,
    ClockQuality,
    Frame,
    Presence,
    PresenceState,
    Record,
    RuleInfo,
    StreamInfo,
)
from edge_agent.wire.session import Connect, Delivery, LinkOptions, Session, Will, stay_connected
from edge_agent.wire.topics import Lane, Leaf, Topic
from edge_agent.wire.window import PRIORITY, Window

logger = logging.getLogger(__name__)

WILL_DELAY_S = 30
NUMBER_RETRY_S = 10.0
#: A lane that could not be read is left alone for so long.
REST_S = 5.0
#: The sender turns at least this often, and an attempt to connect with the pause before the next takes no longer.
TURN_S, ATTEMPT_S = 30.0, 240.0
#: Rows read from the outbox at a time; a frame holds fewer when bodies are long.
READ_ROWS = 200

_ack_decoder = msgspec.json.Decoder(Ack)


class Uplink:
    """The sending side of one device, across connections."""

    def __init__(
        self, device: Device, rules: list[RuleInfo], *, connect: Connect, twin: TwinDesk | None = None
    ) -> None:
        self._device = device
        self._rules = rules
        self._connect = connect
        self._twin = twin
        self._connection: Session | None = None
        self._undeclared = False
        self._made_with = device.settings
        identity = device.identity
        self._tls = None if identity is None else identity.context(device.certificate_time)
        self._conn = 0
        self._rests: dict[Lane, float] = {}
        self._window = self._new_window(device.settings.outbox.window)
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
        self._undeclared = True
        self._device.outbox.changed.set()

    async def _serve(self, connection: Session) -> None:
        self._connection = connection
        size = min(self._device.settings.outbox.window, connection.receive_maximum)
        self._window = self._new_window(size)
        await connection.subscribe([self._topic(leaf) for leaf in (Leaf.ACK, Leaf.NOTICE, Leaf.DESIRED)])
        connection.publish(self._topic(Leaf.PRESENCE), self._presence(PresenceState.ONLINE), retain=True)
        self._declare(connection)
        try:
            await self._send(connection)
        finally:
            connection.publish(self._topic(Leaf.PRESENCE), self._presence(PresenceState.OFFLINE), retain=True)

    def _declare(self, connection: Session) -> None:
        self._undeclared = False
        connection.publish(self._topic(Leaf.BIRTH), msgspec.json.encode(self._birth()), retain=True)
        if self._twin is not None:
            topic = self._topic(Leaf.REPORTED)
            self._twin.linked(lambda payload: connection.publish(topic, payload, retain=True))

    # -- sending --------------------------------------------------------------------------------------------

    async def _send(self, connection: Session) -> None:
        changed = self._device.outbox.changed
        while not needs_new_link(self._made_with, self._device.settings):
            changed.clear()
            self._mark.beat(TURN_S)
            if self._undeclared:
                self._declare(connection)
            for lane in PRIORITY:
                await self._fill(connection, lane)
            try:
                async with asyncio.timeout(self._wait_s()):  # wait_for of Python 3.11 can miss a cancellation
                    await changed.wait()
            except TimeoutError:
                self._resend()

    async def _fill(self, connection: Session, lane: Lane) -> None:
        """Send what the window lets through of one lane."""
        outbox, window = self._device.outbox, self._window
        while window.has_room(lane) and outbox.depth[lane] > window.on_way(lane):
            rows = await self._read(lane)
            if not rows:
                return
            for boot, records in split_records((row.boot, self._record(lane, row)) for row in rows):
                if not window.has_room(lane):
                    return
                frame = Frame(outbox.epoch, lane, boot, records)
                connection.publish(self._topic(lane), encode_frame(frame))
                window.send(lane, records[0].seq, records[-1].seq, _now_s())
                outbox.mark_sent(lane, records[-1].seq)

    async def _read(self, lane: Lane) -> list[Pending]:
        """The next facts of a lane. One that cannot be read (a bad block) rests for a while and holds up no other."""
        part = f"outbox lane {lane.value}"
        if _now_s() < self._rests.get(lane, 0.0):
            return []
        try:
            rows = await self._device.outbox.pending(lane, self._window.cursor[lane], READ_ROWS)
        except StorageError as exc:
            self._device.report(part, exc)
            self._rests[lane] = _now_s() + REST_S
            return []
        self._device.report(part, None)
        self._rests.pop(lane, None)
        return rows

    def _record(self, lane: Lane, row: Pending) -> Record:
        """A fact as it travels. Signed here: Ed25519 is deterministic, so that a resend has the same signature."""
        device = self._device
        statement = Statement(device.settings.device, device.outbox.epoch, lane, row.seq, row.kind, row.at, row.body)
        sig = None if device.identity is None else device.identity.sign(statement)
        return Record(row.seq, row.kind, row.at, ClockQuality(row.clock), row.mono, msgspec.Raw(row.body), sig)

    def _wait_s(self) -> float:
        """Until a frame is overdue or a lane has rested; TURN_S when there is nothing to wait for but a change."""
        now = _now_s()
        overdue = self._window.overdue_in(now)
        waits = [until - now for until in self._rests.values()] + ([] if overdue is None else [overdue])
        return max(min([*waits, TURN_S]), 0.05)

    def _resend(self) -> None:
        overdue = self._window.overdue_in(_now_s())
        if overdue is not None and overdue <= 0:
            logger.info("no ack in time; sending again", extra={"device": self._device.settings.device})
            self._window.rewind()

    def _new_window(self, size: int) -> Window:
        return Window(size, self._device.settings.outbox.ack_timeout_s)

    # -- receiving ------------------------------------------------------------------------------------------

    def _on_delivery(self, delivery: Delivery) -> None:
        """An `ack` or `config/desired`; anything else, or an ack of another epoch, is not for this device."""
        if delivery.topic == self._topic(Leaf.DESIRED):
            self._take_desired(delivery)
        if delivery.topic != self._topic(Leaf.ACK) or delivery.retain:
            return  # the gateway never retains an ack
        try:
            ack = _ack_decoder.decode(delivery.payload)
            if ack.epoch == self._device.outbox.epoch:
                self._take_ack(ack)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as exc:
            logger.warning("an ack cannot be read: %s", exc)

    def _take_ack(self, ack: Ack) -> None:
        outbox = self._device.outbox
        for lane, part in ack.lanes.items():
            if outbox.acknowledge(lane, part):
                self._window.acknowledge(lane, part)
                self._note_reached()
            else:
                logger.warning("an ack names what was never sent; it is not believed", extra={"lane": lane.value})
        outbox.changed.set()

    def _take_desired(self, delivery: Delivery) -> None:
        """PUBACK at once: it is retained, and the gateway says it again at every birth."""
        if self._connection is not None:
            self._connection.acknowledge([delivery.token])
        if self._twin is not None and delivery.payload:  # without one, what was desired has been taken back
            self._twin.receive(delivery.payload)

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


def _now_s() -> float:
    """The loop's own monotonic time, by which its waits end."""
    return asyncio.get_running_loop().time()
