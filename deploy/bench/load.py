"""The bench's load: frames of 50 devices made beforehand, and a sender that counts the gateway's acks."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from deploy.bench.packets import (
    CONNACK,
    PUBACK,
    PUBLISH,
    SUBACK,
    connect_packet,
    publish_packet,
    published,
    split_packets,
    subscribe_packet,
)
from deploy.servers import Server, tls_of
from edge_agent.wire import senml
from edge_agent.wire.frames import encode_frame
from edge_agent.wire.messages import READING, Ack, ClockQuality, Frame, Record
from edge_agent.wire.topics import ROOT, Lane, Leaf, Topic, parse_topic

DEVICES = 50
WAKER = "bench-wake"
#: Messages sent and not yet acknowledged by the broker.
WINDOW = 2000
START_MS = 1_700_000_000_000
LIMIT_S = 120.0
#: Publishes for all devices on one connection, which the bench's own rights allow; and what bare paho is called.
SENDER, PEER = "bench.load-1", "bench.paho-1"
#: Before the topics of what only bare paho receives.
PEER_ROOT = "bench/"
#: What the bench's broker allows beyond the wire.
RIGHTS = (
    f"user {SENDER}",
    f"topic write {ROOT}/+/up/#",
    f"topic read {ROOT}/+/{Leaf.ACK.value}",
    f"topic write {PEER_ROOT}#",
    f"user {PEER}",
    f"topic read {PEER_ROOT}#",
)
#: Packets sent with one call.
JOINED = 100
CHUNK = 256 * 1024

_acks = msgspec.json.Decoder(Ack)


@dataclass(frozen=True)
class Load:
    """Frames in sending order: (device, last seq, packet without its id set). `readings` in all."""

    frames: Sequence[tuple[str, int, str, bytes]]
    readings: int
    last: dict[str, int]


def device_id(number: int) -> str:
    """The id of one device of the bench."""
    return f"bench-{number:04d}"


def make_load(readings: int, per_frame: int, *, run: int) -> Load:
    """Distinct readings in frames of `per_frame`, devices in turn. `run` makes the epochs and times its own."""
    frames, last = [], dict.fromkeys((device_id(d) for d in range(DEVICES)), 0)
    while sum(last.values()) < readings:
        for number in range(DEVICES):
            device = device_id(number)
            first = last[device] + 1
            records = [_record(run, number, seq) for seq in range(first, first + per_frame)]
            last[device] = records[-1].seq
            payload = encode_frame(Frame(epoch_of(run, number), Lane.READING, "bench", records))
            frames.append((device, last[device], str(Topic(device, Lane.READING)), payload))
    return Load(frames, sum(last.values()), last)


def epoch_of(run: int, number: int) -> str:
    """The epoch of a device in a run."""
    return f"{run:08x}{number:08x}"


def _record(run: int, number: int, seq: int) -> Record:
    value = round(2.0 + (seq * 37 + number) % 1000 / 350, 4)
    body = senml.encode_pack([senml.entry("level", "m", value)])
    at = START_MS + run * 10_000_000_000 + seq * 1000
    return Record(seq, READING, at, ClockQuality.NTP, seq * 1_000_000_000, msgspec.Raw(body))


class Sender:
    """One raw MQTT connection that publishes for all devices and hears their acks."""

    def __init__(self, broker: Server) -> None:
        plain = socket.create_connection((broker.host, broker.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = tls_of(broker, SENDER).wrap_socket(plain, server_hostname=broker.host)
        self._buffer = bytearray()
        self._stored: dict[str, int] = {}
        self._under_way = 0
        self._next_id = 0
        self._sent_at: dict[str, list[tuple[int, float]]] = {}
        self.delays: list[float] = []
        self._socket.sendall(connect_packet(SENDER))
        self._await(CONNACK)
        self._socket.sendall(subscribe_packet(1, f"weiran/1/+/{Leaf.ACK.value}"))
        self._await(SUBACK)

    def close(self) -> None:
        """Drop the connection."""
        self._socket.close()

    def wake(self) -> None:
        """Send one frame of a device of its own again and again until it is acknowledged: the gateway is up."""
        record = _record(0, DEVICES, 1)
        payload = encode_frame(Frame(f"{time.time_ns():016x}"[-16:], Lane.READING, "bench", [record]))
        device = WAKER
        deadline = time.perf_counter() + LIMIT_S
        while device not in self._stored and time.perf_counter() < deadline:
            self._publish(device, 1, str(Topic(device, Lane.READING)), payload)
            self._hear(0.5)
            self._hear(0.5)

    def send_all(self, load: Load) -> float:
        """Send as fast as the broker takes it; returns seconds from the first byte to the last ack."""
        packets = self._prepare(load)
        begun = time.perf_counter()
        self._send_packets(packets)
        self._until_stored(load)
        return time.perf_counter() - begun

    def send_paced(self, load: Load, frames_per_s: float) -> list[float]:
        """Send evenly; returns seconds from publish to ack of every frame."""
        self.delays = []
        begun = time.perf_counter()
        for number, frame in enumerate(load.frames):
            due = begun + number / frames_per_s
            while (left := due - time.perf_counter()) > 0:
                self._hear(left)
            self._sent_at.setdefault(frame[0], []).append((frame[1], time.perf_counter()))
            self._publish(*frame)
        self._until_stored(load)
        return self.delays

    def drain(self, load: Load) -> None:
        """Send everything under PEER_ROOT, waiting for the broker only; no gateway has subscribed to that."""
        frames = [(device, last, PEER_ROOT + topic, payload) for device, last, topic, payload in load.frames]
        self._send_packets(self._prepare(replace(load, frames=frames)))

    def _prepare(self, load: Load) -> list[bytes]:
        """All packets made beforehand, so that making them is not measured."""
        return [publish_packet(n % 65535 + 1, topic, body) for n, (_, _, topic, body) in enumerate(load.frames)]

    def _send_packets(self, packets: Sequence[bytes]) -> None:
        position = 0
        while position < len(packets):
            while self._under_way >= WINDOW:
                self._hear(1.0)
            part = packets[position : position + min(JOINED, WINDOW - self._under_way)]
            self._under_way += len(part)
            position += len(part)
            self._send(b"".join(part))

    def _publish(self, _device: str, _last: int, topic: str, payload: bytes) -> None:
        self._next_id = self._next_id % 65535 + 1
        self._under_way += 1
        self._send(publish_packet(self._next_id, topic, payload))

    def _send(self, data: bytes) -> None:
        """Send whole, hearing meanwhile: the broker stops reading from one who does not listen."""
        view = memoryview(data)
        while view:
            readable, writable, _ = select.select([self._socket], [self._socket], [], LIMIT_S)
            if readable:
                self._hear(0.0)
            if writable:
                with contextlib.suppress(ssl.SSLWantWriteError, ssl.SSLWantReadError):
                    view = view[self._socket.send(view) :]

    def _until_stored(self, load: Load) -> None:
        deadline = time.perf_counter() + LIMIT_S
        while any(self._stored.get(device, 0) < last for device, last in load.last.items()):
            if time.perf_counter() > deadline:
                raise TimeoutError("the gateway did not acknowledge everything in time")
            self._hear(1.0)

    def _hear(self, wait_s: float) -> None:
        if not select.select([self._socket], [], [], wait_s)[0]:
            return
        with contextlib.suppress(ssl.SSLWantReadError):
            while data := self._socket.recv(CHUNK):  # a record of TLS at a time
                self._buffer += data
            raise ConnectionError("the broker closed the connection")
        for kind, packet in split_packets(self._buffer):
            if kind == PUBACK:
                self._under_way -= 1
            elif kind == PUBLISH:
                self._note_ack(*published(packet))

    def _note_ack(self, topic: str, payload: bytes) -> None:
        device, ack = parse_topic(topic).device, _acks.decode(payload)
        upto = ack.lanes[Lane.READING].upto
        self._stored[device] = max(self._stored.get(device, 0), upto)
        waiting = self._sent_at.get(device, [])
        now = time.perf_counter()
        while waiting and waiting[0][0] <= upto:
            self.delays.append(now - waiting.pop(0)[1])

    def _await(self, kind: int) -> None:
        self._socket.settimeout(10.0)
        while True:
            self._buffer += self._socket.recv(CHUNK)
            if any(got == kind for got, _ in split_packets(self._buffer)):
                self._socket.setblocking(False)
                return
