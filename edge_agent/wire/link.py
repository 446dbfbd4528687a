"""Sessions over MQTT 5, for devices and gateway: the only code that knows paho.

One `Connection` is one client object and one session with the broker; it is never reused. Everything runs on the
event loop (no thread of paho's), so nothing can die unseen behind `is_connected()`. Facts this is built around
(paho 2.2.0): ids of messages are not tied to a connection, so acknowledging is a method of the connection that
received them; Receive Maximum is not obeyed on reconnect, so no client object reconnects; three reads a packet
and one write an acknowledgement make up most of its cost, so reads are buffered and writes joined.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.wire.buffering import BufferedSocket
from edge_agent.wire.session import Delivery, LinkError, LinkOptions, Refused

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 15.0
SUBSCRIBE_TIMEOUT_S = 15.0
#: Packets handled before other work of the loop has its turn.
READ_BUDGET = 256


class _Client(paho.Client):
    """paho's client on a buffered socket, with a short way in for messages without properties."""

    buffer: BufferedSocket | None = None
    on_plain: Callable[[bytes, int, bool, bytes], None]  # topic, id (0: QoS 0), retained, payload

    def _create_socket(self) -> Any:
        sock: Any = super()._create_socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = BufferedSocket(sock)
        return self.buffer

    def _handle_publish(self) -> MQTTErrorCode:
        """Take PUBLISH (MQTT 5, 3.3) of QoS 0 or 1 apart here: making its empty properties is half of paho's cost."""
        packet = self._in_packet["packet"]
        qos = self._in_packet["command"] >> 1 & 3
        topic_end = 2 + int.from_bytes(packet[:2], "big")
        properties = topic_end + (2 if qos else 0)
        if qos > 1 or len(packet) <= properties or packet[properties] != 0:
            return super()._handle_publish()
        number = int.from_bytes(packet[topic_end:properties], "big")
        retained = bool(self._in_packet["command"] & 1)
        self.on_plain(bytes(packet[2:topic_end]), number, retained, bytes(packet[properties + 1 :]))
        return MQTTErrorCode.MQTT_ERR_SUCCESS


class Connection:
    """One session with the broker. Made by `connect`; all methods belong to the event loop's thread."""

    def __init__(self, options: LinkOptions, on_delivery: Callable[[Delivery], None]) -> None:
        self._options = options
        self._on_delivery = on_delivery
        self._loop = asyncio.get_running_loop()
        self._connected = self._promise()
        self._closed: asyncio.Future[str] = self._loop.create_future()
        self._published: dict[int, asyncio.Future[None]] = {}
        self._subscribed: dict[int, asyncio.Future[None]] = {}
        self._flushing = False
        self._writer_added = False
        self._watched: int | None = None
        self._in_hand: dict[int, int] = {}  # bytes by token
        self._bytes_in_hand = 0
        self._held = False
        self._unnumbered = 0
        self.receive_maximum = 65535
        self._client = self._make_client()

    # -- life ---------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and wait for CONNACK. Raises LinkError."""
        options = self._options
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        properties.SessionExpiryInterval = options.session_expiry_s
        properties.ReceiveMaximum = options.receive_maximum
        properties.MaximumPacketSize = options.max_packet_bytes
        try:
            await asyncio.to_thread(
                self._client.connect,
                options.host,
                options.port,
                options.keepalive_s,
                clean_start=False,
                properties=properties,
            )
        except (OSError, ValueError) as exc:
            raise LinkError(f"broker {options.host}:{options.port}: {exc}") from exc
        self._watched = self._buffer.fileno()
        self._loop.add_reader(self._watched, self._read)
        self._flush()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.shield(self._connected)
        except TimeoutError as exc:
            raise LinkError(f"broker {options.host}:{options.port} did not answer CONNECT") from exc

    async def close(self) -> None:
        """Send DISCONNECT if the connection stands, and let go of the socket."""
        if not self._closed.done():
            self._client.disconnect()
            self._flush()
        self._end("closed here")

    async def wait_closed(self) -> str:
        """Wait until the connection is lost; returns the reason."""
        return await asyncio.shield(self._closed)

    async def keep_alive(self) -> str:
        """See `Session.keep_alive`."""
        while not self._closed.done():
            self._client.loop_misc()
            self._schedule_flush()
            await asyncio.wait([self._closed], timeout=1.0)
        return self._closed.result()

    # -- messages -----------------------------------------------------------------------------------------

    async def subscribe(self, filters: Iterable[str]) -> None:
        """See `Session.subscribe`."""
        result, mid = self._client.subscribe([(f, 1) for f in filters])
        if result != paho.MQTT_ERR_SUCCESS or mid is None:
            raise LinkError(f"subscribe: {paho.error_string(result)}")
        self._subscribed[mid] = self._promise()
        self._schedule_flush()
        try:
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S):
                await self._subscribed[mid]
        except TimeoutError as exc:
            raise LinkError("broker did not answer SUBSCRIBE") from exc

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> asyncio.Future[None]:
        """See `Session.publish`."""
        future = self._promise()
        if self._closed.done():
            future.set_exception(LinkError("not connected"))
            return future
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        self._published[info.mid] = future
        self._schedule_flush()
        return future

    def send(self, topic: str, payload: bytes) -> None:
        """See `Session.send`."""
        if not self._closed.done():
            self._client.publish(topic, payload, qos=0)
            self._schedule_flush()

    def acknowledge(self, tokens: Iterable[int]) -> None:
        """See `Session.acknowledge`."""
        if self._closed.done():
            return
        for token in tokens:
            if token > 0:  # a PUBACK for a message of QoS 0 would end the connection
                self._client.ack(token, 1)
            self._bytes_in_hand -= self._in_hand.pop(token, 0)
        self._read_again()
        self._schedule_flush()

    def _promise(self) -> asyncio.Future[None]:
        """A future that callers may let go, though it fails."""
        future: asyncio.Future[None] = self._loop.create_future()
        future.add_done_callback(_retrieve)
        return future

    # -- paho's callbacks, all on the loop's thread but register_write during connect -----------------------

    def _make_client(self) -> _Client:
        options = self._options
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id,
            protocol=paho.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(65535)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_plain = self._take_in
        client.on_socket_register_write = _leave_to_flush
        client.on_socket_close = self._on_socket_close
        if options.tls is not None:
            client.tls_set_context(options.tls)
        if options.will is not None:
            will = options.will
            properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]  # paho's
            properties.WillDelayInterval = will.delay_s
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain, properties=properties)
        return client

    def _on_connect(self, _c: Any, _u: Any, _flags: Any, reason: Any, properties: Any) -> None:
        if self._connected.done():
            return
        if reason.is_failure:
            self._connected.set_exception(LinkError(f"broker refused: {reason}"))
            return
        self.receive_maximum = int(getattr(properties, "ReceiveMaximum", 65535))
        self._connected.set_result(None)

    def _on_disconnect(self, _c: Any, _u: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        fault = "" if self._client.buffer is None else self._client.buffer.fault
        self._end(fault or str(reason))

    def _on_subscribe(self, _c: Any, _u: Any, mid: int, reasons: Any, _properties: Any) -> None:
        future = self._subscribed.pop(mid, None)
        if future is None or future.done():
            return
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            future.set_exception(LinkError(f"subscription refused: {refused[0]}"))
        else:
            future.set_result(None)

    def _on_publish(self, _c: Any, _u: Any, mid: int, reason: Any, _properties: Any) -> None:
        future = self._published.pop(mid, None)
        if future is None or future.done():
            return
        if reason.is_failure:
            future.set_exception(Refused(str(reason)))
        else:
            future.set_result(None)

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        self._take_in(message._topic, message.mid if message.qos else 0, message.retain, bytes(message.payload))

    def _take_in(self, topic: bytes, number: int, retained: bool, payload: bytes) -> None:
        token = number or self._next_unnumbered()
        if self._options.receive_bytes:
            self._in_hand[token] = len(payload)
            self._bytes_in_hand += len(payload)
        self._on_delivery(Delivery(topic.decode(errors="replace"), payload, retained, token))

    def _next_unnumbered(self) -> int:
        self._unnumbered -= 1
        return self._unnumbered

    # -- reading and writing --------------------------------------------------------------------------------

    @property
    def _buffer(self) -> BufferedSocket:
        buffer = self._client.buffer
        assert buffer is not None
        return buffer

    def _read(self) -> None:
        """Hand whole packets to paho until the buffer is empty or others should have a turn."""
        if self._closed.done() or self._held:
            return
        try:
            for _ in range(READ_BUDGET):
                self._client.loop_read()
                self._hold_when_full()
                if self._closed.done() or self._held or not self._buffer.pending():
                    break
            else:
                self._loop.call_soon(self._read)
        except Exception as exc:  # the edge of the connection: it ends, with a traceback, instead of the loop
            logger.exception("link: a handler failed; the connection is dropped")
            self._end(f"handler failed: {exc!r}")
        self._schedule_flush()

    def _hold_when_full(self) -> None:
        limit = self._options.receive_bytes
        if limit and self._bytes_in_hand > limit and self._watched is not None:
            self._held = True
            self._loop.remove_reader(self._watched)

    def _read_again(self) -> None:
        if self._held and self._bytes_in_hand <= self._options.receive_bytes and self._watched is not None:
            self._held = False
            self._loop.add_reader(self._watched, self._read)
            self._loop.call_soon(self._read)  # what is in the buffer already wakes no reader

    def _schedule_flush(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write everything queued in one go; what does not fit goes when the socket is writable."""
        self._flushing = False
        if self._closed.done() or self._client.buffer is None:
            return
        try:
            self._client.loop_write()
            written = self._buffer.flush()
        except OSError as exc:
            self._end(self._buffer.last_words() or f"write failed: {exc}")
            return
        if self._closed.done():
            return
        if not written and not self._writer_added:
            self._writer_added = True
            self._loop.add_writer(self._buffer.fileno(), self._flush)
        elif written and self._writer_added:
            self._writer_added = False
            self._loop.remove_writer(self._buffer.fileno())

    def _on_socket_close(self, _c: Any, _u: Any, _sock: Any) -> None:
        self._stop_watching()

    def _stop_watching(self) -> None:
        """Take the socket off the loop before it is closed: the next one has its number, and would never be read."""
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            self._loop.remove_writer(self._watched)
            self._watched = None

    def _end(self, reason: str) -> None:
        """The one way out: forget the socket, fail what waits."""
        if self._closed.done():
            return
        self._closed.set_result(reason)
        buffer = self._client.buffer
        if buffer is not None:
            with contextlib.suppress(OSError):
                buffer.flush()
            self._stop_watching()
            buffer.close()
        waiting = [self._connected, *self._published.values(), *self._subscribed.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(LinkError(f"connection lost: {reason}"))


def _leave_to_flush(_client: Any, _userdata: Any, _sock: Any) -> None:
    """paho asks for a write event; `_flush` comes anyway."""


def _retrieve(future: asyncio.Future[None]) -> None:
    """Mark a failure as seen."""
    if not future.cancelled():
        future.exception()


@contextlib.asynccontextmanager
async def connect(options: LinkOptions, on_delivery: Callable[[Delivery], None]) -> AsyncIterator[Connection]:
    """An open connection. Raises LinkError when it cannot be made."""
    connection = Connection(options, on_delivery)
    try:
        await connection.open()
        yield connection
    finally:
        await connection.close()
